#include "engine/run/server_watch.hpp"

#include <fmt/format.h>

#include <charconv>
#include <filesystem>

#include "engine/core/bytes.hpp"
#include "engine/facts/free_space.hpp"

namespace pgconvoy {
namespace {

constexpr Seconds kAnswerLimit{5};  // a server that needs longer for this is not asked again soon, and holds nothing back

// Sessions of others that are at work; how far the farthest standby is behind (pg_stat_replication shows it to whoever may
// read all statistics); where the data are. Files only where we may read them: the third and the last.
constexpr const char* kLoad = R"sql(
select (select count(*) from pg_stat_activity where state = 'active' and pid <> pg_backend_pid()
           and coalesce(backend_type, 'client backend') = 'client backend'
           and coalesce(application_name, '') not like 'pgconvoy%'),
       (select max(extract(epoch from replay_lag)) from pg_stat_replication),
       {load},
       coalesce((select setting from pg_settings where name = 'data_directory'), ''),
       inet_server_addr() is null or inet_server_addr() = inet_client_addr(),
       {changed}
)sql";
constexpr const char* kMayReadFiles =
    "select has_function_privilege('pg_read_file(text,bigint,bigint,boolean)', 'execute') and has_function_privilege('pg_stat_file(text)', 'execute')";

std::optional<double> number_in(const Value& text) {
  if (!text) return std::nullopt;
  double number = 0;
  const auto [end, problem] = std::from_chars(text->data(), text->data() + text->size(), number);
  if (problem != std::errc()) return std::nullopt;
  return number;
}

// Of the nearest folder that is there.
std::optional<std::int64_t> free_for_backups(std::filesystem::path directory) {
  std::error_code failure;
  while (!std::filesystem::exists(directory, failure) && directory.has_relative_path()) directory = directory.parent_path();
  const auto space = std::filesystem::space(directory, failure);
  if (failure) return std::nullopt;
  return static_cast<std::int64_t>(space.available);
}

}  // namespace

bool ServerWatch::is_fresh(const std::optional<SteadyTime>& read_at) const {
  return read_at && Seconds(services_.clock.steady() - *read_at) < kFresh;
}

Task<bool> ServerWatch::read(std::set<std::string> servers, RunOptions options) {
  bool any = false;
  if (options.min_free_disk && !options.backup_directory.empty() && !is_fresh(backups_read_at_)) {
    auto work = [directory = options.backup_directory]() -> Result<std::optional<std::int64_t>> {
      return free_for_backups(directory);
    };
    const auto free = co_await run_blocking(services_.pool, work);
    backup_free_bytes_ = free ? *free : std::nullopt;
    backups_read_at_ = services_.clock.steady();
    any = true;
  }
  const Throttle throttle = parse_throttle(options.throttle_when).value_or(Throttle{});
  if (!throttle.any() && !options.min_free_disk) co_return any;
  for (const std::string& id : servers) {
    if (is_fresh(servers_[id].read_at)) continue;
    co_await read_server(id, throttle);
    any = true;
  }
  co_return any;
}

Task<void> ServerWatch::read_server(std::string id, Throttle throttle) {
  Watched& watched = servers_[id];
  auto load = co_await ask(watched, id, throttle);
  watched.read_at = services_.clock.steady();
  watched.load = load ? *load : ServerLoad{};
  if (!load) {
    watched.session.reset();
    if (remarked_.insert(id).second) remarks_.push_back(fmt::format("how busy server {} is can't be read: {}", id, load.error().message));
  } else if (throttle.load && !load->load && remarked_.insert(id + " load").second) {
    remarks_.push_back(fmt::format("the load of server {} can't be read: it takes a superuser, or pg_read_server_files", id));
  }
}

Task<Result<ServerLoad>> ServerWatch::ask(Watched& watched, std::string id, Throttle throttle) {
  if (!watched.session || !watched.session->usable()) {
    const auto server = plan_.fleet.servers.find(id);
    if (server == plan_.fleet.servers.end()) co_return Error(ErrorKind::not_found, "the fleet has no such server");
    watched.is_target = server->second.service == plan_.requirements.target_service;
    CO_TRY(ConnectionSpec connection, co_await services_.credentials.administrator(server->second));
    SessionOptions options;
    options.application_name = "pgconvoy/watch";
    options.connect_limit = options.statement_limit = kAnswerLimit;
    CO_TRY(watched.session, co_await services_.sessions.open(std::move(connection), std::move(options)));
  }
  if (!watched.may_read_files) {
    std::string sql = kMayReadFiles;
    CO_TRY(const Rows rights, co_await watched.session->query(std::move(sql)));
    watched.may_read_files = rights.truth(0, 0);
  }
  const bool files = *watched.may_read_files;
  std::string sql = kLoad;
  const auto fill_in = [&sql](const std::string& place, const char* with) { sql.replace(sql.find(place), place.size(), with); };
  fill_in("{load}", files && throttle.load ? "(select split_part(pg_read_file('/proc/loadavg', 0, 64, true), ' ', 1))" : "null");
  fill_in("{changed}", files ? "(select extract(epoch from date_trunc('second', modification))::bigint from pg_stat_file('.'))" : "null");
  CO_TRY(const Rows answer, co_await watched.session->query(std::move(sql)));
  const Row& row = answer.rows.at(0);
  ServerLoad load;
  load.active_sessions = number_in(row.at(0));
  load.replication_lag = number_in(row.at(1));
  load.load = number_in(row.at(2));
  const auto changed = number_in(row.at(5));
  load.free_bytes = free_space(answer.text(0, 3), answer.truth(0, 4),
                               changed ? std::optional(static_cast<std::int64_t>(*changed)) : std::nullopt);
  co_return load;
}

std::map<std::string, std::string> ServerWatch::held_servers(const RunOptions& options) const {
  std::map<std::string, std::string> held;
  const Throttle throttle = parse_throttle(options.throttle_when).value_or(Throttle{});
  for (const auto& [id, watched] : servers_) {
    std::string because = busy_because(throttle, watched.load);
    const auto& free = watched.load.free_bytes;
    if (because.empty() && options.min_free_disk && watched.is_target && free && *free < *options.min_free_disk)
      because = fmt::format("{} free on its disk, less than {}", format_bytes({*free}), format_bytes({*options.min_free_disk}));
    if (!because.empty()) held[id] = fmt::format("server {}: {}", id, because);
  }
  return held;
}

std::string ServerWatch::held(const RunOptions& options) const {
  if (!options.min_free_disk || !backup_free_bytes_ || *backup_free_bytes_ >= *options.min_free_disk) return "";
  return fmt::format("{} free for backups, less than {}", format_bytes({*backup_free_bytes_}), format_bytes({*options.min_free_disk}));
}

std::vector<std::string> ServerWatch::take_remarks() { return std::exchange(remarks_, {}); }

}  // namespace pgconvoy

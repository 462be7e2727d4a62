#include "engine/run/progress_watch.hpp"

#include <fmt/format.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/redirect_error.hpp>

#include <charconv>

namespace pgconvoy {
namespace {

constexpr std::chrono::seconds kEvery{1};
constexpr Seconds kLookLimit{3};
constexpr std::chrono::seconds kAfterSilence{15};

double share_in(const Value& text, double otherwise) {
  double number = otherwise;
  if (text) std::from_chars(text->data(), text->data() + text->size(), number);
  return number;
}

}  // namespace

// A build reads its table, sorts, and writes the index: of a btree the last is about half of it.
std::string ProgressWatch::statement(int server_version) {
  const char* copies = server_version >= 140000
                           ? "(select count(*) from pg_stat_progress_copy c where c.datid = d.oid), "
                             "coalesce((select sum(c.bytes_processed) from pg_stat_progress_copy c where c.datid = d.oid), 0)::bigint, "
                             "coalesce((select sum(c.tuples_processed) from pg_stat_progress_copy c where c.datid = d.oid), 0)::bigint, "
                           : "0, 0, 0, ";
  return fmt::format("select d.datname::text, pg_database_size(d.oid), {}"
                     "(select count(*) from pg_stat_progress_create_index i where i.datid = d.oid), "
                     "(select i.phase from pg_stat_progress_create_index i where i.datid = d.oid order by i.pid limit 1), "
                     "coalesce((select avg(case when i.phase like '%loading%' then 0.5 + 0.5 * i.tuples_done / greatest(i.tuples_total, 1) "
                     "when i.phase like '%scanning table%' then 0.4 * i.blocks_done / greatest(i.blocks_total, 1) "
                     "when i.phase like '%sorting%' then 0.45 else 0 end) from pg_stat_progress_create_index i where i.datid = d.oid), 0)::float8, "
                     "(select max(a.sample_blks_scanned::float8 / greatest(a.sample_blks_total, 1)) from pg_stat_progress_analyze a where a.datid = d.oid) "
                     "from pg_database d where d.datname::text in (select json_array_elements_text($1::json))",
                     copies);
}

std::map<std::string, ServerLook> ProgressWatch::looks_in(const Rows& rows) {
  std::map<std::string, ServerLook> looks;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    ServerLook look;
    look.database_bytes = rows.number(i, 1);
    look.copies = static_cast<int>(rows.number(i, 2));
    look.copied_bytes = rows.number(i, 3);
    look.copied_rows = rows.number(i, 4);
    look.indexes = static_cast<int>(rows.number(i, 5));
    look.index_phase = rows.text(i, 6);
    look.index_share = share_in(rows.rows[i][7], 0);
    look.analyze_share = share_in(rows.rows[i][8], -1);
    looks[rows.text(i, 0)] = std::move(look);
  }
  return looks;
}

void ProgressWatch::begin(asio::any_io_executor executor) {
  over_ = false;
  timer_ = std::make_unique<asio::steady_timer>(executor);
  ended_ = std::make_unique<asio::steady_timer>(executor, asio::steady_timer::time_point::max());
  asio::co_spawn(executor, watch(), [this](std::exception_ptr) {
    over_ = true;
    ended_->cancel();
  });
}

Task<void> ProgressWatch::end() {
  ending_ = true;
  if (timer_) timer_->cancel();
  boost::system::error_code ignored;
  while (!over_) co_await ended_->async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  servers_.clear();
}

Task<void> ProgressWatch::watch() {
  while (!ending_) {
    timer_->expires_after(kEvery);
    boost::system::error_code ignored;
    co_await timer_->async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    if (ending_) break;
    std::map<std::string, std::vector<Database>> by_server;
    for (Database& database : wanted_()) by_server[database.server].push_back(std::move(database));
    for (auto& [server, databases] : by_server) {
      if (ending_) break;
      co_await look_at(server, std::move(databases));
    }
  }
}

Task<void> ProgressWatch::look_at(std::string server, std::vector<Database> databases) {
  Watched& watched = servers_[server];
  if (std::chrono::steady_clock::now() < watched.not_before) co_return;
  auto looks = co_await ask(watched, server, databases);
  if (!looks) {
    watched.session.reset();
    watched.not_before = std::chrono::steady_clock::now() + kAfterSilence;
    co_return;
  }
  for (const Database& database : databases)
    if (const auto found = looks->find(database.name); found != looks->end()) seen_(database.target, found->second);
}

Task<Result<std::map<std::string, ServerLook>>> ProgressWatch::ask(Watched& watched, std::string server, std::vector<Database> databases) {
  if (!watched.session || !watched.session->usable()) {
    const auto known = fleet_.servers.find(server);
    if (known == fleet_.servers.end()) co_return Error(ErrorKind::not_found, "the fleet has no such server");
    Server copy = known->second;
    CO_TRY(ConnectionSpec connection, co_await services_.credentials.administrator(std::move(copy)));
    SessionOptions options;
    options.application_name = "pgconvoy/progress";
    options.connect_limit = options.statement_limit = kLookLimit;
    CO_TRY(watched.session, co_await services_.sessions.open(std::move(connection), std::move(options)));
  }
  json names = json::array();
  for (const Database& database : databases) names.push_back(database.name);
  std::vector<Value> parameters{names.dump()};
  std::string sql = statement(watched.session->server_version());
  CO_TRY(const Rows rows, co_await watched.session->query(std::move(sql), std::move(parameters)));
  co_return looks_in(rows);
}

}  // namespace pgconvoy

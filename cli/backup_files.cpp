#include "cli/backup_files.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>

#include "cli/planning.hpp"
#include "engine/core/digest.hpp"
#include "engine/fleet/ad_hoc.hpp"
#include "engine/fleet/nearest.hpp"
#include "engine/postgres/client_program.hpp"

namespace pgconvoy::cli {
namespace {

// What a restore would collide with.
constexpr const char* kObjects =
    "select count(*), current_database() from pg_class c join pg_namespace n on n.oid = c.relnamespace "
    "where n.nspname not in ('pg_catalog', 'information_schema') and n.nspname !~ '^pg_toast|^pg_temp'";

bool is_everywhere(const std::string& database) {
  return database == "postgres" || database == "template0" || database == "template1";
}

Error is_no_place(const std::string& database) {
  return Error(ErrorKind::usage, fmt::format("--to: {} belongs to the server itself, nothing is restored into it", in_quotes(database)),
               "createdb shop_again --template template0, then --to postgresql://user@host:port/shop_again");
}

struct EmptyDatabase {
  std::string name;
  int major = 0;  // of its server
};

Task<Result<EmptyDatabase>> must_be_empty(Services services, ConnectionSpec connection) {
  SessionOptions options;
  options.application_name = "pgconvoy/restore";
  auto opened = co_await services.sessions.open(std::move(connection), std::move(options));
  if (!opened) co_return with_ways_to_log_in(std::move(opened).error(), "target");
  SessionPtr session = *std::move(opened);
  CO_TRY(const Rows rows, co_await session->query(kObjects));
  const std::int64_t objects = rows.number(0, 0);
  EmptyDatabase found{rows.text(0, 1), session->server_version() / 10000};
  session->close();
  // A service file may have chosen it.
  if (is_everywhere(found.name)) co_return is_no_place(found.name);
  if (objects > 0)
    co_return Error(ErrorKind::refused, fmt::format("the database {} holds {} relations already; nothing was changed", in_quotes(found.name), objects),
                    "make an empty one first: createdb ... --template template0");
  co_return found;
}

}  // namespace

std::vector<std::string> names_of(const std::vector<BackupRecord>& backups) {
  std::map<std::string, std::vector<std::size_t>> of_instance;
  for (std::size_t i = 0; i < backups.size(); ++i)
    of_instance[fmt::format("r{}/{}", backups[i].run, backups[i].instance)].push_back(i);
  std::vector<std::string> names(backups.size());
  for (auto& [name, places] : of_instance) {
    std::stable_sort(places.begin(), places.end(),
                     [&](std::size_t left, std::size_t right) { return backups[left].created < backups[right].created; });
    for (std::size_t i = 0; i < places.size(); ++i) names[places[i]] = places.size() == 1 ? name : fmt::format("{}#{}", name, i + 1);
  }
  return names;
}

Result<BackupRecord> find_backup(const std::vector<BackupRecord>& backups, const std::string& wanted) {
  const BackupRecord* found = nullptr;
  const std::vector<std::string> names = names_of(backups);
  for (std::size_t i = 0; i < backups.size(); ++i) {
    const BackupRecord& backup = backups[i];
    if (names[i] == wanted || backup.file == wanted) {
      found = &backup;
      break;
    }
    // Without its number, of two the newer counts.
    const bool meant = backup.instance == wanted || fmt::format("r{}/{}", backup.run, backup.instance) == wanted;
    if (meant && (found == nullptr || backup.created >= found->created)) found = &backup;
  }
  if (found == nullptr) {
    const std::vector<std::string_view> views(names.begin(), names.end());
    return Error(ErrorKind::not_found, fmt::format("there is no backup {}{}", in_quotes(wanted), did_you_mean(wanted, views)),
                 "pgconvoy backups list");
  }
  if (found->state != "kept")
    return Error(ErrorKind::refused, fmt::format("the backup {} is {}: its file is gone", wanted, found->state), "pgconvoy backups list");
  return *found;
}

Task<Result<void>> check_file(asio::thread_pool& pool, BackupRecord backup) {
  const std::string file = backup.file;
  auto read = [file] { return sha256_of_file(file); };
  auto digest = co_await run_blocking(pool, std::move(read));
  if (!digest) co_return digest.error();
  if (*digest != backup.sha256)
    co_return Error(ErrorKind::corrupt, fmt::format("{} is not the file that was written: its sha256 is {}, the journal says {}",
                                                    backup.file, digest->substr(0, 16), backup.sha256.substr(0, 16)));
  co_return Result<void>();
}

Result<ConnectionSpec> parse_restore_url(const std::string& url) {
  auto parsed = parse_connection("target", url);
  if (!parsed)
    return Error(ErrorKind::usage, "--to: " + parsed.error().message,
                    fmt::format("give the password as {}, PGPASSWORD, a passfile (PGPASSFILE) or a service file", kTargetPasswordVariable));
  const auto database = parsed->keywords.find("dbname");
  if (database == parsed->keywords.end() && !parsed->keywords.contains("service"))
    return Error(ErrorKind::usage, "--to names no database", "--to postgresql://user@host:port/DATABASE, an existing, empty one");
  if (database != parsed->keywords.end() && is_everywhere(database->second)) return is_no_place(database->second);
  return parsed;
}

Task<Result<RestoredTo>> restore_backup(Services services, BackupRecord backup, std::string url, bool no_owner) {
  CO_TRY(ConnectionSpec connection, parse_restore_url(url));
  const char* password = std::getenv(kTargetPasswordVariable);
  if (password != nullptr) connection.password = Secret(password);
  CO_TRY_VOID(co_await check_file(services.pool, backup));
  CO_TRY(const EmptyDatabase empty, co_await must_be_empty(services, connection));
  CO_TRY(const ClientProgram program, co_await find_client_program(services.processes, "pg_restore", empty.major));
  ChildEnvironment child = environment_for_child(connection);
  ProcessSpec spec;
  spec.argv = {program.path.string(), "--no-password", "--exit-on-error", "--single-transaction", "--dbname=" + child.conninfo};
  if (no_owner) spec.argv.push_back("--no-owner");
  spec.argv.push_back(backup.file);
  spec.secrets = std::move(child.secrets);
  CO_TRY(const ProcessResult result, co_await services.processes.run(std::move(spec)));
  if (result.exit_code != 0)
    co_return Error(ErrorKind::process, fmt::format("pg_restore ended with {}: {}", result.exit_code, last_lines(result.errors)),
                    fmt::format("it ran in one transaction: the database {} is as empty as before", in_quotes(empty.name)));
  co_return RestoredTo{empty.name, connection.address()};
}

Result<void> export_backup(const BackupRecord& backup, const std::string& file) {
  std::ifstream in(backup.file, std::ios::binary);
  if (!in) return Error(ErrorKind::io, fmt::format("{} can't be read: {}", backup.file, std::strerror(errno)));
  const int made = ::open(file.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
  if (made < 0) return Error(ErrorKind::usage, fmt::format("{} can't be made: {}", in_quotes(file), std::strerror(errno)));
  ::close(made);
  std::ofstream out(file, std::ios::binary);
  if (!(out << in.rdbuf()) || !out.flush())
    return Error(ErrorKind::io, fmt::format("{} can't be written: {}", in_quotes(file), std::strerror(errno)));
  return {};
}

}  // namespace pgconvoy::cli

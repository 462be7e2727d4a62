#include "cli/backup_restore.hpp"

#include <fmt/format.h>

#include <cstdlib>

#include "cli/backup_content.hpp"
#include "cli/planning.hpp"
#include "engine/fleet/ad_hoc.hpp"
#include "engine/fleet/nearest.hpp"
#include "engine/postgres/client_program.hpp"

namespace pgconvoy::cli {
namespace {

// What a restore would collide with, and whether it would have all rights.
constexpr const char* kLook =
    "select count(*), current_database(), (select rolsuper from pg_roles where rolname = current_user) from pg_class c join pg_namespace n on n.oid = c.relnamespace "
    "where n.nspname not in ('pg_catalog', 'information_schema') and n.nspname !~ '^pg_toast|^pg_temp'";

// One that hangs must end some day; indexes of a small dump may take long.
constexpr Seconds kLeastLimit{6 * 3600};
constexpr double kSlowestBytesPerSecond = 1e5;

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
  bool as_superuser = false;
};

Task<Result<EmptyDatabase>> must_be_empty(Services services, ConnectionSpec connection) {
  SessionOptions options;
  options.application_name = "pgconvoy/restore";
  auto opened = co_await services.sessions.open(std::move(connection), std::move(options));
  if (!opened) co_return with_ways_to_log_in(std::move(opened).error(), "target");
  SessionPtr session = *std::move(opened);
  CO_TRY(const Rows rows, co_await session->query(kLook));
  const std::int64_t objects = rows.number(0, 0);
  EmptyDatabase found{rows.text(0, 1), session->server_version() / 10000, rows.truth(0, 2)};
  session->close();
  // A service file may have chosen it.
  if (is_everywhere(found.name)) co_return is_no_place(found.name);
  if (objects > 0)
    co_return Error(ErrorKind::refused, fmt::format("the database {} holds {} relations already; nothing was changed", in_quotes(found.name), objects),
                    "make an empty one first: createdb ... --template template0");
  co_return found;
}

}  // namespace

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

Task<Result<RestoredTo>> restore_backup(Services services, BackupPolicy policy, BackupRecord backup, std::string url,
                                        bool no_owner) {
  CO_TRY(ConnectionSpec connection, parse_restore_url(url));
  const char* password = std::getenv(kTargetPasswordVariable);
  if (password != nullptr) connection.password = Secret(password);
  CO_TRY(OpenedBackup opened, co_await open_backup(services, policy, backup, Copy::any));
  CO_TRY(const EmptyDatabase empty, co_await must_be_empty(services, connection));
  if (no_owner && empty.as_superuser)
    co_return Error(ErrorKind::usage, "--no-owner with a superuser in --to: functions of the backup would run with its rights, and all would be its own",
                    "name the role that is to own the database: --to postgresql://ROLE@host:port/DATABASE");
  CO_TRY(const ReadableBackup readable, co_await make_readable(services, policy, backup, std::move(opened)));
  CO_TRY(const ClientProgram program, co_await find_client_program(services.processes, "pg_restore", empty.major));
  ChildEnvironment child = environment_for_child(connection, program.major);
  ProcessSpec spec;
  spec.argv = {program.path.string(), "--no-password", "--exit-on-error", "--single-transaction", "--dbname=" + child.conninfo};
  if (no_owner) spec.argv.push_back("--no-owner");
  spec.argv.push_back(readable.file);
  spec.secrets = std::move(child.secrets);
  spec.limit = kLeastLimit + Seconds(static_cast<double>(backup.bytes) / kSlowestBytesPerSecond);
  CO_TRY(const ProcessResult result, co_await services.processes.run(std::move(spec)));
  if (result.exit_code != 0)
    co_return Error(ErrorKind::process, fmt::format("pg_restore ended with {}: {}", result.exit_code, last_lines(result.errors)),
                    fmt::format("it ran in one transaction: the database {} is as empty as before", in_quotes(empty.name)));
  co_return RestoredTo{empty.name, connection.address(), empty.as_superuser};
}

}  // namespace pgconvoy::cli

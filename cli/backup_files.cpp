#include "cli/backup_files.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "engine/core/digest.hpp"
#include "engine/fleet/ad_hoc.hpp"
#include "engine/fleet/nearest.hpp"
#include "engine/postgres/client_program.hpp"

namespace pgconvoy::cli {
namespace {

// What a restore would collide with.
constexpr const char* kObjects =
    "select count(*) from pg_class c join pg_namespace n on n.oid = c.relnamespace "
    "where n.nspname not in ('pg_catalog', 'information_schema') and n.nspname !~ '^pg_toast|^pg_temp'";

Task<Result<int>> must_be_empty(Services services, ConnectionSpec connection) {
  SessionOptions options;
  options.application_name = "pgconvoy/restore";
  CO_TRY(SessionPtr session, co_await services.sessions.open(std::move(connection), std::move(options)));
  CO_TRY(const Rows rows, co_await session->query(kObjects));
  const std::int64_t objects = rows.number(0, 0);
  const int major = session->server_version() / 10000;
  session->close();
  if (objects > 0)
    co_return Error(ErrorKind::refused, fmt::format("the database holds {} relations already; nothing was changed", objects),
                    "make an empty one first: createdb ... --template template0");
  co_return major;
}

}  // namespace

std::string name_of(const BackupRecord& backup) { return fmt::format("r{}/{}", backup.run, backup.instance); }

Result<BackupRecord> find_backup(const std::vector<BackupRecord>& backups, const std::string& wanted) {
  const BackupRecord* found = nullptr;
  std::vector<std::string> names;
  for (const BackupRecord& backup : backups) {
    names.push_back(name_of(backup));
    const bool exact = names.back() == wanted || backup.file == wanted;
    // Of two under one name (a retry made a second one) the newer counts.
    if ((exact || backup.instance == wanted) && (found == nullptr || backup.created >= found->created)) found = &backup;
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

Task<Result<void>> restore_backup(Services services, BackupRecord backup, std::string url, bool no_owner) {
  auto parsed = parse_connection("target", url);
  if (!parsed)
    co_return Error(ErrorKind::usage, "--to: " + parsed.error().message,
                    fmt::format("give the password as {}, PGPASSWORD, a passfile (PGPASSFILE) or a service file", kTargetPasswordVariable));
  ConnectionSpec connection = *std::move(parsed);
  const char* password = std::getenv(kTargetPasswordVariable);
  if (password != nullptr) connection.password = Secret(password);
  CO_TRY_VOID(co_await check_file(services.pool, backup));
  CO_TRY(const int major, co_await must_be_empty(services, connection));
  CO_TRY(const ClientProgram program, co_await find_client_program(services.processes, "pg_restore", major));
  ChildEnvironment child = environment_for_child(connection);
  ProcessSpec spec;
  spec.argv = {program.path.string(), "--no-password", "--exit-on-error", "--single-transaction", "--dbname=" + child.conninfo};
  if (no_owner) spec.argv.push_back("--no-owner");
  spec.argv.push_back(backup.file);
  spec.secrets = std::move(child.secrets);
  CO_TRY(const ProcessResult result, co_await services.processes.run(std::move(spec)));
  if (result.exit_code != 0)
    co_return Error(ErrorKind::process, fmt::format("pg_restore ended with {}: {}", result.exit_code, last_lines(result.errors)),
                    "it ran in one transaction: the database is as empty as before");
  co_return Result<void>();
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

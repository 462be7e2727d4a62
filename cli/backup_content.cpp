#include "cli/backup_content.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "engine/core/digest.hpp"
#include "engine/core/host.hpp"
#include "engine/fleet/nearest.hpp"
#include "engine/postgres/client_program.hpp"
#include "operations/backup_programs.hpp"
#include "operations/zstd_program.hpp"

namespace pgconvoy::cli {
namespace {

constexpr int kNewestMajor = 18, kOldestMajor = 13;
constexpr Seconds kListLimit{300};

bool is_here(const std::string& file) {
  std::error_code ignored;
  return std::filesystem::is_regular_file(file, ignored);
}

// Where there is room for a database: beside the backup, when that folder is here.
std::string temporary_folder(const BackupRecord& backup) { return std::filesystem::path(backup.file).parent_path().string(); }

Task<Result<void>> check_sum(Services services, std::string file, std::string sha256, std::string what) {
  auto read = [file] { return sha256_of_file(file); };
  CO_TRY(const std::string digest, co_await run_blocking(services.pool, read));
  if (digest != sha256)
    co_return Error(ErrorKind::corrupt, fmt::format("{} is not what was written: its sha256 is {}, the journal says {}", what,
                                                    digest.substr(0, 16), sha256.substr(0, 16)));
  co_return Result<void>();
}

Error is_not_here(const BackupRecord& backup) {
  const BackupFile details = details_of(backup);
  if (details.host.empty() || details.host == this_host())
    return Error(ErrorKind::not_found, fmt::format("{} is not there any more", backup.file), "pgconvoy backups list -v says where others are");
  return Error(ErrorKind::not_found,
               fmt::format("{} is on host {}, this is {}, and it was put into no store", backup.file, details.host, this_host()),
               fmt::format("type this on {}, or copy the file to the same place here", details.host));
}

Task<Result<OpenedBackup>> open_from_store(Services services, BackupPolicy policy, BackupRecord backup) {
  const BackupFile details = details_of(backup);
  OpenedBackup opened;
  opened.from_store = true;
  CO_TRY(opened.fetched, NamelessFile::make(temporary_folder(backup)));
  opened.file = opened.fetched->path();
  BackupProgramCall call{"download", policy.download, details.key, "", opened.file, backup.bytes, std::nullopt};
  CO_TRY_VOID(co_await call_backup_program(services.processes, std::move(call)));
  CO_TRY_VOID(co_await check_sum(services, opened.file, backup.sha256, fmt::format("what the store gives back for {}", details.key)));
  co_return opened;
}

Task<Result<OpenedBackup>> open_file(Services services, BackupRecord backup) {
  OpenedBackup opened;
  opened.file = backup.file;
  CO_TRY_VOID(co_await check_sum(services, backup.file, backup.sha256, backup.file));
  co_return opened;
}

Task<Result<ClientProgram>> find_pg_restore(Services services, int major) {
  if (major > 0) {
    auto exact = co_await find_client_program(services.processes, "pg_restore", major);
    if (exact) co_return exact;
  }
  // An archive is read by every pg_restore that isn't older than the pg_dump.
  for (int newer = kNewestMajor; newer >= std::max(major, kOldestMajor); --newer) {
    auto found = co_await find_client_program(services.processes, "pg_restore", newer);
    if (found) co_return found;
  }
  const int wanted = major > 0 ? major : kNewestMajor;
  co_return co_await find_client_program(services.processes, "pg_restore", wanted);
}

Result<void> copy_to(const std::string& from, const std::string& to) {
  std::ifstream in(from, std::ios::binary);
  if (!in) return Error(ErrorKind::io, fmt::format("{} can't be read: {}", from, std::strerror(errno)));
  std::ofstream out(to, std::ios::binary);
  if (!(out << in.rdbuf()) || !out.flush())
    return Error(ErrorKind::io, fmt::format("{} can't be written: {}", in_quotes(to), std::strerror(errno)));
  return {};
}

Task<Result<std::string>> fill_export(Services services, BackupPolicy policy, BackupRecord backup, std::string file, bool decrypt) {
  CO_TRY(OpenedBackup opened, co_await open_backup(services, policy, backup, Copy::any));
  const BackupFile details = details_of(backup);
  const bool decrypted = decrypt && details.encrypted;
  const std::string sum = decrypted ? details.working_sha256 : backup.sha256;
  if (decrypted) {
    BackupProgramCall call{"decrypt", policy.decrypt, "", opened.file, file, backup.bytes, std::nullopt};
    CO_TRY_VOID(co_await call_backup_program(services.processes, std::move(call)));
  } else {
    auto copy = [from = opened.file, file] { return copy_to(from, file); };
    CO_TRY_VOID(co_await run_blocking(services.pool, copy));
  }
  auto flush = [file] { return make_durable(file); };
  CO_TRY_VOID(co_await run_blocking(services.pool, flush));
  CO_TRY_VOID(co_await check_sum(services, file, sum, in_quotes(file)));
  co_return sum;
}

}  // namespace

Task<Result<OpenedBackup>> open_backup(Services services, BackupPolicy policy, BackupRecord backup, Copy copy) {
  const bool in_store = !details_of(backup).key.empty();
  const bool here = is_here(backup.file);
  if (copy == Copy::store) co_return co_await open_from_store(services, policy, backup);
  if (copy == Copy::file || !in_store) {
    if (!here) co_return is_not_here(backup);
    co_return co_await open_file(services, backup);
  }
  if (here) {
    auto opened = co_await open_file(services, backup);
    if (opened) co_return opened;
  }
  co_return co_await open_from_store(services, policy, backup);
}

Task<Result<ReadableBackup>> make_readable(Services services, BackupPolicy policy, BackupRecord backup, OpenedBackup opened) {
  ReadableBackup readable;
  readable.file = opened.file;
  readable.fetched = std::move(opened.fetched);
  const BackupFile details = details_of(backup);
  if (details.encrypted) {
    CO_TRY(readable.decrypted, NamelessFile::make(temporary_folder(backup)));
    BackupProgramCall call{"decrypt", policy.decrypt, "", readable.file, readable.decrypted->path(), backup.bytes, std::nullopt};
    CO_TRY_VOID(co_await call_backup_program(services.processes, std::move(call)));
    readable.file = readable.decrypted->path();
    CO_TRY_VOID(co_await check_sum(services, readable.file, details.working_sha256, "what comes out of decrypt"));
  }
  if (details.compression.empty()) co_return readable;
  CO_TRY(readable.unpacked, NamelessFile::make(temporary_folder(backup)));
  CO_TRY_VOID(co_await decompress(services.processes, readable.file, readable.unpacked->path(), backup.bytes));
  readable.file = readable.unpacked->path();
  co_return readable;
}

Task<Result<std::string>> list_archive(Services services, BackupRecord backup, std::string file) {
  CO_TRY(const ClientProgram program, co_await find_pg_restore(services, details_of(backup).major));
  ProcessSpec spec;
  spec.argv = {program.path.string(), "--list", file};
  spec.keep_output = 64 << 20;
  spec.limit = kListLimit;
  CO_TRY(ProcessResult result, co_await services.processes.run(std::move(spec)));
  if (result.exit_code != 0)
    co_return Error(ErrorKind::process, fmt::format("pg_restore --list ended with {}: {}", result.exit_code, last_lines(result.errors)));
  co_return std::move(result.output);
}

std::map<std::string, int> count_entries(const std::string& list) {
  // "3412; 1259 16385 TABLE public orders shop": a kind may have several words, all of them upper case.
  std::map<std::string, int> counts;
  std::istringstream lines(list);
  for (std::string line; std::getline(lines, line);) {
    if (line.empty() || line.front() == ';') continue;
    std::istringstream words(line);
    std::string number, table, oid, kind;
    if (!(words >> number >> table >> oid)) continue;
    for (std::string word; words >> word;) {
      const bool upper = word.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ") == std::string::npos;
      if (!upper) break;
      kind += (kind.empty() ? "" : " ") + word;
    }
    if (!kind.empty()) ++counts[kind];
  }
  return counts;
}

Task<Result<std::string>> export_backup(Services services, BackupPolicy policy, BackupRecord backup, std::string file, bool decrypt) {
  const int made = ::open(file.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
  if (made < 0) co_return Error(ErrorKind::usage, fmt::format("{} can't be made: {}", in_quotes(file), std::strerror(errno)));
  ::close(made);
  auto filled = co_await fill_export(services, policy, backup, file, decrypt);
  if (!filled) (void)remove_file(file);
  co_return filled;
}

}  // namespace pgconvoy::cli

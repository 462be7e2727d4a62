#include "operations/backup_collected_services.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>

#include "engine/core/digest.hpp"
#include "operations/client_call.hpp"
#include "operations/handles.hpp"

namespace pgconvoy {
namespace {

namespace fs = std::filesystem;

struct BackupIntent {
  std::string server, name, file;  // the database under the name that it has now
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(BackupIntent, server, name, file)

// The folder (0700) and the file (0600) are there before pg_dump writes the first byte.
Result<bool> make_private_file(const std::string& file) {
  std::error_code problem;
  const fs::path folder = fs::path(file).parent_path();
  fs::create_directories(folder, problem);
  if (!problem) fs::permissions(folder, fs::perms::owner_all, problem);
  if (problem)
    return Error(ErrorKind::io, fmt::format("the backup folder {} can't be made: {}", folder.string(), problem.message()),
                 "choose another one with --backup-directory");
  const int descriptor = open(file.c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
  if (descriptor < 0) return Error(ErrorKind::io, fmt::format("{} can't be written: {}", file, std::strerror(errno)));
  close(descriptor);
  return true;
}

Result<bool> make_durable(const std::string& path) {
  const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0 || fsync(descriptor) != 0) {
    const std::string why = std::strerror(errno);
    if (descriptor >= 0) close(descriptor);
    return Error(ErrorKind::io, fmt::format("{} can't be flushed to disk: {}", path, why));
  }
  close(descriptor);
  return true;
}

Result<BackupFile> seal(BackupFile backup) {
  TRY_VOID(make_durable(backup.file));
  TRY_VOID(make_durable(fs::path(backup.file).parent_path()));
  TRY(backup.sha256, sha256_of_file(backup.file));
  std::error_code problem;
  backup.bytes = static_cast<std::int64_t>(fs::file_size(backup.file, problem));
  if (problem) return Error(ErrorKind::io, fmt::format("{}: {}", backup.file, problem.message()));
  return backup;
}

std::string with_free_space(const std::string& message, const std::string& file) {
  std::error_code problem;
  const auto space = fs::space(fs::path(file).parent_path(), problem);
  if (problem) return message;
  return fmt::format("{} ({} free in {})", message, format_bytes(Bytes{static_cast<std::int64_t>(space.available)}),
                     fs::path(file).parent_path().string());
}

class Backup final : public TypedOperation<BackupIntent, BackupOutcome> {
 public:
  std::string name() const override { return "backup_collected_services"; }
  std::string summary() const override { return "Backs up the fenced database with pg_dump; the file is kept and catalogued."; }
  Subject subject() const override { return Subject::instance; }
  Estimate estimate(const EstimateInput& input) const override {
    const auto found = input.facts.databases.find(input.subject);
    if (found == input.facts.databases.end()) return {0.5, false};
    return {0.25 + found->second.relations * 0.001 + static_cast<double>(found->second.table_bytes) / 60e6, false};
  }

  Task<Result<BackupIntent>> plan_effect(StepContext& context) override {
    const std::string id = context.instance().id;
    const std::string& folder = context.work.plan.options.backup_directory;
    if (folder.empty()) co_return Error(ErrorKind::usage, "no backup directory was given", "--backup-directory DIR");
    BackupIntent intent;
    intent.server = context.source_server(id).id;
    intent.name = context.instance().database;
    if (auto fence = context.intent<FenceIntent>("fence_source", id)) intent.name = fence->fenced_name;
    intent.file = (fs::path(folder) / fmt::format("{}-r{}", context.work.journal_token, context.work.run) /
                   fmt::format("{}-t{}-e{}.dump", id, context.work.planned.number, context.work.record.epoch))
                      .string();
    co_return intent;
  }

  Task<Result<BackupOutcome>> effect(StepContext& context, BackupIntent intent) override {
    const std::string id = context.instance().id;
    auto make = [file = intent.file] { return make_private_file(file); };
    auto prepared = co_await run_blocking(context.services.pool, std::move(make));
    if (!prepared) co_return prepared.error();
    ClientCall call;
    call.program = "pg_dump";
    call.major = context.work.facts.servers.at(context.target_server(id).id).version_number / 10000;
    CO_TRY(call.connection, co_await context.administrator(intent.server, intent.name));
    call.arguments = {"--format=custom", "--compress=1", "--no-sync", "--file=" + intent.file};
    const std::int64_t expected = context.database_facts(id).table_bytes;
    // The file is compressed: its size says that it goes on, not how far it is.
    call.look = [&context, file = intent.file, expected](int) {
      std::error_code problem;
      const auto written = fs::file_size(file, problem);
      if (problem) return;
      const auto bytes = static_cast<std::int64_t>(written);
      context.progress(Progress{bytes, std::max(bytes, expected), "pg_dump"});
    };
    context.progress(Progress{0, expected, "pg_dump"});
    auto dumped = co_await call_client(context, std::move(call));
    if (!dumped) {
      Error error = dumped.error();
      error.message = with_free_space(error.message, intent.file);
      unlink(intent.file.c_str());
      co_return std::move(error).within(fmt::format("the backup of \"{}\" failed", context.instance().database));
    }
    BackupOutcome outcome;
    outcome.backup.instance = id;
    outcome.backup.server = intent.server;
    outcome.backup.database = context.instance().database;
    outcome.backup.file = intent.file;
    auto finish = [backup = outcome.backup] { return seal(backup); };
    auto sealed = co_await run_blocking(context.services.pool, std::move(finish));
    if (!sealed) co_return sealed.error();
    outcome.backup = *std::move(sealed);
    context.progress(Progress{outcome.backup.bytes, outcome.backup.bytes, "backed up"});
    co_return outcome;
  }

  Task<Result<Seen>> look(StepContext&, BackupIntent intent) override {
    Seen seen;
    std::error_code problem;
    const bool there = fs::exists(intent.file, problem);
    // Without its checksum in the journal nobody can say that a file is whole: it is written again.
    seen.verdict = there ? Probe::Verdict::partial : Probe::Verdict::absent;
    seen.detail = there ? "a file is there that was never sealed" : "there is no file";
    co_return seen;
  }

  Task<Result<std::string>> take_back(StepContext&, BackupIntent intent, std::optional<BackupOutcome> outcome) override {
    if (outcome) co_return fmt::format("the backup {} is kept", intent.file);
    std::error_code problem;
    fs::remove(intent.file, problem);
    // A folder that isn't one holds no file of ours.
    if (problem && problem != std::errc::not_a_directory && problem != std::errc::no_such_file_or_directory)
      co_return Error(ErrorKind::io, fmt::format("{} can't be removed: {}", intent.file, problem.message()));
    co_return std::string("the unfinished file is gone");
  }
};

}  // namespace

std::unique_ptr<Operation> make_backup_collected_services() { return std::make_unique<Backup>(); }

}  // namespace pgconvoy

#include "operations/backup_collected_services.hpp"

#include <fmt/format.h>

#include <filesystem>

#include "engine/plan/way.hpp"
#include "operations/backup_archive.hpp"
#include "operations/database_work.hpp"
#include "operations/private_files.hpp"
#include "operations/rehearsal.hpp"

namespace pgconvoy {
namespace {

struct BackupIntent {
  std::string server, name, file;  // as earlier versions journaled it
  BackupPlace place;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(BackupIntent, server, name, file, place)

class Backup final : public TypedOperation<BackupIntent, BackupOutcome> {
 public:
  std::string name() const override { return "backup_collected_services"; }
  std::string summary() const override {
    return "Backs up the fenced database with pg_dump; the file is kept, encrypted and uploaded if the fleet says so, and catalogued.";
  }
  Subject subject() const override { return Subject::instance; }
  bool applies(const std::string& way, const json&) const override { return way == kThroughput; }
  // In a rehearsal only: a dump is of the moment that was recorded, or of none.
  std::vector<std::string> rests_on() const override { return {"record_source", "hold_snapshot"}; }
  Estimate estimate(const EstimateInput& input) const override {
    const DatabaseFacts* database = database_of(input);
    if (database == nullptr) return {0.5, false};
    Estimate estimate{0.5, false, work_on_content(*database)};
    estimate.work.push_back({term::kRelations, static_cast<double>(database->relations)});
    if (input.facts.host.backup_encrypted)
      estimate.work.push_back({term::kEncryptedBytes, static_cast<double>(database->table_bytes + database->large_object_bytes)});
    return estimate;
  }

  Task<Result<BackupIntent>> plan_effect(StepContext& context) override {
    BackupIntent intent;
    CO_TRY(intent.place, choose_backup_place(context, ""));
    intent.server = intent.place.server;
    intent.name = intent.place.name;
    intent.file = intent.place.file;
    co_return intent;
  }

  Task<Result<BackupOutcome>> effect(StepContext& context, BackupIntent intent) override {
    BackupOutcome outcome;
    CO_TRY(outcome.backup, co_await make_backup(context, intent.place));
    outcome.catalogued = keeps_backup(context);
    let_go_of_snapshot(context, context.instance().id);
    co_return outcome;
  }

  Task<Result<Seen>> look(StepContext&, BackupIntent intent) override {
    Seen seen;
    std::error_code problem;
    const bool there = std::filesystem::exists(intent.file, problem) || std::filesystem::exists(intent.place.working_file, problem);
    // Without its checksum in the journal nobody can say that a file is whole: it is written again.
    seen.verdict = there ? Probe::Verdict::partial : Probe::Verdict::absent;
    seen.detail = there ? "a file is there that was never sealed" : "there is no file";
    co_return seen;
  }

  Task<Result<std::string>> take_back(StepContext& context, BackupIntent intent, std::optional<BackupOutcome> outcome) override {
    if (outcome && keeps_backup(context)) {
      if (outcome->backup.encrypted) CO_TRY_VOID(remove_file(outcome->backup.working_file));
      co_return fmt::format("the backup {} is kept", intent.file);
    }
    if (intent.place.file.empty()) intent.place.file = intent.file;
    CO_TRY(const std::string left, co_await discard_backup(context, intent.place));
    co_return std::string(outcome ? "the backup is gone" : "the unfinished file is gone") + (left.empty() ? "" : "; " + left);
  }
};

}  // namespace

std::unique_ptr<Operation> make_backup_collected_services() { return std::make_unique<Backup>(); }

}  // namespace pgconvoy

#include "operations/back_up_after_pivot.hpp"

#include <fmt/format.h>

#include <filesystem>

#include "engine/plan/way.hpp"
#include "operations/backup_archive.hpp"
#include "operations/backup_time.hpp"
#include "operations/database_work.hpp"
#include "operations/private_files.hpp"

namespace pgconvoy {
namespace {

struct LateBackupIntent {
  BackupPlace place;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(LateBackupIntent, place)

class BackUpAfterPivot final : public TypedOperation<LateBackupIntent, BackupOutcome> {
 public:
  std::string name() const override { return "back_up_after_pivot"; }
  std::string summary() const override { return "Backs up the fenced database while the app already runs on the new one, where that was asked for."; }
  Subject subject() const override { return Subject::instance; }
  std::vector<Parameter> parameters() const override { return {backup_time_parameter()}; }
  bool applies(const std::string& way, const json& arguments) const override { return way == kShortPause && is_after_pivot(arguments); }
  Estimate estimate(const EstimateInput& input) const override {
    const DatabaseFacts* database = database_of(input);
    if (database == nullptr) return {0.5, false};
    Estimate estimate{0.5, false, work_on_content(*database)};
    estimate.work.push_back({term::kRelations, static_cast<double>(database->relations)});
    if (input.facts.host.backup_encrypted) estimate.work.push_back({term::kEncryptedBytes, static_cast<double>(database->table_bytes)});
    return estimate;
  }

  Task<Result<LateBackupIntent>> plan_effect(StepContext& context) override {
    LateBackupIntent intent;
    CO_TRY(intent.place, choose_backup_place(context, context.attempt == 1 ? "" : fmt::format("-a{}", context.attempt), Packing::by_zstd));
    co_return intent;
  }
  Task<Result<BackupOutcome>> effect(StepContext& context, LateBackupIntent intent) override {
    BackupOutcome outcome;
    CO_TRY(outcome.backup, co_await make_backup(context, intent.place));
    CO_TRY_VOID(remove_file_unless_kept(outcome.backup));
    co_return outcome;
  }
  Task<Result<Seen>> look(StepContext&, LateBackupIntent intent) override {
    Seen seen;
    std::error_code problem;
    const bool there = std::filesystem::exists(intent.place.file, problem) || std::filesystem::exists(intent.place.working_file, problem);
    seen.verdict = there ? Probe::Verdict::partial : Probe::Verdict::absent;
    seen.detail = there ? "a file is there that was never sealed" : "there is no file";
    co_return seen;
  }
  Task<Result<std::string>> take_back(StepContext& context, LateBackupIntent intent, std::optional<BackupOutcome> outcome) override {
    if (outcome) co_return fmt::format("the backup {} is kept", intent.place.file);
    CO_TRY(const std::string left, co_await discard_backup(context, intent.place));
    co_return std::string("the unfinished file is gone") + (left.empty() ? "" : "; " + left);
  }

 private:
  // Nothing is restored from it here: only what is encrypted stays.
  static Result<void> remove_file_unless_kept(const BackupFile& backup) {
    if (backup.encrypted) TRY_VOID(remove_file(backup.working_file));
    return {};
  }
};

}  // namespace

std::unique_ptr<Operation> make_back_up_after_pivot() { return std::make_unique<BackUpAfterPivot>(); }

}  // namespace pgconvoy

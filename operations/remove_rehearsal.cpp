#include "operations/remove_rehearsal.hpp"

#include <fmt/format.h>

#include "operations/backup_archive.hpp"
#include "operations/private_files.hpp"
#include "operations/rehearsal.hpp"
#include "operations/remove_new_database.hpp"
#include "operations/tenant_login.hpp"

namespace pgconvoy {
namespace {

// Handles for people: what goes stands in the intents of the steps that made it.
struct RemoveIntent {
  std::string server, database, backup, record;
  bool keep_backup = false;
};
struct RemoveOutcome {
  std::string detail;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(RemoveIntent, server, database, backup, record, keep_backup)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(RemoveOutcome, detail)

class Remove final : public TypedOperation<RemoveIntent, RemoveOutcome> {
 public:
  std::string name() const override { return "remove_rehearsal"; }
  std::string summary() const override {
    return "Drops the scratch database of a rehearsal and the roles that were made for it, and removes its backup.";
  }
  Subject subject() const override { return Subject::instance; }
  std::vector<Parameter> parameters() const override {
    return {{"keep_backup", Parameter::Type::boolean, false, "The backup stays, as that of a move does."}};
  }
  Estimate estimate(const EstimateInput&) const override { return {0.3, false}; }

  Task<Result<RemoveIntent>> plan_effect(StepContext& context) override {
    const std::string id = context.instance().id;
    RemoveIntent intent;
    if (auto fresh = context.intent<ReprovisionIntent>("reprovision_collected_instances", id)) {
      intent.server = fresh->server;
      intent.database = fresh->temporary_name;
    }
    if (auto backup = latest_backup(context, id)) intent.backup = backup->file;
    if (auto record = context.intent<RecordIntent>("record_source", id)) intent.record = record->file;
    intent.keep_backup = context.arguments().value("keep_backup", false);
    co_return intent;
  }

  Task<Result<RemoveOutcome>> effect(StepContext& context, RemoveIntent intent) override {
    const std::string id = context.instance().id;
    RemoveOutcome outcome;
    let_go_of_snapshot(context, id);
    if (auto fresh = context.intent<ReprovisionIntent>("reprovision_collected_instances", id)) {
      const bool discards_database = true;
      CO_TRY_VOID(co_await drop_tenant_logins(context, fresh->server, fresh->temporary_name, discards_database));
      auto made = context.outcome<ReprovisionOutcome>("reprovision_collected_instances", id);
      CO_TRY(outcome.detail, co_await remove_new_database(context, *fresh, std::move(made)));
    }
    CO_TRY_VOID(remove_file(intent.record));
    if (intent.keep_backup) {
      CO_TRY_VOID(co_await remove_readable(context, id));
      outcome.detail += fmt::format("; the backup {} is kept", intent.backup);
      co_return outcome;
    }
    CO_TRY_VOID(co_await discard_rehearsed_backup(context, id));
    outcome.detail += "; the backup is gone";
    co_return outcome;
  }

  Task<Result<Seen>> look(StepContext&, RemoveIntent) override {
    Seen seen;
    seen.verdict = Probe::Verdict::absent;  // what is gone already is no obstacle to removing it again
    co_return seen;
  }
  Task<Result<std::string>> take_back(StepContext&, RemoveIntent, std::optional<RemoveOutcome>) override {
    co_return std::string("nothing to take back: nothing of a rehearsal is to stay");
  }
};

}  // namespace

std::unique_ptr<Operation> make_remove_rehearsal() { return std::make_unique<Remove>(); }

}  // namespace pgconvoy

#include "operations/restore_backup_to_reprovisioned_services.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "engine/plan/way.hpp"
#include "operations/backup_archive.hpp"
#include "operations/build_memory.hpp"
#include "operations/database_work.hpp"
#include "operations/handles.hpp"
#include "operations/private_files.hpp"
#include "operations/restore_portions.hpp"
#include "operations/rehearsal.hpp"
#include "operations/tenant_login.hpp"

namespace pgconvoy {
namespace {

struct RestoreIntent {
  std::string server, system_identifier, name, owner, file;
  std::int64_t oid = 0;
  BackupPlace again;  // where the backup is decrypted, fetched or taken again to, if it must be
};
struct RestoreOutcome {
  int entries = 0;
  int passes = 0;
  std::vector<std::string> owners;  // of what was restored, superusers left out
  std::string archive;              // what was restored from, and why
  json backup;                      // a BackupFile when it was taken again: the journal catalogues it; else null
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(RestoreIntent, server, system_identifier, name, owner, file, oid, again)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(RestoreOutcome, entries, passes, owners, archive, backup)

// How much faster n jobs are than one: n to this power.
constexpr double kSpeedup = 0.55;

class Restore final : public TypedOperation<RestoreIntent, RestoreOutcome> {
 public:
  std::string name() const override { return "restore_backup_to_reprovisioned_services"; }
  std::string summary() const override {
    return "Restores the backup; COPY, constraints and indexes run in a tenant's session, never in a superuser's.";
  }
  Subject subject() const override { return Subject::instance; }
  bool applies(const std::string& way, const json&) const override { return way == kThroughput; }
  std::vector<Parameter> parameters() const override {
    return {{"jobs", Parameter::Type::number, 1, "Parallel jobs of pg_restore for data and indexes."}, restore_memory_parameter()};
  }
  std::vector<std::string> rests_on() const override { return {"reprovision_collected_instances"}; }
  // Jobs share data and indexes among them; the largest table is one job's all the same, and all of them share the server.
  Estimate estimate(const EstimateInput& input) const override {
    const DatabaseFacts* database = database_of(input);
    if (database == nullptr) return {0.8, false};
    const double share = 1 / std::pow(std::max(1.0, input.arguments.value("jobs", 1.0)), kSpeedup);
    return {0.8, false,
            {{term::kTableBytes, static_cast<double>(database->table_bytes) * share},
             {term::kIndexBytes, static_cast<double>(database->index_bytes) * share},
             {term::kLargeObjectBytes, static_cast<double>(database->large_object_bytes)},
             {term::kLargeObjects, static_cast<double>(database->large_objects)},
             {term::kRelations, static_cast<double>(database->relations)}}};
  }

  Task<Result<RestoreIntent>> plan_effect(StepContext& context) override {
    const std::string id = context.instance().id;
    auto fresh = context.intent<ReprovisionIntent>("reprovision_collected_instances", id);
    auto made = context.outcome<ReprovisionOutcome>("reprovision_collected_instances", id);
    auto backup = context.outcome<BackupOutcome>("backup_collected_services", id);
    if (!fresh || !made || !backup)
      co_return Error(ErrorKind::internal, "a restore needs a new database and a backup of instance " + id);
    RestoreIntent intent;
    intent.server = fresh->server;
    intent.system_identifier = fresh->system_identifier;
    intent.name = fresh->temporary_name;
    intent.owner = fresh->owner;
    intent.file = backup->backup.file;
    intent.oid = made->oid;
    CO_TRY(intent.again, choose_backup_place(context, fmt::format("-a{}", context.attempt)));
    co_return intent;
  }

  Task<Result<RestoreOutcome>> effect(StepContext& context, RestoreIntent intent) override {
    const std::string id = context.instance().id;
    CO_TRY(const Archive archive, co_await archive_to_restore(context, id, intent.again));
    intent.file = archive.file;
    context.progress(Progress{0, 0, archive.because});
    RestoreJob job{id, intent.server, intent.name, intent.owner, intent.file, static_cast<int>(context.arguments().value("jobs", 1.0)), build_memory(context, intent.server)};
    CO_TRY(auto entries, co_await entries_of(context, job));
    RestoreOutcome outcome;
    outcome.archive = archive.because;
    if (archive.made) outcome.backup = *archive.made;
    outcome.entries = static_cast<int>(entries.size());
    CO_TRY(const RestoredPortions restored, co_await restore_entries(context, job, std::move(entries)));
    outcome.passes = restored.passes;
    outcome.owners = restored.owners;
    co_return outcome;
  }

  Task<Result<Seen>> look(StepContext&, RestoreIntent) override {
    Seen seen;
    seen.verdict = Probe::Verdict::partial;  // how far it came is not worth finding out: another empty database is quickly made
    co_return seen;
  }

  // Ends what is still restoring. The database itself goes with the step that made it, on which this one rests.
  Task<Result<std::string>> take_back(StepContext& context, RestoreIntent intent, std::optional<RestoreOutcome> outcome) override {
    std::string left;
    if (outcome && outcome->backup.is_object()) {
      if (outcome->backup.value("encrypted", false)) CO_TRY_VOID(remove_file(intent.again.working_file));
    } else if (std::error_code problem; std::filesystem::exists(intent.again.file, problem)) {
      CO_TRY(left, co_await discard_backup(context, intent.again));
      if (!left.empty()) left = "; " + left;
    } else {
      CO_TRY_VOID(co_await discard_backup(context, intent.again));  // most restores take nothing again
    }
    CO_TRY(Session * maintenance, co_await context.maintenance(intent.server));
    std::vector<Value> parameters{intent.name};
    CO_TRY(Rows rows, co_await maintenance->query("select oid::bigint from pg_database where datname = $1", parameters));
    const bool discards_database = true;
    CO_TRY_VOID(co_await drop_tenant_logins(context, intent.server, intent.name, discards_database));
    if (rows.empty()) co_return "the new database is gone already" + left;
    co_return "nothing restores any more; the new database goes with its own step" + left;
  }
};

}  // namespace

std::unique_ptr<Operation> make_restore_backup_to_reprovisioned_services() { return std::make_unique<Restore>(); }

}  // namespace pgconvoy

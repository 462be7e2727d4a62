#include "operations/prepare_reprovisioned_services.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "engine/plan/way.hpp"
#include "engine/postgres/compare.hpp"
#include "operations/backup_archive.hpp"
#include "operations/client_call.hpp"
#include "operations/database_work.hpp"
#include "operations/handles.hpp"
#include "operations/private_files.hpp"
#include "operations/tenant_login.hpp"

namespace pgconvoy {

PGCONVOY_JSON_FIELDS(PrepareIntent, server, name, owner, source_server, source_name, file, indexes)
PGCONVOY_JSON_FIELDS(PrepareOutcome, fingerprint, entries, passes)

namespace {

// Up to here an index that is kept up to date while rows come costs less than a pass of its own inside the pause.
constexpr std::int64_t kIndexesFirst = 128 << 20;  // bytes of tables

Task<Result<void>> dump_definitions(StepContext& context, PrepareIntent intent) {
  auto make = [file = intent.file] { return make_private_file(file); };
  CO_TRY_VOID(co_await run_blocking(context.services.pool, make));
  ClientCall call;
  call.program = "pg_dump";
  call.major = context.work.facts.servers.at(intent.server).version_number / 10000;
  CO_TRY(call.connection, co_await context.administrator(intent.source_server, intent.source_name));
  // Not --schema-only: that leaves out which materialized views are to be filled.
  call.arguments = {"--format=custom", "--compress=0", "--no-sync", "--section=pre-data", "--section=post-data", "--lock-wait-timeout=5s",
                    "--file=" + intent.file};
  auto dumped = co_await call_client(context, std::move(call));
  if (!dumped) co_return std::move(dumped).error().within(fmt::format("the definitions of \"{}\" could not be read", context.instance().database));
  co_return Result<void>();
}

class Prepare final : public TypedOperation<PrepareIntent, PrepareOutcome> {
 public:
  std::string name() const override { return "prepare_reprovisioned_services"; }
  std::string summary() const override {
    return "While the app still runs, makes in the new database all that can be there before the rows.";
  }
  Subject subject() const override { return Subject::instance; }
  bool applies(const std::string& way, const json&) const override { return way == kShortPause; }
  std::vector<std::string> rests_on() const override { return {"reprovision_collected_instances"}; }
  Estimate estimate(const EstimateInput& input) const override {
    const DatabaseFacts* database = database_of(input);
    if (database == nullptr) return {0.5, false};
    return {0.5, false, {{term::kRelations, static_cast<double>(database->relations)}}};
  }

  Task<Result<PrepareIntent>> plan_effect(StepContext& context) override {
    const std::string id = context.instance().id;
    auto fresh = context.intent<ReprovisionIntent>("reprovision_collected_instances", id);
    if (!fresh) co_return Error(ErrorKind::internal, "there is no new database to prepare for " + id);
    PrepareIntent intent;
    intent.server = fresh->server;
    intent.name = fresh->temporary_name;
    intent.owner = fresh->owner;
    CO_TRY(const BackupPlace place, choose_backup_place(context, fmt::format("-definitions-a{}", context.attempt)));
    intent.source_server = place.server;
    intent.source_name = place.name;
    intent.file = place.working_file;
    intent.indexes = context.database_facts(id).table_bytes <= kIndexesFirst;
    co_return intent;
  }

  Task<Result<PrepareOutcome>> effect(StepContext& context, PrepareIntent intent) override {
    PrepareOutcome outcome;
    CO_TRY(const std::string before, co_await fingerprint(context, intent));
    context.progress(Progress{0, 0, "pg_dump of definitions"});
    CO_TRY_VOID(co_await dump_definitions(context, intent));
    CO_TRY(const std::string after, co_await fingerprint(context, intent));
    if (before == after) outcome.fingerprint = after;
    RestoreJob job{context.instance().id, intent.server, intent.name, intent.owner, intent.file, 1};
    CO_TRY(auto entries, co_await entries_of(context, job));
    std::erase_if(entries, [&](const ArchiveEntry& entry) { return !comes_before_rows(entry, intent.indexes); });
    outcome.entries = static_cast<int>(entries.size());
    CO_TRY(const RestoredPortions restored, co_await restore_entries(context, job, std::move(entries)));
    outcome.passes = restored.passes;
    co_return outcome;
  }

  Task<Result<Seen>> look(StepContext&, PrepareIntent) override {
    Seen seen;
    seen.verdict = Probe::Verdict::partial;  // as with a restore: another empty database is quickly made
    co_return seen;
  }

  Task<Result<std::string>> take_back(StepContext& context, PrepareIntent intent, std::optional<PrepareOutcome>) override {
    CO_TRY_VOID(remove_file(intent.file));
    const bool discards_database = true;
    CO_TRY_VOID(co_await drop_tenant_logins(context, intent.server, intent.name, discards_database));
    co_return std::string("the new database goes with its own step");
  }

 private:
  static Task<Result<std::string>> fingerprint(StepContext& context, PrepareIntent intent) {
    SessionOptions options;
    options.application_name = context.application_name();
    options.settings = {{"default_transaction_read_only", "on"}};
    CO_TRY(auto source, co_await context.open(intent.source_server, intent.source_name, options));
    co_return co_await schema_fingerprint(*source, context.work.facts.servers.at(intent.server).version_number);
  }
};

}  // namespace

bool comes_before_rows(const ArchiveEntry& entry, bool indexes) {
  switch (entry.pass) {
    case Pass::schemas:
    case Pass::define:
    case Pass::define_as_tenant:
    case Pass::attach:
      return true;
    case Pass::administrator:
    case Pass::load:
    case Pass::attach_indexes:
      if (entry.type == "TABLE ATTACH") return true;
      // A check of its own is one that isn't valid for all rows: new rows would be checked.
      return indexes && (entry.type == "INDEX" || entry.type == "CONSTRAINT" || entry.type == "INDEX ATTACH");
    default:
      return false;
  }
}

std::unique_ptr<Operation> make_prepare_reprovisioned_services() { return std::make_unique<Prepare>(); }

}  // namespace pgconvoy

#include "operations/prepare_reprovisioned_services.hpp"

#include <fmt/format.h>

#include <filesystem>

#include "engine/plan/way.hpp"
#include "engine/postgres/compare.hpp"
#include "engine/postgres/schema_marker.hpp"
#include "engine/postgres/transfer.hpp"
#include "operations/backup_archive.hpp"
#include "operations/client_call.hpp"
#include "operations/database_work.hpp"
#include "operations/handles.hpp"
#include "operations/prepared_rest.hpp"
#include "operations/private_files.hpp"
#include "operations/rehearsal.hpp"
#include "operations/restore_portions.hpp"
#include "operations/tenant_login.hpp"

namespace pgconvoy {

PGCONVOY_JSON_FIELDS(PrepareIntent, server, name, owner, source_server, source_name, file)
PGCONVOY_JSON_FIELDS(PrepareOutcome, fingerprint, marker, entries, passes)

namespace {

// They have grown from a template's. Without this the comparison inside the pause takes twice as long.
constexpr const char* kAnalyzeCatalogues =
    "analyze pg_catalog.pg_class, pg_catalog.pg_attribute, pg_catalog.pg_attrdef, pg_catalog.pg_type, pg_catalog.pg_index, pg_catalog.pg_constraint, "
    "pg_catalog.pg_depend, pg_catalog.pg_proc, pg_catalog.pg_namespace, pg_catalog.pg_sequence, pg_catalog.pg_description, pg_catalog.pg_inherits, pg_catalog.pg_rewrite";

Task<Result<void>> dump_definitions(StepContext& context, PrepareIntent intent) {
  auto make = [file = intent.file] { return make_private_file(file); };
  CO_TRY_VOID(co_await run_blocking(context.services.pool, make));
  ClientCall call;
  call.program = "pg_dump";
  call.major = context.work.facts.servers.at(intent.server).version_number / 10000;
  CO_TRY(call.connection, co_await context.administrator(intent.source_server, intent.source_name));
  // Not --schema-only: that leaves out which materialized views are to be filled.
  // Large objects come with the rows: they are made and removed while the application runs.
  call.arguments = {"--format=custom", "--compress=0", "--no-blobs", "--no-sync", "--section=pre-data", "--section=post-data", "--lock-wait-timeout=5s",
                    "--file=" + intent.file};
  CO_TRY(const auto held, held_snapshot(context, context.instance().id));
  if (held) call.arguments.push_back("--snapshot=" + held->id);
  auto dumped = co_await call_client(context, std::move(call));
  if (!dumped) co_return std::move(dumped).error().within(fmt::format("the definitions of \"{}\" could not be read", context.instance().database));
  co_return Result<void>();
}

// What sessions of ours may run themselves later, as pg_restore would.
Task<Result<Script>> script_of(StepContext& context, RestoreJob job, const std::vector<ArchiveEntry>& entries, bool (*asked)(const ArchiveEntry&)) {
  std::string lines;
  for (const ArchiveEntry& entry : entries)
    if (asked(entry)) lines += entry.line + "\n";
  Script none;
  if (lines.empty()) co_return none;
  auto list = NamelessFile::make(std::filesystem::temp_directory_path().string());
  if (!list) co_return std::move(list).error().within("the list of what comes after rows can't be written");
  CO_TRY_VOID(list->write(lines));
  ClientCall call;
  call.program = "pg_restore";
  call.major = context.work.facts.servers.at(job.server).version_number / 10000;
  call.connects = false;
  call.arguments = {"--file=-", "--verbose", "--use-list=" + list->path(), job.file};
  CO_TRY(const std::string text, co_await call_client(context, std::move(call)));
  auto script = split_restore_script(text);
  co_return script ? std::move(*script) : none;
}

class Prepare final : public TypedOperation<PrepareIntent, PrepareOutcome> {
 public:
  std::string name() const override { return "prepare_reprovisioned_services"; }
  std::string summary() const override {
    return "While the app still runs, makes in the new database all that can be there before the rows.";
  }
  Subject subject() const override { return Subject::instance; }
  bool applies(const std::string& way, const json&) const override { return way == kShortPause; }
  // The last two in a rehearsal only: all of it is of one moment.
  std::vector<std::string> rests_on() const override { return {"reprovision_collected_instances", "record_source", "hold_snapshot"}; }
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
    co_return intent;
  }

  Task<Result<PrepareOutcome>> effect(StepContext& context, PrepareIntent intent) override {
    PrepareOutcome outcome;
    SessionOptions options;
    options.application_name = context.application_name();
    options.settings = {{"default_transaction_read_only", "on"}};
    CO_TRY(auto source, co_await open_source_reader(context, intent.source_server, intent.source_name, options));
    const int other_version = context.work.facts.servers.at(intent.server).version_number;
    const std::string none;
    CO_TRY(const std::string marker, co_await schema_marker(*source, none));
    CO_TRY(const std::string before, co_await schema_fingerprint(*source, other_version));
    context.progress(Progress{0, 0, "pg_dump of definitions"});
    CO_TRY_VOID(co_await dump_definitions(context, intent));
    CO_TRY(const auto places, co_await read_places(*source));
    CO_TRY(outcome.marker, co_await schema_marker(*source, marker));
    std::string after = before;
    if (marker.empty() || marker != outcome.marker) {
      CO_TRY(after, co_await schema_fingerprint(*source, other_version));
    }
    if (before == after) outcome.fingerprint = after;
    RestoreJob job{context.instance().id, intent.server, intent.name, intent.owner, intent.file, 1};
    CO_TRY(auto entries, co_await entries_of(context, job));
    CO_TRY(const Script of_tenants, co_await script_of(context, job, entries, may_be_made_by_tenant));
    CO_TRY(const Script of_administrator, co_await script_of(context, job, entries, may_be_made_by_administrator));
    PreparedRest rest = sort_entries(std::move(entries), of_tenants, of_administrator, places);
    outcome.entries = static_cast<int>(rest.before.size());
    CO_TRY(const RestoredPortions restored, co_await restore_entries(context, job, std::move(rest.before)));
    outcome.passes = restored.passes;
    SessionOptions writing;
    writing.application_name = context.application_name();
    writing.settings = {{"synchronous_commit", "off"}};
    CO_TRY(auto target, co_await context.open(intent.server, intent.name, writing));
    CO_TRY_VOID(co_await target->script(kAnalyzeCatalogues));
    CO_TRY(rest.plan, co_await plan_transfer(*source, *target));
    CO_TRY_VOID(write_rest(intent.file, rest));
    co_return outcome;
  }

  Task<Result<Seen>> look(StepContext&, PrepareIntent) override {
    Seen seen;
    seen.verdict = Probe::Verdict::partial;  // as with a restore: another empty database is quickly made
    co_return seen;
  }

  Task<Result<std::string>> take_back(StepContext& context, PrepareIntent intent, std::optional<PrepareOutcome>) override {
    CO_TRY_VOID(remove_definitions(intent.file));
    const bool discards_database = true;
    CO_TRY_VOID(co_await drop_tenant_logins(context, intent.server, intent.name, discards_database));
    co_return std::string("the new database goes with its own step");
  }
};

}  // namespace

std::unique_ptr<Operation> make_prepare_reprovisioned_services() { return std::make_unique<Prepare>(); }

}  // namespace pgconvoy

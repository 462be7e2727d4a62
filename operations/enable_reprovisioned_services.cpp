#include "operations/enable_reprovisioned_services.hpp"

#include <fmt/format.h>

#include "engine/postgres/database_properties.hpp"
#include "engine/run/step_context.hpp"
#include "operations/backup_archive.hpp"
#include "operations/database_fence.hpp"
#include "operations/database_owner.hpp"
#include "operations/database_properties.hpp"
#include "operations/handles.hpp"
#include "operations/held_places.hpp"
#include "operations/lossless.hpp"
#include "operations/pivot_gate.hpp"
#include "operations/pivot_snapshot.hpp"
#include "operations/private_files.hpp"

namespace pgconvoy {
namespace {

struct EnableIntent {
  std::string server, temporary_name, final_name;
  std::int64_t oid = 0;
  std::string old_server, old_name;
  std::vector<HeldPlace> held;     // of the variables that are set, to be given back as they were
  std::vector<HeldAlias> aliases;  // likewise
  BackupPlace again;               // where the backup is taken again to, when the one there is can't be seen from here; file "": it isn't
};
struct EnableOutcome {
  std::string address, database;
  int bindings = 0, aliases = 0;
  json backup;  // a BackupFile when it was taken again: the journal catalogues it; else null
  json snapshot;  // a PivotSnapshot, where no application is started afterwards; else null
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(EnableIntent, server, temporary_name, final_name, oid, old_server, old_name, held, aliases, again)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(EnableOutcome, address, database, bindings, aliases, backup, snapshot)

class Enable final : public TypedOperation<EnableIntent, EnableOutcome> {
 public:
  std::string name() const override { return "enable_reprovisioned_services"; }
  std::string summary() const override {
    return "Passes the pivot gate, gives the new database its own name and leads the stopped app and the paused poolers there.";
  }
  Subject subject() const override { return Subject::instance; }
  Estimate estimate(const EstimateInput&) const override { return {0.2, false}; }

  Task<Result<EnableIntent>> plan_effect(StepContext& context) override {
    const std::string id = context.instance().id;
    auto fresh = context.intent<ReprovisionIntent>("reprovision_collected_instances", id);
    auto made = context.outcome<ReprovisionOutcome>("reprovision_collected_instances", id);
    if (!fresh || !made) co_return Error(ErrorKind::internal, "instance " + id + " has no new database to enable");
    EnableIntent intent;
    if (backup_is_out_of_sight(context, id)) {
      CO_TRY(intent.again, choose_backup_place(context, fmt::format("-g{}", context.attempt)));
    } else {
      std::optional<BackupFile> reported;
      CO_TRY_VOID(co_await pass_pivot_gate(context, id, std::move(reported)));
    }
    intent.server = fresh->server;
    intent.temporary_name = fresh->temporary_name;
    intent.final_name = fresh->final_name;
    intent.oid = made->oid;
    intent.old_server = context.source_server(id).id;
    intent.old_name = context.instance().database;
    CO_TRY(intent.held, co_await places_held(context));
    CO_TRY(intent.aliases, co_await aliases_held(context));
    co_return intent;
  }

  Task<Result<EnableOutcome>> effect(StepContext& context, EnableIntent intent) override {
    const std::string id = context.instance().id;
    EnableOutcome outcome;
    if (!intent.again.file.empty()) {
      context.progress(Progress{0, 0, "the backup is on another host and in no store: it is taken again"});
      CO_TRY(const BackupFile backup, co_await make_backup(context, intent.again));
      if (backup.encrypted) CO_TRY_VOID(remove_file(backup.working_file));
      outcome.backup = backup;
      std::optional<BackupFile> taken = backup;
      CO_TRY_VOID(co_await pass_pivot_gate(context, id, std::move(taken)));
    }
    CO_TRY_VOID(co_await remove_readable(context, id));  // restored and verified: nobody needs it any more
    CO_TRY(Session * maintenance, co_await context.maintenance(intent.server));
    CO_TRY_VOID(co_await carry_properties(context, *maintenance, intent));
    FenceOrder rename;
    rename.oid = intent.oid;
    rename.from = intent.temporary_name;
    rename.to = intent.final_name;
    rename.drain = Seconds(0);
    CO_TRY(FenceResult renamed, co_await fence_database(*maintenance, rename));
    (void)renamed;
    if (is_held_once_enabled(context, id)) {
      CO_TRY(const PivotSnapshot held, co_await hold_new_database(context, id));
      outcome.snapshot = held;
    }
    CO_TRY(ConnectionSpec place, co_await context.administrator(intent.server, intent.final_name));
    CO_TRY(outcome.bindings, co_await lead_variables(context, intent.held, place));
    CO_TRY(outcome.aliases, co_await lead_aliases(context, intent.aliases, place));
    outcome.address = place.address();
    outcome.database = intent.final_name;
    co_return outcome;
  }

  Task<Result<Seen>> look(StepContext& context, EnableIntent intent) override {
    CO_TRY(Session * maintenance, co_await context.maintenance(intent.server));
    CO_TRY(auto name, co_await name_of_database(*maintenance, intent.oid));
    Seen seen;
    if (!name) {
      seen.detail = "the new database is gone";
      co_return seen;  // unknown
    }
    CO_TRY(ConnectionSpec place, co_await context.administrator(intent.server, intent.final_name));
    CO_TRY(const LedThere bound, co_await look_at_bindings(context, intent.held, place));
    CO_TRY(const LedThere led, co_await look_at_aliases(context, intent.aliases, place));
    seen.detail = fmt::format("the new database is called \"{}\", {} of {} variables lead there", *name, bound.there, bound.all);
    if (led.all > 0) seen.detail += fmt::format(", and {} of {} aliases of poolers", led.there, led.all);
    if (*name == intent.temporary_name && bound.there == 0 && led.there == 0)
      seen.verdict = Probe::Verdict::partial;  // its settings may have been changed: cheap to take back and repeat
    else if (*name == intent.final_name && bound.there == bound.all && led.there == led.all && intent.again.file.empty())
      seen.verdict = Probe::Verdict::done;  // of a backup that was taken again nothing is known but its file: partial
    else
      seen.verdict = Probe::Verdict::partial;
    seen.outcome.address = place.address();
    seen.outcome.database = intent.final_name;
    seen.outcome.bindings = bound.there;
    seen.outcome.aliases = led.there;
    co_return seen;
  }

  Task<Result<std::string>> take_back(StepContext& context, EnableIntent intent, std::optional<EnableOutcome> outcome) override {
    let_go_of_new_databases(context);
    // What is catalogued is kept.
    if (!intent.again.file.empty() && !(outcome && outcome->backup.is_object())) CO_TRY_VOID(co_await discard_backup(context, intent.again));
    CO_TRY(Session * maintenance, co_await context.maintenance(intent.server));
    CO_TRY(auto name, co_await name_of_database(*maintenance, intent.oid));
    // It could be reached under its own name, by an app that nobody told us about too. The undo of redeploy, where there
    // is one, has looked already.
    if (name && !was_compared(context)) {
      auto fence = context.intent<FenceIntent>("fence_source", context.instance().id);
      auto fresh = context.intent<ReprovisionIntent>("reprovision_collected_instances", context.instance().id);
      if (!fence || !fresh)
        co_return Error(ErrorKind::internal, "instance " + context.instance().id + " has no pair of databases to go back in");
      CO_TRY_VOID(co_await must_lose_nothing(context, *fence, *fresh, intent.oid));
    }
    CO_TRY(const int given_back, co_await give_variables_back(context, intent.held));
    CO_TRY_VOID(co_await give_aliases_back(context, intent.aliases));
    std::string aliases = intent.aliases.empty() ? "" : fmt::format("{} aliases of poolers and ", intent.aliases.size());
    co_return fmt::format("{}{} of {} variables lead to the old database again, as before", aliases, given_back, intent.held.size());
  }

 private:
  // Settings, limit and privileges come after the data (a default_transaction_read_only would have broken the restore),
  // hence after the comparison of what is inside: they are compared here.
  static Task<Result<void>> carry_properties(StepContext& context, Session& maintenance, EnableIntent intent) {
    const std::string id = context.instance().id;
    DatabaseFacts facts = context.database_facts(id);
    const bool all = copies_runtime_options(context);
    auto fence = context.intent<FenceIntent>("fence_source", id);
    const Ownership wanted = ownership_of_new(context, id);
    facts.acl = wanted.acl;
    facts.connection_limit = wanted.connection_limit;
    facts.settings.clear();
    facts.role_settings.clear();
    if (all) {
      // Of some the facts hold no values. They belong to the database's oid, whatever it is called.
      CO_TRY(Session * source, co_await context.maintenance(context.source_server(id).id));
      std::vector<Value> parameters{std::to_string(fence ? fence->oid : facts.oid)};
      CO_TRY(Rows rows, co_await source->query(
                            "select coalesce(r.rolname, ''), c.setting from pg_db_role_setting s left join pg_roles r on "
                            "r.oid = s.setrole, unnest(s.setconfig) with ordinality c(setting, place) "
                            "where s.setdatabase = $1::oid order by 1, c.place",
                            parameters));
      for (std::size_t i = 0; i < rows.size(); ++i)
        (rows.text(i, 0).empty() ? facts.settings : facts.role_settings[rows.text(i, 0)]).push_back(rows.text(i, 1));
    } else {
      auto fresh = context.intent<ReprovisionIntent>("reprovision_collected_instances", id);
      if (fresh && fresh->adopted_oid != 0) {  // what it was given by those who made it beforehand
        const DatabaseFacts own = fresh->adopted.get<DatabaseFacts>();
        facts.settings = own.settings;
        facts.role_settings = own.role_settings;
      }
    }
    // An undo of this step, after it was interrupted, has made it ours.
    CO_TRY(const bool ours, co_await is_taken_over(maintenance, intent.oid));
    const bool allow = true;
    if (ours) CO_TRY_VOID(co_await hand_database_over(maintenance, intent.temporary_name, wanted, allow));
    CO_TRY_VOID(co_await apply_database_properties(maintenance, intent.temporary_name, std::move(facts)));
    if (!all || !fence) co_return Result<void>();
    CO_TRY(Session * source, co_await context.maintenance(fence->server));
    CompareOptions options;
    std::optional<Ownership> before;
    if (!fence->owner.empty()) before = before_fence(*fence);
    CO_TRY(auto differences, co_await compare_database_properties(*source, fence->fenced_name, maintenance,
                                                                  intent.temporary_name, before, options));
    if (differences.empty()) co_return Result<void>();
    std::string named;
    for (std::size_t i = 0; i < differences.size() && i < 5; ++i)
      named += fmt::format("\n  {} {}: old {}; new {}", differences[i].kind, differences[i].object,
                           differences[i].source.empty() ? "(missing)" : differences[i].source,
                           differences[i].target.empty() ? "(missing)" : differences[i].target);
    co_return Error(ErrorKind::corrupt, fmt::format("the new database itself is not equal to the old one: {} differences{}",
                                                    differences.size(), named))
        .on(intent.server);
  }

  // By the undo of a redeploy that came after this enabling; one of an earlier attempt says nothing about this one.
  static bool was_compared(const StepContext& context) {
    const auto enabled = context.work.record.steps.find(context.step.path);
    if (enabled == context.work.record.steps.end()) return false;
    for (const StepPlan& planned : context.work.planned.steps) {
      if (planned.operation != "redeploy") continue;
      const auto found = context.work.record.steps.find(planned.path);
      if (found == context.work.record.steps.end() || found->second.status != StepStatus::undone) continue;
      if (found->second.first_started < enabled->second.first_started) continue;
      for (const auto& [environment, binding] : context.bindings_of(context.instance().id))
        if (environment->id == planned.subject) return true;
    }
    return false;
  }

  static bool copies_runtime_options(const StepContext& context) {
    for (const StepPlan& planned : context.work.planned.steps)
      if (planned.operation == "reprovision_collected_instances" && planned.subject == context.instance().id)
        return planned.arguments.value("copy_runtime_options", true);
    return true;
  }

};

}  // namespace

std::unique_ptr<Operation> make_enable_reprovisioned_services() { return std::make_unique<Enable>(); }

}  // namespace pgconvoy

#include "operations/pivot_snapshot.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "engine/plan/verification.hpp"
#include "engine/postgres/late_compare.hpp"
#include "operations/handles.hpp"

namespace pgconvoy {

PGCONVOY_JSON_FIELDS(PivotSnapshot, snapshot, backend, tables, sequences)

namespace {

constexpr const char* kMomentPrefix = "moment before the pivot of ";

// Beside the sessions of servers, whose ids hold no space.
std::string moment_key(const std::string& instance) { return kMomentPrefix + instance; }

Task<Result<PivotSnapshot>> export_moment(Session& session) {
  PivotSnapshot held;
  held.backend = session.backend_pid();
  CO_TRY_VOID(co_await session.script(begin_holding_sql()));
  CO_TRY(const Rows exported, co_await session.query("select pg_export_snapshot(), (select count(*) from pg_class where relkind = 'r' and oid >= 16384), "
                                                     "(select count(*) from pg_class where relkind = 'S' and oid >= 16384)"));
  held.snapshot = exported.text(0, 0);
  held.tables = exported.number(0, 1);
  held.sequences = exported.number(0, 2);
  co_return held;
}

bool is_planned(const StepContext& context, const std::string& operation, const std::string& instance) {
  const auto& steps = context.work.planned.steps;
  return std::any_of(steps.begin(), steps.end(), [&](const StepPlan& step) { return step.operation == operation && (instance.empty() || step.subject == instance); });
}

Task<Result<PivotSnapshot>> hold_moment_of(StepContext& context, std::string instance) {
  auto fresh = context.intent<ReprovisionIntent>("reprovision_collected_instances", instance);
  if (!fresh) co_return Error(ErrorKind::internal, "instance " + instance + " has no new database to be looked at later");
  SessionOptions options;
  options.application_name = context.application_name();
  CO_TRY(auto session, co_await context.open(fresh->server, fresh->final_name, options));
  CO_TRY(const PivotSnapshot held, co_await export_moment(*session));
  context.work.maintenance[moment_key(instance)] = std::move(session);
  co_return held;
}

// A session of its own: those that hold are in their transactions.
struct WatchedMoment {
  std::string instance;
  SessionPtr look;
  std::optional<SteadyTime> waited_for_since;
};

Task<std::vector<WatchedMoment>> watch_moments(StepContext& context) {
  std::vector<WatchedMoment> all;
  for (const StepPlan& step : context.work.planned.steps) {
    if (step.operation != kLateVerification || !context.work.maintenance.contains(moment_key(step.subject))) continue;
    const auto fresh = context.intent<ReprovisionIntent>("reprovision_collected_instances", step.subject);
    if (!fresh) continue;
    SessionOptions options;
    options.application_name = context.application_name();
    auto session = co_await context.open(fresh->server, fresh->final_name, options);
    if (session) all.push_back({step.subject, std::move(*session), std::nullopt});
  }
  co_return std::move(all);
}

Task<void> look_at_moment(StepContext& context, WatchedMoment& watched) {
  constexpr Seconds kPatience{5};
  const auto held = context.work.maintenance.find(moment_key(watched.instance));
  if (held == context.work.maintenance.end() || !held->second || !watched.look->usable()) co_return;
  std::vector<int> ours{held->second->backend_pid()};
  auto waiting = co_await who_waits_for(*watched.look, std::move(ours));
  if (!waiting || waiting->empty()) {
    watched.waited_for_since.reset();
    co_return;
  }
  const SteadyTime now = std::chrono::steady_clock::now();
  if (!watched.waited_for_since) watched.waited_for_since = now;
  if (now - *watched.waited_for_since >= kPatience) let_go_of_new_database(context, watched.instance);
}

}  // namespace

Task<Result<std::map<std::string, PivotSnapshot>>> hold_new_databases(StepContext& context) {
  let_go_of_new_databases(context);
  std::map<std::string, PivotSnapshot> all;
  for (const StepPlan& step : context.work.planned.steps) {
    if (step.operation != kLateVerification) continue;
    CO_TRY(all[step.subject], co_await hold_moment_of(context, step.subject));
  }
  co_return all;
}

Task<std::optional<HeldMoment>> held_moment(StepContext& context, std::string instance) {
  const auto held = context.work.maintenance.find(moment_key(instance));
  if (held == context.work.maintenance.end() || !held->second) co_return std::nullopt;
  Session& session = *held->second;
  // In its transaction the same snapshot has a name for each time that it is exported.
  Result<Rows> exported = Error(ErrorKind::conflict, "the session has ended");
  if (session.usable()) exported = co_await session.query("select pg_export_snapshot()");
  if (exported) co_return HeldMoment{exported->text(0, 0), &session};
  let_go_of_new_database(context, instance);
  co_return std::nullopt;
}

void let_go_of_new_database(StepContext& context, const std::string& instance) {
  const auto held = context.work.maintenance.find(moment_key(instance));
  if (held == context.work.maintenance.end()) return;
  if (held->second) held->second->close();
  context.work.maintenance.erase(held);
}

void let_go_of_new_databases(StepContext& context) {
  std::erase_if(context.work.maintenance, [](const auto& entry) {
    if (!entry.first.starts_with(kMomentPrefix)) return false;
    if (entry.second) entry.second->close();
    return true;
  });
}

Task<Result<PivotSnapshot>> hold_new_database(StepContext& context, std::string instance) {
  let_go_of_new_database(context, instance);
  co_return co_await hold_moment_of(context, std::move(instance));
}

bool is_held_once_enabled(const StepContext& context, const std::string& instance) {
  return is_planned(context, kLateVerification, instance) && !is_planned(context, "redeploy", "");
}

bool holds_new_databases(const StepContext& context) {
  return std::any_of(context.work.maintenance.begin(), context.work.maintenance.end(), [](const auto& entry) { return entry.first.starts_with(kMomentPrefix); });
}

Task<Result<void>> give_way_to_the_application(StepContext& context) {
  std::vector<WatchedMoment> watched = co_await watch_moments(context);
  for (;;) {
    co_await sleep_for(Seconds(1));
    for (WatchedMoment& each : watched) co_await look_at_moment(context, each);
  }
}

}  // namespace pgconvoy

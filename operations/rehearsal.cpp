#include "operations/rehearsal.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace pgconvoy {

PGCONVOY_JSON_FIELDS(HoldOutcome, snapshot, backend, tables)
PGCONVOY_JSON_FIELDS(RecordIntent, server, name, file)

namespace {

const StepPlan* removal_of(const StepContext& context) {
  const auto& steps = context.work.planned.steps;
  const auto found = std::find_if(steps.begin(), steps.end(), [](const StepPlan& step) { return step.operation == "remove_rehearsal"; });
  return found == steps.end() ? nullptr : &*found;
}

// Beside the sessions of servers, whose ids hold no space.
std::string key_of(const std::string& instance) { return "snapshot of " + instance; }

}  // namespace

bool rehearses(const StepContext& context) { return removal_of(context) != nullptr; }

bool keeps_backup(const StepContext& context) {
  const StepPlan* removal = removal_of(context);
  return removal == nullptr || removal->arguments.value("keep_backup", false);
}

void hold_snapshot_in(StepContext& context, const std::string& instance, SessionPtr session) {
  context.work.maintenance[key_of(instance)] = std::move(session);
}

void let_go_of_snapshot(StepContext& context, const std::string& instance) {
  const auto held = context.work.maintenance.find(key_of(instance));
  if (held == context.work.maintenance.end()) return;
  if (held->second) held->second->close();
  context.work.maintenance.erase(held);
}

Result<std::optional<HeldSnapshot>> held_snapshot(StepContext& context, const std::string& instance) {
  if (!rehearses(context)) return std::optional<HeldSnapshot>();
  const auto outcome = context.outcome<HoldOutcome>("hold_snapshot", instance);
  const auto held = context.work.maintenance.find(key_of(instance));
  const bool ours = outcome && held != context.work.maintenance.end() && held->second && held->second->usable() &&
                    held->second->backend_pid() == outcome->backend;
  if (ours) return std::optional<HeldSnapshot>({outcome->snapshot, held->second.get()});
  Error gone(ErrorKind::conflict, fmt::format("the snapshot of \"{}\" is gone with the session that held it", context.fleet().instances.at(instance).database),
             "it is taken anew, and what rests on it done again");
  gone.retryable = true;
  return std::move(gone).on(context.source_server(instance).id);
}

Task<Result<SessionPtr>> open_source_reader(StepContext& context, std::string server, std::string database, SessionOptions options) {
  CO_TRY(const auto held, held_snapshot(context, context.instance().id));
  CO_TRY(SessionPtr session, co_await context.open(std::move(server), std::move(database), std::move(options)));
  if (held)
    CO_TRY_VOID(co_await session->script(fmt::format("begin transaction isolation level repeatable read, read only; set transaction snapshot {}; "
                                                     "set local idle_in_transaction_session_timeout = 0",
                                                     session->quote_literal(held->id))));
  co_return std::move(session);
}

Task<Result<std::vector<RehearsalLeftover>>> rehearsal_leftovers(Session& maintenance) {
  // Who works on a target has a session on its server, which names run and target as the database does.
  std::vector<Value> parameters{std::string(kRehearsalComment)};
  CO_TRY(const Rows rows, co_await maintenance.query(
                              "select s.datname, s.comment from (select datname::text, shobj_description(oid, 'pg_database') as comment, "
                              R"(regexp_replace(datname::text, '^pgconvoy_([a-z0-9]+)_(r[0-9]+)_(t[0-9]+)_.*$', 'pgconvoy/\1-\2/\3/') as worker )"
                              "from pg_database where datname::text ~ '^pgconvoy_[a-z0-9]+_r[0-9]+_t[0-9]+_i[0-9]+_e[0-9]+$') s "
                              "where left(s.comment, length($1)) = $1 and not exists (select from pg_stat_activity a "
                              "where left(a.application_name, length(s.worker)) = s.worker) order by 1",
                              parameters));
  std::vector<RehearsalLeftover> leftovers;
  for (std::size_t i = 0; i < rows.size(); ++i) leftovers.push_back({rows.text(i, 0), rows.text(i, 1)});
  co_return leftovers;
}

std::string rehearsal_comment(const StepContext& context) {
  return fmt::format("{}r{} of {}: goes by itself. When no pgconvoy is at work on it: pgconvoy resume r{}", kRehearsalComment, context.work.run,
                     context.work.planned.target.id, context.work.run);
}

}  // namespace pgconvoy

// The moment before the pivot, held in each new database of a target whose contents are compared late: a read-only transaction
// in a session of ours that has exported its snapshot. It lives in this process only: whoever goes on after another one has lost it.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "engine/run/step_context.hpp"

namespace pgconvoy {

// What is journaled of one: nobody can look through it but by the session that holds it.
struct PivotSnapshot {
  std::string snapshot;  // as pg_export_snapshot() calls it
  int backend = 0;       // of the session that holds it
  std::int64_t tables = 0, sequences = 0;  // that it shows
};
PGCONVOY_JSON(PivotSnapshot);

// Takes one in each instance that has a late verification in its plan. By instance. REQUIRES: the new databases have their own
// names, and the pivot isn't journaled: what was written afterwards would be in it. Those held before are let go of.
Task<Result<std::map<std::string, PivotSnapshot>>> hold_new_databases(StepContext& context);

// Of one whose plan has no step that starts an application. REQUIRES: as above, right after it got its own name.
Task<Result<PivotSnapshot>> hold_new_database(StepContext& context, std::string instance);
// Is it to be compared late, and does no later step of the plan hold it?
bool is_held_once_enabled(const StepContext& context, const std::string& instance);

struct HeldMoment {
  std::string snapshot;
  Session* session;  // valid until let_go_of_new_databases() or the target's end
};
// None: another process held it, or its session has ended.
Task<std::optional<HeldMoment>> held_moment(StepContext& context, std::string instance);

void let_go_of_new_database(StepContext& context, const std::string& instance);
void let_go_of_new_databases(StepContext& context);
bool holds_new_databases(const StepContext& context);

// For beside a wait: never ends by itself. Lets go of what a statement of the application has waited for for some seconds, such
// as CREATE INDEX CONCURRENTLY of a migration at its start: its contents can't be compared then.
Task<Result<void>> give_way_to_the_application(StepContext& context);

}  // namespace pgconvoy

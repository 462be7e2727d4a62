// What the steps of a rehearsal share: the snapshot of the source that is held while it is recorded and dumped, and the file
// that the record is in.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/postgres/recorded.hpp"
#include "engine/run/step_context.hpp"
#include "operations/handles.hpp"

namespace pgconvoy {

// Does the target's plan rehearse, so that nothing of it stays?
bool rehearses(const StepContext& context);
// Its backup stays all the same.
bool keeps_backup(const StepContext& context);

// Outcome of hold_snapshot.
struct HoldOutcome {
  std::string snapshot;  // as pg_export_snapshot() calls it
  int backend = 0;
  int tables = 0;        // locked in ACCESS SHARE
};
PGCONVOY_JSON(HoldOutcome);

struct HeldSnapshot {
  std::string id;      // for pg_dump --snapshot
  Session* session;    // in its transaction; valid until let_go_of_snapshot() or the target's end
};

// The session stays with the target's work in this process, and ends with it at the latest.
void hold_snapshot_in(StepContext& context, const std::string& instance, SessionPtr session);
void let_go_of_snapshot(StepContext& context, const std::string& instance);

// None when the target isn't rehearsed. Error conflict, retryable: it was held by another process, or its session is lost;
// what rests on it begins anew then.
Result<std::optional<HeldSnapshot>> held_snapshot(StepContext& context, const std::string& instance);

// A session that reads in the instance's database on the source: a rehearsal's sees the moment that is held, in a transaction of its
// own, any other what there is. Errors as of held_snapshot().
Task<Result<SessionPtr>> open_source_reader(StepContext& context, std::string server, std::string database, SessionOptions options);

// Intent of record_source.
struct RecordIntent {
  std::string server, name, file;
};
PGCONVOY_JSON(RecordIntent);

// "pgconvoy rehearsal r7 of shop-live: ...": what whoever meets the scratch database is told, and doctor looks for.
inline constexpr const char* kRehearsalComment = "pgconvoy rehearsal ";
std::string rehearsal_comment(const StepContext& context);

struct RehearsalLeftover {
  std::string database, comment;
};
// Scratch databases of rehearsals on the session's server that no process is at work on. Reads only.
Task<Result<std::vector<RehearsalLeftover>>> rehearsal_leftovers(Session& maintenance);

}  // namespace pgconvoy

// What the journal holds: events, and the state that is a fold over them. docs/journal.md specifies the format.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/core/clock.hpp"
#include "engine/core/json.hpp"

namespace pgconvoy {

enum class EventKind {
  run_planned,     // data: the plan without its targets
  target_planned,  // data: PlannedTarget; one per target, in the order of the run
  run_started,     // data: host, pid, version
  run_intent,      // data: intent = none | pause | cancel
  run_ended,       // data: state, reason
  run_waits,       // data: waits = list of why, what, text, targets, until; an empty one: nothing waits any more
  wave_opened,     // data: wave, first, last
  wave_ended,      // data: wave, succeeded, failed, skipped, left, soak_until, needs_approval
  wave_approved,   // data: wave, by, reason
  limits_set,      // data: changes = name -> text, by, reason
  target_asked,    // about the run; data: target, what = skip | retry, by, reason
  app_unhealthy,   // about the run; data: target, environment, detail
  owner_notice,    // about the run; data: target, environments, when = before | after, at (from when on, or when it was moved)
  pause_over_budget,  // about the run; data: target, environments, budget (seconds), paused_at
  target_claimed,  // epoch is the new one; data: host, pid
  facts_gathered,  // data: digest, findings
  override_given,  // data: condition, reason
  step_started,    // data: intent (handles and undo data), committed before the effect
  step_probed,     // data: verdict = done | absent | partial | unknown, detail
  step_succeeded,  // data: outcome, seconds
  step_failed,     // data: error
  pivot,           // committed before the first process with the new binding starts
  undo_started,
  step_undone,          // data: detail
  undo_failed,          // data: error
  target_rolling_back,  // data: error, step
  target_rolled_back,
  target_succeeded,
  target_skipped,        // data: reason, findings
  target_stuck,          // data: reason, live_database, ways_out
  target_resolved,       // data: step, as, reason
  obligation_made,       // data: Obligation
  obligation_done,       // data: id, detail
  obligation_cancelled,  // data: id, reason
  note,                  // data: text; a line for `logs`
};

const char* to_string(EventKind kind);
std::optional<EventKind> event_kind_from_string(const std::string& name);

struct Event {
  std::int64_t sequence = 0;  // given by the journal, ascending over the whole journal
  std::int64_t run = 0;
  int target = 0;    // number within the run, from 1; 0: the run itself
  std::string step;  // path; "" when it is about the target or the run
  int attempt = 0;
  int epoch = 0;
  EventKind kind = EventKind::note;
  WallTime at;
  json data = json::object();  // never a secret
};

enum class RunState { planned, running, succeeded, finished_with_failures, halted, cancelled };
enum class RunIntent { none, pause, cancel };
enum class TargetState { pending, running, succeeded, skipped, rolling_back, rolled_back, stuck };
enum class StepStatus { none, started, succeeded, failed, unknown, undo_started, undone, undo_failed };

const char* to_string(RunState state);
const char* to_string(RunIntent intent);
const char* to_string(TargetState state);
const char* to_string(StepStatus status);
RunState run_state_from_string(const std::string& name);
RunIntent run_intent_from_string(const std::string& name);
TargetState target_state_from_string(const std::string& name);
StepStatus step_status_from_string(const std::string& name);

struct StepRecord {
  std::string path;
  StepStatus status = StepStatus::none;
  int attempt = 0, epoch = 0;
  // Sequence of its first step_started since it was last undone or found absent: the order that undo reverses.
  std::int64_t first_started = 0;
  json intent, outcome, error;  // null when there is none
  std::optional<WallTime> started, ended;
};

struct TargetRecord {
  std::int64_t run = 0;
  int number = 0;
  std::string id, region;
  TargetState state = TargetState::pending;
  int epoch = 0;
  bool pivoted = false;
  json reason;  // of the last failure, skip or stuck; null otherwise
  std::optional<WallTime> started, ended;
  std::optional<WallTime> paused_at, resumed_at;  // first page_on succeeded .. page_off succeeded (or undone)
  std::map<std::string, StepRecord> steps;        // by path
  // Steps in the order of their first start.
  std::vector<const StepRecord*> in_order() const;
};

struct RunRecord {
  std::int64_t id = 0;
  std::string name;  // "r7"
  RunState state = RunState::planned;
  RunIntent intent = RunIntent::none;
  std::string runbook, runbook_digest;
  WallTime created;
  std::optional<WallTime> started, ended;
  json plan;  // data of run_planned
  std::map<TargetState, int> counts;
};

struct Obligation {
  std::string id;              // "r7/t42/drop_source/shop-live-db"
  std::string kind;            // drop_source | confirm_binding | accept_verification | delete_backup
  std::string state = "open";  // open | done | cancelled
  std::string due;             // RFC 3339
  std::string waits_for;       // id of another obligation, or ""
  json data;                   // handles: server, names, oid, system identifier
};
PGCONVOY_JSON(Obligation);

// The fold: the only place that gives events their meaning, for a target in memory and for projections alike.
// An event that can't follow the state it meets (an outcome without an intent, a lower epoch) is an error text;
// "" when it was applied.
std::string apply(TargetRecord& target, const Event& event);
std::string apply(RunRecord& run, const Event& event);

}  // namespace pgconvoy

// A run as its report sees it: what the journal holds, put together per target. Pure.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "engine/core/clock.hpp"
#include "engine/core/error.hpp"
#include "engine/journal/journal.hpp"
#include "engine/journal/step_path.hpp"
#include "engine/plan/plan.hpp"
#include "engine/plan/remaining.hpp"
#include "engine/plan/rollout_record.hpp"
#include "engine/report/accepted_risks.hpp"
#include "engine/report/forecast_grade.hpp"
#include "engine/report/measured.hpp"
#include "engine/report/recent_pace.hpp"
#include "engine/report/targets_tally.hpp"

namespace pgconvoy::report {

// An old database that clients can't reach by its name any more.
struct FencedDatabase {
  std::string server, database, fenced_name;
};

// A role that the move made with an md5 verifier, for clients that can't do better.
struct Md5Debt {
  std::string server, role;
};

struct TargetSummary {
  int number = 0;
  std::string id, region;
  TargetState state = TargetState::pending;
  std::vector<std::string> moves;    // "eu-pg13 -> eu-pg15", each once; in place "eu-pg15"
  bool in_place = false;             // nothing was to be moved
  std::int64_t bytes = 0;            // of its databases, as planned
  std::optional<Seconds> paused;     // for how long; up to now while it still is
  bool is_paused = false;
  bool waits_for_pause = false;      // prepared; --max-paused lets no more be paused
  std::optional<Seconds> total;
  std::string step;                  // path of the step in flight, or of the one that failed
  bool verified = false;
  std::int64_t verified_rows = 0, verified_bytes = 0;
  std::string verification;          // "before", "snapshot", "counts": how it was to be verified; "": its runbook doesn't say
  std::string verification_outcome;  // of one that compares contents after the pivot, for people; "": none yet
  bool verification_is_partial = false;  // some of it, or all, was only counted, or is accepted by somebody
  std::string reason;                // why it isn't succeeded; "" when there is nothing to say
  Error error;                       // the error behind it; no message when there is none
  std::string first_step;            // where it began, when `error` is only what the undo met afterwards
  Error first_error;
  bool under_way = false;            // a process is at work on it now: whoever asked made sure of that
  bool let_go = false;               // on the way, for `reason`: its process ended the work on it by itself
  bool controlled = true;            // pgconvoy stops and starts an application of it, or its poolers: only then is it paused
  std::vector<Finding> findings;     // blocking ones of a skipped target
  std::string live_database;         // of a stuck one
  std::vector<std::string> ways_out; // of a stuck one
  bool asked_back = false;           // rolled back because somebody asked for it
  bool cancelled = false;            // never begun, because the run was cancelled
  bool rehearsal = false;            // nothing was to be moved: a copy was restored, and is gone again
  bool dropped_source = false;       // an old database of it is gone for good
  std::vector<FencedDatabase> fenced;
  std::vector<Md5Debt> md5_debts;
  std::map<std::string, std::string> left_out;  // step -> why a person left it (or its undo) out
};

struct HandOver {
  std::string obligation, target, environment;
  std::vector<std::string> new_urls;
  bool confirmed = false;
};

struct KeptDatabase {
  std::string obligation, target, instance, server, database, fenced_name, due, waits_for, state;
};

struct RunSummary {
  std::int64_t id = 0;
  std::string name, runbook, runbook_digest, state, intent, created, started, ended, backup_directory;
  std::uint64_t seed = 0;
  json parameters;                     // effective_parameters()
  RunTotals totals;
  std::map<std::string, RegionCounts> regions;
  std::vector<TargetSummary> targets;  // in the order of the run; see read_standing()
  std::vector<HandOver> hand_overs;
  std::vector<KeptDatabase> kept;      // drop_source
  std::vector<Obligation> other_obligations;
  std::map<std::string, std::string> unaccepted;  // obligation -> target whose contents were never compared: its old database is kept
  std::vector<BackupRecord> backups;   // still kept
  RolloutRecord rollout;               // waves, limits, what is waited for
  bool rehearsal = false, in_place = false;  // of a run in place nothing was to be moved
  std::vector<MeasuredOperation> measured;  // of a rehearsal
  bool brief = false;                  // of a large run: no sizes, hand-overs, obligations and backups
  std::vector<AcceptedRisk> accepted;  // when the run was planned
  std::optional<ForecastGrade> grade;  // what was foretold against what it took
  std::optional<RestForecast> rest;    // what is left, of a run under way
  std::vector<std::string> window_warnings;
  std::optional<RecentPace> pace;      // of a large run under way, which isn't simulated
};

struct SummaryInput {
  RunRecord run;
  std::vector<PlannedTarget> planned;       // in the order of the run
  std::vector<TargetRecord> targets;        // with steps
  std::vector<Obligation> obligations;      // of any run; those of this one are taken
  std::vector<BackupRecord> backups;        // likewise
  std::map<int, json> first_failures;       // data of target_rolling_back, of those that are stuck
  std::map<int, std::string> left_because;  // of those that were let go of on the way
  RolloutRecord rollout;
  bool brief = false;                       // see read_brief()
  std::optional<PlannedTarget> first_planned;  // of a brief one: what all targets have alike
  TargetsTally counted;                     // of targets that aren't in `targets`; see read_standing()
  std::optional<PaceMeter> pace;            // of all, where some are only counted
  WallTime now;
};
RunSummary summarize(const SummaryInput& input);

// What a target's own record says, its plan left out.
TargetSummary summarize_record(const TargetRecord& record, WallTime now);

// Puts into the summary of a target what its steps say: verification, fences, debts, what was left out.
void read_steps(TargetSummary& summary, const TargetRecord& record);

// The same for some targets only: with their totals and what is kept of them.
RunSummary only_targets(const RunSummary& whole, const std::set<int>& numbers);

// Skipped because the run was cancelled before it was begun.
bool is_cancelled(const TargetRecord& target);

// What the runbook's operations go by, defaults and --set put in: name -> value, durations in seconds. Services and
// what is switched on as usual are left out.
json effective_parameters(const Plan& plan);
// "retention 7 d", "max_pause the downtime budget of each environment", ...
std::vector<std::string> parameters_in_words(const json& parameters);
// A retention of 0: there is no old database to go back to afterwards.
bool drops_at_once(const json& parameters);

// False when every application of the target is somebody else's (controller none), or nothing binds its database.
bool is_controlled(const Fleet& fleet, const Target& target);

// Fills in first_failures and left_because, which the projections don't keep, where there is something to explain. Blocking.
Result<void> read_causes(Journal& journal, SummaryInput& input);

// Where the run is, from its own events. Blocking.
Result<RolloutRecord> read_rollout(Journal& journal, const RunRecord& run);

// What says how a run stands, whatever its size: states of all targets, and all of those that are in flight or stuck. Without
// the plan: every application is taken to be controlled. Blocking.
Result<SummaryInput> read_brief(Journal& journal, std::int64_t run, WallTime now);

// The same without the targets that nothing is to be said of but their number: those that are neither in flight nor stuck are counted
// only, whatever their number is. Blocking.
Result<SummaryInput> read_standing(Journal& journal, std::int64_t run, WallTime now);

// The same of one target as a run of its own: what summarize() says of the whole is of that one then. Blocking.
Result<SummaryInput> read_summary_of_target(Journal& journal, std::int64_t run, int number, WallTime now);

// Reads everything that summarize() wants. Blocking.
Result<SummaryInput> read_summary(Journal& journal, std::int64_t run, WallTime now);

}  // namespace pgconvoy::report

// What a run would do, as data: computed without changing anything, stored in the journal, executed as it stands.
#pragma once

#include <optional>

#include <map>
#include <string>
#include <vector>

#include "engine/core/json.hpp"
#include "engine/facts/condition.hpp"
#include "engine/fleet/fleet.hpp"
#include "engine/fleet/target.hpp"
#include "engine/run/operation.hpp"
#include "engine/run/runbook.hpp"

namespace pgconvoy {

struct StepPlan {
  std::string path;       // "with_maintenance_page/fence_source@shop-live-db": identity within runbook and target
  std::string operation;
  std::string subject;    // id of instance or environment; "" for the target
  json arguments;
  double seconds = 0;     // estimate: as likely less as more
  bool while_paused = false;
  double seconds_p90 = 0;                // nine times of ten it takes at most that
  std::map<std::string, double> work;    // what the estimate was made of: term -> amount; empty: nobody estimated it
};

struct Placement {
  std::string source_server, target_server;  // server ids
  std::string because;                       // why this one, when there was a choice
};

struct PlannedTarget {
  int number = 0;  // from 1, in the order of the run
  Target target;
  std::map<std::string, Placement> placements;  // by instance
  std::vector<StepPlan> steps;
  std::vector<Finding> findings;
  std::string facts_digest;
  std::int64_t bytes = 0;   // of its databases
  double seconds = 0, paused_seconds = 0;  // as likely less as more, with `beside` targets at work
  double seconds_p90 = 0, paused_p90 = 0;  // nine times of ten it takes at most that
  // Standard deviations of the logarithm of its seconds: its own, and what all targets of its pair of servers have in common.
  double spread = 0, shared_spread = 0;
  double beside = 1;            // targets that are in flight in its region meanwhile, itself included
  std::vector<int> after;       // numbers of the test targets of its applications: they go first
  std::string way = "throughput", way_because;  // see way.hpp
  std::string verification, verification_because;  // see verification.hpp; "": its runbook doesn't say
  std::string early_because;    // why it comes before its place in the shuffle; "": it doesn't
  bool blocked() const;     // a finding of severity block that was not overridden
};

struct RunOptions {
  int concurrency = 8;             // targets at a time over all regions
  int concurrency_per_region = 2;  // a region's own limit in the fleet file wins
  bool regions_own_limits = true;  // false: it was changed while the run went on, and wins
  std::optional<int> concurrency_per_source, concurrency_per_target;  // servers
  std::optional<int> max_paused;                                      // targets in their pause at a time, by this process
  std::optional<std::int64_t> bytes_in_flight;                        // of the databases that are being moved
  std::optional<std::int64_t> min_free_disk;                          // bytes, where backups and new databases go
  std::string max_failures = "0";  // N or P%: more than that halts the run
  std::string max_failures_per_wave, max_failures_per_region;  // the same; "": no limit of their own
  std::string waves;               // "3,10,25%": see wave_ends(); "": one
  double soak = 0;                 // seconds between two waves
  bool approve = false;            // a person lets each wave but the first go
  int canaries = 3;                // how many are chosen to go first when none is labelled, in a run with waves
  bool notices = true;             // targets wait until their owners were told as long before as the fleet says
  bool test_first = true;          // live targets wait until the test target of their application has succeeded
  std::string windows;             // of all regions, see parse_windows(); "": the fleet's own, "always": none
  bool wait_for_windows = false;   // false: the run rests when all that is left waits for a window or a freeze
  std::optional<int> batch;        // targets that are begun at most by one call
  std::string throttle_when;       // "active>50,lag>10s,load>8"; "": never
  std::uint64_t seed = 0;
  std::string way = "throughput";       // throughput | short-pause | auto
  std::string on_failure = "rollback";  // rollback | leave
  std::string backup_directory;
  std::string backup_note;                             // for people, kept with each backup of the run
  std::optional<double> backup_retention;              // seconds; none: the fleet's policy
  std::map<std::string, std::string> overrides;  // condition -> reason
};

struct Plan {
  Fleet fleet;             // frozen
  Runbook runbook;         // parameters put in
  std::string runbook_digest, fleet_digest;
  RunOptions options;
  Requirements requirements;
  std::vector<PlannedTarget> targets;  // in order
  std::string fleet_file;  // absolute path of the fleet file, or the two servers' URLs
  std::string continues;   // the run that this one goes on from, such as "r7"; "": none
  double contention = 0;   // with n targets in flight in its region each takes n to this power as long as alone
  json forecast;           // what was foretold of the whole run (forecast_json); null: nothing
};

void to_json(json& target, const StepPlan& step);
void from_json(const json& source, StepPlan& step);
void to_json(json& target, const Placement& placement);
void from_json(const json& source, Placement& placement);
void to_json(json& target, const Requirements& requirements);
void from_json(const json& source, Requirements& requirements);
void to_json(json& target, const PlannedTarget& planned);
void from_json(const json& source, PlannedTarget& planned);
void to_json(json& target, const RunOptions& options);
void from_json(const json& source, RunOptions& options);
// Without the targets (they are events of their own).
json plan_header(const Plan& plan);
Plan plan_from_header(const json& header);

// The flat steps of a runbook on a target: brackets become opening and closing steps, one step per subject; a
// path that repeats gets an ordinal on its operation's name (with_maintenance_page/redeploy#2@shop-live). Operations
// come one after the other, each for all its subjects; those on instances get the collected ones. Bracket arguments
// go to the opening and closing operations that know the name. REQUIRES: requirements_of() accepted the runbook,
// its parameters were put in. Operations that don't apply to the way are left out. Pure.
std::vector<StepPlan> expand(const Runbook& runbook, const OperationRegistry& operations, const Fleet& fleet,
                             const Target& target, const std::string& way = "throughput");

// What the runbook's operations say they need. Error usage when they contradict each other.
Result<Requirements> requirements_of(const Runbook& runbook, const OperationRegistry& operations);

// The instances of a target that are to be moved: in the wanted state, on a server that offers the source service.
// An environment may bind others too; they stay as they are.
std::vector<std::string> collected_instances(const Fleet& fleet, const Target& target, const Requirements& requirements);

struct EstimateModel;  // engine/plan/estimate.hpp

// Puts what the operations have to do, and how long that takes by the model, into the steps and the target. Paused is what comes
// after the first page_on up to and with the page_off that takes the last page away. `beside`: see PlannedTarget. Pure.
void estimate(PlannedTarget& planned, const OperationRegistry& operations, const TargetFacts& facts, const EstimateModel& model,
              double beside = 1);

// Puts the targets in the order of the run and numbers them from 1, from the order that they come in (shuffled): canaries
// first, test targets before the live ones of their application, the longest tenth of a region not in its last third, and
// neighbours on different servers where that is possible. Fills in `after` and `early_because`. REQUIRES: estimate() was
// called. Pure; the same for the same input.
void arrange(std::vector<PlannedTarget>& targets, const Fleet& fleet, const RunOptions& options);

// Seeded shuffle, the same on every machine for the same seed and set, whatever order the set comes in. Numbers the
// targets from 1 in their new order. Pure.
void shuffle(std::vector<PlannedTarget>& targets, std::uint64_t seed);

}  // namespace pgconvoy

// The durable, append-only record of runs. Events are the truth; what the readers below return comes from
// projections that are written in the event's own transaction.
#pragma once

#include <filesystem>
#include <functional>
#include <initializer_list>
#include <memory>
#include <string>
#include <vector>

#include "engine/core/error.hpp"
#include "engine/journal/event.hpp"

namespace pgconvoy {

struct BackupRecord {
  std::int64_t run = 0;
  int target = 0;
  std::string target_id, instance, server, database, file, sha256, format, created, state;  // state: kept | deleted
  std::int64_t bytes = 0;
  json details = json::object();  // what else its step said of it: host, note, expires, encrypted, key in a store
};

// The targets of a new run, each made when it is its turn: a plan of very many needn't stand in memory twice.
struct PlannedTargets {
  using Maker = std::function<json(std::size_t)>;
  PlannedTargets(std::vector<json> all)  // NOLINT: most callers have them at hand
      : count(all.size()), make([all = std::make_shared<std::vector<json>>(std::move(all))](std::size_t index) { return std::move(all->at(index)); }) {}
  PlannedTargets(std::initializer_list<json> all) : PlannedTargets(std::vector<json>(all)) {}
  PlannedTargets(std::size_t number, Maker maker) : count(number), make(std::move(maker)) {}

  std::size_t count;
  Maker make;  // data of target_planned, asked for once each, from 0
};

// Blocking, so it is called on the pool or by a command that has no loop. Any thread may call; calls go on one at a
// time.
class Journal {
 public:
  virtual ~Journal() = default;

  // A word of this journal's own, made with it, 6 characters [a-z0-9]: part of every name created outside, so
  // that two journals never meet.
  virtual std::string token() const = 0;

  // What time it is for those who write here: a shared journal's server says it, so that all of them agree. Where it can't, and in
  // a file, it is this machine's.
  virtual WallTime now() { return std::chrono::system_clock::now(); }

  // A new run in state planned: run_planned and all target_planned in one transaction. Returns its id.
  virtual Result<std::int64_t> create_run(json plan, PlannedTargets targets, WallTime now) = 0;

  // Appends in order, durably, in one transaction, and gives sequences. Refuses (conflict) an event that can't
  // follow its target's state or names a lower epoch than the journal knows: nothing of the batch is written then.
  virtual Result<void> append(std::vector<Event>& events) = 0;

  virtual Result<std::vector<RunRecord>> runs() = 0;   // newest first; their plans may be left out
  virtual Result<RunRecord> run(std::int64_t id) = 0;  // not_found
  // The same where nobody needs the plan, which holds the whole fleet.
  virtual Result<RunRecord> run_without_plan(std::int64_t id) { return run(id); }
  virtual Result<std::int64_t> latest_run() = 0;       // not_found when there is none
  // Without steps unless asked: status of 100,000 targets must be quick.
  virtual Result<std::vector<TargetRecord>> targets(std::int64_t run, bool with_steps) = 0;
  // The same by number and without steps, some at a time, for whom counting them is enough: a run that goes on changes meanwhile, so
  // that what is counted is as old as each part. An error of `visit` ends it.
  virtual Result<void> visit_targets(std::int64_t run, const std::function<Result<void>(const TargetRecord&)>& visit) {
    TRY(const std::vector<TargetRecord> all, targets(run, false));
    for (const TargetRecord& target : all) TRY_VOID(visit(target));
    return {};
  }
  virtual Result<TargetRecord> target(std::int64_t run, int number) = 0;  // with steps
  virtual Result<json> planned_target(std::int64_t run, int number) = 0;  // data of target_planned
  // The same of all targets, by number. An error of `visit` ends it.
  virtual Result<void> planned_targets(std::int64_t run, const std::function<Result<void>(json)>& visit) {
    TRY(const std::vector<TargetRecord> all, targets(run, false));
    for (const TargetRecord& target : all) {
      TRY(json planned, planned_target(run, target.number));
      TRY_VOID(visit(std::move(planned)));
    }
    return {};
  }
  virtual Result<void> events(std::int64_t run, std::int64_t after_sequence,
                              const std::function<bool(const Event&)>& visit) = 0;  // ascending; false stops
  // Those about the run itself (target 0) but run_planned, whose data are RunRecord::plan: few, whatever the run's size.
  virtual Result<void> own_events(std::int64_t run, std::int64_t after_sequence,
                                  const std::function<bool(const Event&)>& visit) {
    return events(run, after_sequence, [&](const Event& event) { return event.target != 0 || event.kind == EventKind::run_planned || visit(event); });
  }
  // Those about one target, target_planned among them: few, whatever the run's size.
  virtual Result<void> target_events(std::int64_t run, int target, std::int64_t after_sequence,
                                     const std::function<bool(const Event&)>& visit) {
    return events(run, after_sequence, [&](const Event& event) { return event.target != target || visit(event); });
  }
  virtual Result<std::vector<Obligation>> obligations(bool open_only) = 0;
  virtual Result<std::vector<BackupRecord>> backups() = 0;

  // Folds all events again and compares with the projections and the hash chains. Empty: all is well.
  virtual Result<std::vector<std::string>> verify() = 0;

  // One process at a time runs a run: taken with run/resume/rollback, freed at close or death of the process.
  // Refused: who holds it (host and pid).
  virtual Result<void> lock_run(std::int64_t id) = 0;
};

enum class OpenMode { read_only, read_write, create };

// `uri` is "sqlite:PATH" or a path. A file that isn't a journal, is damaged, or of a newer format is refused with
// an explanation; it isn't touched. Files are made with mode 0600.
Result<std::unique_ptr<Journal>> open_journal(const std::string& uri, OpenMode mode);

}  // namespace pgconvoy

// The reading half of the SQLite journal.
#include <fmt/format.h>

#include "engine/journal/sqlite_journal.hpp"
#include "engine/journal/sqlite_store.hpp"

namespace pgconvoy {
namespace {

constexpr int kPage = 500;  // events read at a time, so that nobody's cursor holds up the WAL

Error no_run(std::int64_t id) {
  return {ErrorKind::not_found, fmt::format("there is no run r{}", id), "pgconvoy status lists the runs"};
}

Error no_target(std::int64_t run, int number) {
  return {ErrorKind::not_found, fmt::format("run r{} has no target {}", run, number),
          fmt::format("pgconvoy status r{}", run)};
}

}  // namespace

Result<RunRecord> SqliteJournal::read_whole_run(std::int64_t id, bool with_plan) {
  TRY(auto stored, SqliteStore(*database_).read_run(id));
  if (!stored) return no_run(id);
  RunRecord run = std::move(stored->record);
  if (with_plan) {
    TRY(auto planned, database_->prepare("select data from events where sequence = ?"));
    TRY(const bool found, planned.bind(stored->planned).step());
    if (found) {
      TRY(run.plan, json_of(planned, 0));
    }
  }
  TRY(auto count, database_->prepare("select state, count(*) from targets where run = ? group by state"));
  count.bind(id);
  for (;;) {
    TRY(const bool more, count.step());
    if (!more) return run;
    run.counts[target_state_from_string(count.text(0))] += static_cast<int>(count.integer(1));
  }
}

Result<RunRecord> SqliteJournal::run(std::int64_t id) {
  const std::scoped_lock lock(mutex_);
  TRY(auto view, SqliteTransaction::start(*database_, "begin"));
  return read_whole_run(id, true);
}

Result<RunRecord> SqliteJournal::run_without_plan(std::int64_t id) {
  const std::scoped_lock lock(mutex_);
  TRY(auto view, SqliteTransaction::start(*database_, "begin"));
  return read_whole_run(id, false);
}

Result<std::vector<RunRecord>> SqliteJournal::runs() {
  const std::scoped_lock lock(mutex_);
  TRY(auto view, SqliteTransaction::start(*database_, "begin"));
  std::vector<std::int64_t> ids;
  {
    TRY(auto row, database_->prepare("select id from runs order by id desc"));
    for (;;) {
      TRY(const bool more, row.step());
      if (!more) break;
      ids.push_back(row.integer(0));
    }
  }
  std::vector<RunRecord> runs;
  for (const auto id : ids) {
    TRY(auto run, read_whole_run(id, false));
    runs.push_back(std::move(run));
  }
  return runs;
}

Result<std::int64_t> SqliteJournal::latest_run() {
  const std::scoped_lock lock(mutex_);
  TRY(const auto id, database_->integer("select max(id) from runs"));
  if (id == 0) return Error(ErrorKind::not_found, "the journal holds no run yet", "pgconvoy run starts one");
  return id;
}

Result<std::vector<TargetRecord>> SqliteJournal::targets(std::int64_t run, bool with_steps) {
  const std::scoped_lock lock(mutex_);
  TRY(auto view, SqliteTransaction::start(*database_, "begin"));
  TRY(const auto stored, SqliteStore(*database_).read_run(run));
  if (!stored) return no_run(run);
  return SqliteStore(*database_).read_targets(run, with_steps);
}

Result<void> SqliteJournal::visit_targets(std::int64_t run, const std::function<Result<void>(const TargetRecord&)>& visit) {
  int last = 0;
  for (;;) {
    std::vector<TargetRecord> page;
    {
      const std::scoped_lock lock(mutex_);
      if (last == 0) {
        TRY(const auto stored, SqliteStore(*database_).read_run(run));
        if (!stored) return no_run(run);
      }
      TRY(page, SqliteStore(*database_).read_targets_after(run, last, kPage));
    }
    for (const TargetRecord& target : page) TRY_VOID(visit(target));
    if (page.size() < kPage) return {};
    last = page.back().number;
  }
}

Result<TargetRecord> SqliteJournal::target(std::int64_t run, int number) {
  const std::scoped_lock lock(mutex_);
  TRY(auto view, SqliteTransaction::start(*database_, "begin"));
  TRY(auto stored, SqliteStore(*database_).read_target(run, number));
  if (!stored) return no_target(run, number);
  return std::move(stored->record);
}

Result<json> SqliteJournal::planned_target(std::int64_t run, int number) {
  const std::scoped_lock lock(mutex_);
  TRY(auto row, database_->prepare("select e.data from targets t join events e on e.sequence = t.planned "
                                   "where t.run = ? and t.number = ?"));
  TRY(const bool found, row.bind(run, number).step());
  if (!found) return no_target(run, number);
  return json_of(row, 0);
}

Result<void> SqliteJournal::planned_targets(std::int64_t run, const std::function<Result<void>(json)>& visit) {
  int last = 0, found = kPage;
  while (found == kPage) {
    std::vector<json> page;
    {
      const std::scoped_lock lock(mutex_);
      if (last == 0) {
        TRY(const auto stored, SqliteStore(*database_).read_run(run));
        if (!stored) return no_run(run);
      }
      TRY(auto row, database_->prepare(fmt::format("select e.data, t.number from targets t join events e on e.sequence = t.planned "
                                                   "where t.run = ? and t.number > ? order by t.number limit {}", kPage)));
      row.bind(run, last);
      for (;;) {
        TRY(const bool more, row.step());
        if (!more) break;
        TRY(json planned, json_of(row, 0));
        page.push_back(std::move(planned));
        last = static_cast<int>(row.integer(1));
      }
    }
    found = static_cast<int>(page.size());
    for (json& planned : page) TRY_VOID(visit(std::move(planned)));
  }
  return {};
}

Result<void> SqliteJournal::events(std::int64_t run, std::int64_t after_sequence,
                                   const std::function<bool(const Event&)>& visit) {
  return visit_events("", std::nullopt, run, after_sequence, visit);
}

Result<void> SqliteJournal::own_events(std::int64_t run, std::int64_t after_sequence,
                                       const std::function<bool(const Event&)>& visit) {
  return visit_events("and target = 0 and kind <> 'run_planned'", std::nullopt, run, after_sequence, visit);
}

Result<void> SqliteJournal::target_events(std::int64_t run, int target, std::int64_t after_sequence,
                                          const std::function<bool(const Event&)>& visit) {
  return visit_events("and target = ?", target, run, after_sequence, visit);
}

// `which` has a place for the target, when there is one.
Result<void> SqliteJournal::visit_events(const char* which, std::optional<int> target, std::int64_t run, std::int64_t after_sequence,
                                         const std::function<bool(const Event&)>& visit) {
  std::vector<Event> page;
  do {
    page.clear();
    {
      const std::scoped_lock lock(mutex_);
      if (after_sequence <= 0) {
        TRY(const auto stored, SqliteStore(*database_).read_run(run));
        if (!stored) return no_run(run);
      }
      TRY(auto row,
          database_->prepare(fmt::format(
              "select {} from events where run = ? and sequence > ? {} order by sequence limit ?", kEventColumns, which)));
      if (target)
        row.bind(run, after_sequence, *target, kPage);
      else
        row.bind(run, after_sequence, kPage);
      for (;;) {
        TRY(const bool more, row.step());
        if (!more) break;
        auto stored = event_of_row(row);
        if (!stored.problem.empty())
          return Error(ErrorKind::corrupt,
                       fmt::format("event {} of run r{}: {}", stored.event.sequence, run, stored.problem),
                       "pgconvoy journal verify");
        page.push_back(std::move(stored.event));
      }
    }
    for (const Event& event : page) {
      after_sequence = event.sequence;
      if (!visit(event)) return {};
    }
  } while (page.size() == kPage);
  return {};
}

Result<std::vector<Obligation>> SqliteJournal::obligations(bool open_only) {
  const std::scoped_lock lock(mutex_);
  TRY(auto stored, SqliteStore(*database_).read_obligations(open_only));
  std::vector<Obligation> result;
  for (auto& one : stored) result.push_back(std::move(one.obligation));
  return result;
}

Result<std::vector<BackupRecord>> SqliteJournal::backups() {
  const std::scoped_lock lock(mutex_);
  return SqliteStore(*database_).read_backups();
}

}  // namespace pgconvoy

// The reading half of the journal in PostgreSQL.
#include <fmt/format.h>

#include "engine/journal/postgres_patience.hpp"
#include "engine/journal/postgres_schema.hpp"
#include "engine/journal/postgres_store.hpp"
#include "engine/journal/verifier.hpp"

namespace pgconvoy {
namespace {

constexpr int kEventsAtATime = 500, kTargetsAtATime = 2000;

Error no_such_run(std::int64_t id) {
  return {ErrorKind::not_found, fmt::format("there is no run r{}", id), "pgconvoy status lists the runs"};
}

Error no_such_target(std::int64_t run, int number) {
  return {ErrorKind::not_found, fmt::format("run r{} has no target {}", run, number), fmt::format("pgconvoy status r{}", run)};
}

}  // namespace

// REQUIRES: within a transaction, or nothing else is read with it.
Result<RunRecord> PostgresJournal::read_whole_run(std::int64_t id, bool with_plan) {
  TRY(auto stored, PostgresStore(database_).read_run(id));
  if (!stored) return no_such_run(id);
  RunRecord run = std::move(stored->record);
  if (with_plan) {
    TRY(const PostgresRows planned, database_.query("select data from pgconvoy.events where sequence = $1::bigint", {std::to_string(stored->planned)}));
    if (!planned.empty()) {
      TRY(run.plan, json_of(planned[0], 0));
    }
  }
  TRY(const PostgresRows counts,
      database_.query("select state, count(*) from pgconvoy.targets where run = $1::bigint group by state", {std::to_string(id)}));
  for (int row = 0; row < counts.size(); ++row)
    run.counts[target_state_from_string(counts[row].text(0))] += static_cast<int>(counts[row].integer(1));
  return run;
}

Result<RunRecord> PostgresJournal::run(std::int64_t id) {
  const std::scoped_lock lock(mutex_);
  return look([&] { return read_whole_run(id, true); });
}

Result<RunRecord> PostgresJournal::run_without_plan(std::int64_t id) {
  const std::scoped_lock lock(mutex_);
  return look([&] { return read_whole_run(id, false); });
}

Result<std::vector<RunRecord>> PostgresJournal::runs() {
  const std::scoped_lock lock(mutex_);
  return look([&]() -> Result<std::vector<RunRecord>> {
    TRY(const PostgresRows ids, database_.query("select id from pgconvoy.runs order by id desc"));
    std::vector<RunRecord> found;
    for (int row = 0; row < ids.size(); ++row) {
      TRY(auto run, read_whole_run(ids[row].integer(0), false));
      found.push_back(std::move(run));
    }
    return found;
  });
}

Result<std::int64_t> PostgresJournal::latest_run() {
  const std::scoped_lock lock(mutex_);
  return patiently([&]() -> Result<std::int64_t> {
    TRY(const auto id, database_.integer("select coalesce(max(id), 0) from pgconvoy.runs"));
    if (id == 0) return Error(ErrorKind::not_found, "the journal holds no run yet", "pgconvoy run starts one");
    return id;
  });
}

Result<std::vector<TargetRecord>> PostgresJournal::targets(std::int64_t run, bool with_steps) {
  const std::scoped_lock lock(mutex_);
  return look([&]() -> Result<std::vector<TargetRecord>> {
    PostgresStore store(database_);
    TRY(const auto stored, store.read_run(run));
    if (!stored) return no_such_run(run);
    return store.read_targets(run, with_steps);
  });
}

Result<void> PostgresJournal::visit_targets(std::int64_t run, const std::function<Result<void>(const TargetRecord&)>& visit) {
  int last = 0;
  for (;;) {
    std::vector<TargetRecord> page;
    {
      const std::scoped_lock lock(mutex_);
      TRY(const PostgresRows rows, patiently([&]() -> Result<PostgresRows> {
        if (last == 0) {
          TRY(const auto stored, PostgresStore(database_).read_run(run));
          if (!stored) return no_such_run(run);
        }
        return database_.query(fmt::format("select {} from pgconvoy.targets where run = $1::bigint and number > $2::int order by number limit {}",
                                           kTargetColumns, kTargetsAtATime),
                               {std::to_string(run), std::to_string(last)});
      }));
      for (int row = 0; row < rows.size(); ++row) {
        TRY(auto stored, target_of_row(rows[row]));
        page.push_back(std::move(stored.record));
      }
    }
    for (const TargetRecord& target : page) TRY_VOID(visit(target));
    if (page.size() < kTargetsAtATime) return {};
    last = page.back().number;
  }
}

Result<TargetRecord> PostgresJournal::target(std::int64_t run, int number) {
  const std::scoped_lock lock(mutex_);
  return look([&]() -> Result<TargetRecord> {
    TRY(auto stored, PostgresStore(database_).read_target(run, number));
    if (!stored) return no_such_target(run, number);
    return std::move(stored->record);
  });
}

Result<json> PostgresJournal::planned_target(std::int64_t run, int number) {
  const std::scoped_lock lock(mutex_);
  return patiently([&]() -> Result<json> {
    TRY(const PostgresRows rows,
        database_.query("select e.data from pgconvoy.targets t join pgconvoy.events e on e.sequence = t.planned "
                        "where t.run = $1::bigint and t.number = $2::int",
                        {std::to_string(run), std::to_string(number)}));
    if (rows.empty()) return no_such_target(run, number);
    return json_of(rows[0], 0);
  });
}

Result<void> PostgresJournal::planned_targets(std::int64_t run, const std::function<Result<void>(json)>& visit) {
  int last = 0, found = kEventsAtATime;
  while (found == kEventsAtATime) {
    std::vector<json> page;
    {
      const std::scoped_lock lock(mutex_);
      TRY(const PostgresRows rows, patiently([&]() -> Result<PostgresRows> {
        if (last == 0) {
          TRY(const auto stored, PostgresStore(database_).read_run(run));
          if (!stored) return no_such_run(run);
        }
        return database_.query(fmt::format("select e.data, t.number from pgconvoy.targets t join pgconvoy.events e on e.sequence = t.planned "
                                           "where t.run = $1::bigint and t.number > $2::int order by t.number limit {}", kEventsAtATime),
                               {std::to_string(run), std::to_string(last)});
      }));
      for (int row = 0; row < rows.size(); ++row) {
        TRY(json planned, json_of(rows[row], 0));
        page.push_back(std::move(planned));
        last = static_cast<int>(rows[row].integer(1));
      }
    }
    found = static_cast<int>(page.size());
    for (json& planned : page) TRY_VOID(visit(std::move(planned)));
  }
  return {};
}

Result<void> PostgresJournal::events(std::int64_t run, std::int64_t after_sequence, const std::function<bool(const Event&)>& visit) {
  return visit_events(run, after_sequence, "", std::nullopt, visit);
}

Result<void> PostgresJournal::own_events(std::int64_t run, std::int64_t after_sequence, const std::function<bool(const Event&)>& visit) {
  return visit_events(run, after_sequence, "and target = 0 and kind <> 'run_planned' ", std::nullopt, visit);
}

Result<void> PostgresJournal::target_events(std::int64_t run, int target, std::int64_t after_sequence,
                                            const std::function<bool(const Event&)>& visit) {
  return visit_events(run, after_sequence, "and target = $3::int ", target, visit);
}

// `which` has a place for the target, when there is one.
Result<void> PostgresJournal::visit_events(std::int64_t run, std::int64_t after_sequence, const char* which, std::optional<int> target,
                                           const std::function<bool(const Event&)>& visit) {
  std::vector<Event> page;
  do {
    {
      const std::scoped_lock lock(mutex_);
      TRY(page, patiently([&]() -> Result<std::vector<Event>> {
        if (after_sequence <= 0) {
          TRY(const auto stored, PostgresStore(database_).read_run(run));
          if (!stored) return no_such_run(run);
        }
        std::vector<SqlParameter> values{std::to_string(run), std::to_string(after_sequence)};
        if (target) values.emplace_back(std::to_string(*target));
        TRY(const PostgresRows rows,
            database_.query(fmt::format("select {} from pgconvoy.events where run = $1::bigint and sequence > $2::bigint {}"
                                        "order by sequence limit {}",
                                        kEventColumns, which, kEventsAtATime),
                            values));
        std::vector<Event> read;
        for (int row = 0; row < rows.size(); ++row) {
          auto stored = event_of_row(rows[row]);
          if (!stored.problem.empty())
            return Error(ErrorKind::corrupt, fmt::format("event {} of run r{}: {}", stored.event.sequence, run, stored.problem),
                         "pgconvoy journal verify");
          read.push_back(std::move(stored.event));
        }
        return read;
      }));
    }
    for (const Event& event : page) {
      after_sequence = event.sequence;
      if (!visit(event)) return {};
    }
  } while (page.size() == kEventsAtATime);
  return {};
}

Result<std::vector<Obligation>> PostgresJournal::obligations(bool open_only) {
  const std::scoped_lock lock(mutex_);
  return patiently([&]() -> Result<std::vector<Obligation>> {
    TRY(auto stored, PostgresStore(database_).read_obligations(open_only));
    std::vector<Obligation> result;
    for (auto& one : stored) result.push_back(std::move(one.obligation));
    return result;
  });
}

Result<std::vector<BackupRecord>> PostgresJournal::backups() {
  const std::scoped_lock lock(mutex_);
  return patiently([&] { return PostgresStore(database_).read_backups(); });
}

Result<std::vector<std::string>> PostgresJournal::verify() {
  const std::scoped_lock lock(mutex_);
  return look([&]() -> Result<std::vector<std::string>> {
    TRY(auto problems, differing_tables(database_));
    for (std::string& problem : problems) problem = "the schema: " + problem;
    if (!problems.empty()) return problems;
    PostgresStore store(database_);
    TRY(const auto others, JournalVerifier(store, token_).run());
    problems.insert(problems.end(), others.begin(), others.end());
    return problems;
  });
}

}  // namespace pgconvoy

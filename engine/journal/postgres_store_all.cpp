// What verify() and lists read: all of a table.
#include <fmt/format.h>

#include "engine/journal/postgres_store.hpp"

namespace pgconvoy {

namespace {
constexpr int kRowsAtATime = 2000;
}

// Through a cursor: a journal may be larger than memory. REQUIRES: a transaction.
Result<void> PostgresStore::read_pages(const std::string& select, const std::function<Result<void>(const PostgresRows::Row&)>& visit) {
  TRY_VOID(database_.execute("declare pages no scroll cursor for " + select));
  for (;;) {
    TRY(const PostgresRows rows, database_.unprepared(fmt::format("fetch {} from pages", kRowsAtATime)));
    for (int row = 0; row < rows.size(); ++row) TRY_VOID(visit(rows[row]));
    if (rows.size() < kRowsAtATime) break;
  }
  return database_.execute("close pages");
}

Result<std::vector<TargetRecord>> PostgresStore::read_targets(std::int64_t run, bool with_steps) {
  std::vector<TargetRecord> targets;
  TRY_VOID(read_pages(fmt::format("select {} from pgconvoy.targets where run = {} order by number", kTargetColumns, run),
                      [&](const PostgresRows::Row& row) -> Result<void> {
                        TRY(auto stored, target_of_row(row));
                        targets.push_back(std::move(stored.record));
                        return {};
                      }));
  if (!with_steps) return targets;
  auto target = targets.begin();
  TRY_VOID(read_pages(fmt::format("select {} from pgconvoy.steps where run = {} order by target", kStepColumns, run),
                      [&](const PostgresRows::Row& row) -> Result<void> {
                        while (target != targets.end() && target->number < row.integer(0)) ++target;
                        if (target == targets.end()) return {};
                        TRY(auto step, step_of_row(row));
                        auto path = step.path;
                        target->steps.emplace(std::move(path), std::move(step));
                        return {};
                      }));
  return targets;
}

Result<std::vector<StoredObligation>> PostgresStore::read_obligations(bool open_only) {
  TRY(const PostgresRows rows,
      database_.query(fmt::format("select {} from pgconvoy.obligations where state = 'open' or not $1::bool order by due, id",
                                  kObligationColumns),
                      {open_only ? "true" : "false"}));
  std::vector<StoredObligation> result;
  for (int row = 0; row < rows.size(); ++row) {
    TRY(auto stored, obligation_of_row(rows[row]));
    result.push_back(std::move(stored));
  }
  return result;
}

Result<std::vector<BackupRecord>> PostgresStore::read_backups() {
  TRY(const PostgresRows rows,
      database_.query(fmt::format("select {} from pgconvoy.backups order by created, run, target, instance, file", kBackupColumns)));
  std::vector<BackupRecord> result;
  for (int row = 0; row < rows.size(); ++row) {
    TRY(auto backup, backup_of_row(rows[row]));
    result.push_back(std::move(backup));
  }
  return result;
}

Result<void> PostgresStore::visit_chains(const EventVisitor& visit) {
  return read_pages(fmt::format("select {} from pgconvoy.events order by run, target, sequence", kEventColumns),
                    [&](const PostgresRows::Row& row) { return visit(event_of_row(row)); });
}

Result<void> PostgresStore::visit_owed(const std::function<Result<void>(const StoredEvent&, const std::string&)>& visit) {
  return read_pages(fmt::format("select {}, (select id from pgconvoy.targets t where t.run = e.run and t.number = e.target) "
                                "from pgconvoy.events e where kind like 'obligation%' or "
                                "(kind = 'step_succeeded' and data like '%\"backup\"%') order by sequence",
                                kEventColumns),
                    [&](const PostgresRows::Row& row) { return visit(event_of_row(row), row.text(10)); });
}

Result<JournalCounts> PostgresStore::count() {
  TRY(const PostgresRows rows,
      database_.query("select (select count(*) from pgconvoy.events), (select coalesce(max(sequence), 0) from pgconvoy.events), "
                      "(select coalesce(max(last_event), 0) from pgconvoy.counters), (select coalesce(max(id), 0) from pgconvoy.runs), "
                      "(select coalesce(max(last_run), 0) from pgconvoy.counters)"));
  const auto row = rows[0];
  return JournalCounts{row.integer(0), row.integer(1), row.integer(2), row.integer(3), row.integer(4)};
}

Result<std::vector<std::pair<std::int64_t, std::int64_t>>> PostgresStore::gaps() {
  TRY(const PostgresRows rows,
      database_.query("select before + 1, sequence - 1 from (select sequence, lag(sequence, 1, 0::bigint) over "
                      "(order by sequence) as before from pgconvoy.events) e where sequence > before + 1"));
  std::vector<std::pair<std::int64_t, std::int64_t>> found;
  for (int row = 0; row < rows.size(); ++row) found.emplace_back(rows[row].integer(0), rows[row].integer(1));
  return found;
}

Result<std::vector<std::string>> PostgresStore::rows_without_events() {
  TRY(const PostgresRows rows,
      database_.query("select 'r' || id from pgconvoy.runs r where not exists "
                      "(select 1 from pgconvoy.events where run = r.id and target = 0) "
                      "union all select 'r' || run || '/t' || number from pgconvoy.targets t where not exists "
                      "(select 1 from pgconvoy.events where run = t.run and target = t.number) "
                      "union all select 'r' || run || '/t' || target || ', step \"' || path || '\"' from pgconvoy.steps s where not exists "
                      "(select 1 from pgconvoy.targets where run = s.run and number = s.target)"));
  std::vector<std::string> found;
  for (int row = 0; row < rows.size(); ++row) found.push_back(rows[row].text(0));
  return found;
}

}  // namespace pgconvoy

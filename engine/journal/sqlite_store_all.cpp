// What verify() and lists read: all of a table.
#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "engine/journal/sqlite_schema.hpp"
#include "engine/journal/sqlite_store.hpp"

namespace pgconvoy {

Result<std::vector<StoredObligation>> SqliteStore::read_obligations(bool open_only) {
  TRY(auto row, database_.prepare(fmt::format(
                    "select {} from obligations where state = 'open' or not ? order by due, id", kObligationColumns)));
  row.bind(open_only);
  std::vector<StoredObligation> result;
  for (;;) {
    TRY(const bool more, row.step());
    if (!more) return result;
    TRY(auto stored, obligation_of_row(row));
    result.push_back(std::move(stored));
  }
}

Result<std::vector<BackupRecord>> SqliteStore::read_backups() {
  TRY(const bool with_details, has_backup_details(database_));
  std::string columns = kBackupColumns;
  if (!with_details) columns.replace(columns.rfind("details"), std::string_view("details").size(), "null");
  TRY(auto row, database_.prepare(fmt::format("select {} from backups order by created, run, target, instance, file", columns)));
  std::vector<BackupRecord> result;
  for (;;) {
    TRY(const bool more, row.step());
    if (!more) return result;
    TRY(auto backup, backup_of_row(row));
    result.push_back(std::move(backup));
  }
}

Result<void> SqliteStore::visit_chains(const EventVisitor& visit) {
  TRY(auto row, database_.prepare(fmt::format("select {} from events order by run, target, sequence", kEventColumns)));
  for (;;) {
    TRY(const bool more, row.step());
    if (!more) return {};
    TRY_VOID(visit(event_of_row(row)));
  }
}

Result<void> SqliteStore::visit_owed(
    const std::function<Result<void>(const StoredEvent&, const std::string&)>& visit) {
  TRY(auto row,
      database_.prepare(fmt::format("select {}, (select id from targets where run = e.run and number = e.target) "
                                    "from events e not indexed where kind like 'obligation%' or "
                                    "(kind = 'step_succeeded' and data like '%\"backup\"%') order by sequence",
                                    kEventColumns)));
  for (;;) {
    TRY(const bool more, row.step());
    if (!more) return {};
    TRY_VOID(visit(event_of_row(row), row.text(10)));
  }
}

Result<JournalCounts> SqliteStore::count() {
  JournalCounts counts;
  TRY(counts.events_given, database_.integer("select seq from sqlite_sequence where name = 'events'"));
  TRY(counts.last_event, database_.integer("select max(sequence) from events not indexed"));
  TRY(counts.events, database_.integer("select count(*) from events not indexed"));
  TRY(counts.runs_given, database_.integer("select seq from sqlite_sequence where name = 'runs'"));
  TRY(counts.last_run, database_.integer("select max(id) from runs"));
  return counts;
}

Result<std::vector<std::pair<std::int64_t, std::int64_t>>> SqliteStore::gaps() {
  TRY(auto row,
      database_.prepare("select before + 1, sequence - 1 from (select sequence, lag(sequence, 1, 0) over "
                        "(order by sequence) as before from events not indexed) where sequence > before + 1"));
  std::vector<std::pair<std::int64_t, std::int64_t>> found;
  for (;;) {
    TRY(const bool more, row.step());
    if (!more) return found;
    found.emplace_back(row.integer(0), row.integer(1));
  }
}

Result<std::vector<std::string>> SqliteStore::rows_without_events() {
  TRY(auto row,
      database_.prepare(
          "select 'r' || id from runs r where not exists (select 1 from events where run = r.id and target = 0) "
          "union all select 'r' || run || '/t' || number from targets t where not exists "
          "(select 1 from events where run = t.run and target = t.number)"));
  std::vector<std::string> found;
  for (;;) {
    TRY(const bool more, row.step());
    if (!more) return found;
    found.push_back(row.text(0));
  }
}

}  // namespace pgconvoy

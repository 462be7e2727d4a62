// Events, obligations and backups: the other half of sqlite_records.hpp.
#include <fmt/format.h>

#include <utility>

#include "engine/journal/sqlite_records.hpp"
#include "engine/journal/sqlite_schema.hpp"

namespace pgconvoy {
namespace {

Result<StoredObligation> obligation_of_row(const SqliteStatement& row) {
  StoredObligation stored;
  stored.obligation.id = row.text(0);
  stored.run = row.integer(1);
  stored.target = static_cast<int>(row.integer(2));
  stored.obligation.kind = row.text(3);
  stored.obligation.state = row.text(4);
  stored.obligation.due = row.text(5);
  stored.obligation.waits_for = row.text(6);
  TRY(stored.obligation.data, json_of(row, 7));
  return stored;
}

}  // namespace

Result<std::optional<StoredObligation>> read_obligation(SqliteDatabase& database, const std::string& id) {
  TRY(auto row,
      database.prepare("select id, run, target, kind, state, due, waits_for, data from obligations where id = ?"));
  TRY(const bool found, row.bind(id).step());
  if (!found) return std::optional<StoredObligation>();
  TRY(auto stored, obligation_of_row(row));
  return std::optional(std::move(stored));
}

Result<std::vector<StoredObligation>> read_obligations(SqliteDatabase& database, bool open_only) {
  TRY(auto row, database.prepare("select id, run, target, kind, state, due, waits_for, data from obligations "
                                 "where state = 'open' or not ? order by due, id"));
  row.bind(open_only);
  std::vector<StoredObligation> result;
  for (;;) {
    TRY(const bool more, row.step());
    if (!more) return result;
    TRY(auto stored, obligation_of_row(row));
    result.push_back(std::move(stored));
  }
}

Result<void> write_obligation(SqliteDatabase& database, const StoredObligation& stored) {
  const Obligation& obligation = stored.obligation;
  TRY(auto row,
      database.prepare("insert or replace into obligations (id, run, target, kind, state, due, waits_for, data) "
                       "values (?, ?, ?, ?, ?, ?, ?, ?)"));
  row.bind(obligation.id, stored.run, stored.target, obligation.kind, obligation.state, obligation.due,
           obligation.waits_for, obligation.data.dump());
  return row.run();
}

Result<std::vector<BackupRecord>> read_backups(SqliteDatabase& database) {
  TRY(const bool with_details, has_backup_details(database));
  TRY(auto row, database.prepare(fmt::format(
                    "select run, target, target_id, instance, server, database, file, sha256, format, created, "
                    "state, bytes, {} from backups order by created, run, target, instance, file",
                    with_details ? "details" : "null")));
  std::vector<BackupRecord> result;
  for (;;) {
    TRY(const bool more, row.step());
    if (!more) return result;
    BackupRecord backup;
    backup.run = row.integer(0);
    backup.target = static_cast<int>(row.integer(1));
    backup.target_id = row.text(2);
    backup.instance = row.text(3);
    backup.server = row.text(4);
    backup.database = row.text(5);
    backup.file = row.text(6);
    backup.sha256 = row.text(7);
    backup.format = row.text(8);
    backup.created = row.text(9);
    backup.state = row.text(10);
    backup.bytes = row.integer(11);
    backup.details = json::object();
    if (!row.is_null(12)) {
      TRY(backup.details, json_of(row, 12));
    }
    result.push_back(std::move(backup));
  }
}

Result<void> write_backup(SqliteDatabase& database, const BackupRecord& backup) {
  TRY(auto row,
      database.prepare("insert or replace into backups (run, target, target_id, instance, server, database, file, "
                       "sha256, format, created, state, bytes, details) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"));
  row.bind(backup.run, backup.target, backup.target_id, backup.instance, backup.server, backup.database, backup.file,
           backup.sha256, backup.format, backup.created, backup.state, backup.bytes,
           backup.details.empty() ? std::optional<std::string>() : backup.details.dump());
  return row.run();
}

StoredEvent event_of_row(const SqliteStatement& row) {
  StoredEvent stored;
  Event& event = stored.event;
  event.sequence = row.integer(0);
  event.run = row.integer(1);
  bool fits = true;
  const auto small = [&](int column) {
    const auto value = row.integer(column);
    fits = fits && std::in_range<int>(value);
    return static_cast<int>(value);
  };
  event.target = small(2);
  event.step = row.text(3);
  event.attempt = small(4);
  event.epoch = small(5);
  stored.kind = row.text(6);
  stored.at = row.text(7);
  stored.data = row.text(8);
  stored.hash = row.text(9);
  event.at = parse_utc(stored.at);
  event.data = json::parse(stored.data, nullptr, false);
  const auto kind = event_kind_from_string(stored.kind);
  if (kind)
    event.kind = *kind;
  else
    stored.problem = "its kind is unknown";
  if (!event.data.is_object()) stored.problem = "its data are no JSON object";
  if (!fits) stored.problem = "it has a number that is too large";
  return stored;
}

Result<void> write_event(SqliteDatabase& database, const StoredEvent& stored) {
  const Event& event = stored.event;
  TRY(auto row,
      database.prepare(fmt::format("insert into events ({}) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", kEventColumns)));
  row.bind(event.sequence, event.run, event.target, event.step, event.attempt, event.epoch, stored.kind, stored.at,
           stored.data, stored.hash);
  return row.run();
}

}  // namespace pgconvoy

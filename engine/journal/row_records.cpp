#include "engine/journal/row_records.hpp"

#include <fmt/format.h>

#include <utility>

namespace pgconvoy {
namespace {

Error damaged_row(const std::string& where) {
  return {ErrorKind::corrupt, fmt::format("the journal's row of {} can't be read", where), "pgconvoy journal verify"};
}

std::optional<WallTime> time_of(const RowView& row, int column) {
  if (row.is_null(column)) return std::nullopt;
  return parse_utc(row.text(column));
}

}  // namespace

std::optional<std::string> text_of(const std::optional<WallTime>& time) {
  if (!time) return std::nullopt;
  return format_utc(*time);
}

std::optional<std::string> text_of(const json& value) {
  if (value.is_null()) return std::nullopt;
  return value.dump();
}

Result<json> json_of(const RowView& row, int column) {
  if (row.is_null(column)) return json();
  json value = json::parse(row.text(column), nullptr, false);
  if (value.is_discarded())
    return Error(ErrorKind::corrupt, "the journal holds text that should be JSON and isn't", "pgconvoy journal verify");
  return value;
}

Result<Stored<RunRecord>> run_of_row(const RowView& row) {
  Stored<RunRecord> stored;
  RunRecord& record = stored.record;
  record.id = row.integer(0);
  record.name = fmt::format("r{}", record.id);
  record.state = run_state_from_string(row.text(1));
  record.intent = run_intent_from_string(row.text(2));
  if (row.text(1) != to_string(record.state) || row.text(2) != to_string(record.intent))
    return damaged_row("run " + record.name);
  record.runbook = row.text(3);
  record.runbook_digest = row.text(4);
  record.created = parse_utc(row.text(5));
  record.started = time_of(row, 6);
  record.ended = time_of(row, 7);
  stored.planned = row.integer(8);
  stored.hash = row.text(9);
  return stored;
}

Result<Stored<TargetRecord>> target_of_row(const RowView& row) {
  Stored<TargetRecord> stored;
  TargetRecord& target = stored.record;
  target.run = row.integer(0);
  target.number = static_cast<int>(row.integer(1));
  target.id = row.text(2);
  target.region = row.text(3);
  target.state = target_state_from_string(row.text(4));
  if (row.text(4) != to_string(target.state))
    return damaged_row(fmt::format("target r{}/t{}", target.run, target.number));
  target.epoch = static_cast<int>(row.integer(5));
  target.pivoted = row.integer(6) != 0;
  TRY(target.reason, json_of(row, 7));
  target.started = time_of(row, 8);
  target.ended = time_of(row, 9);
  target.paused_at = time_of(row, 10);
  target.resumed_at = time_of(row, 11);
  stored.planned = row.integer(12);
  stored.hash = row.text(13);
  return stored;
}

Result<StepRecord> step_of_row(const RowView& row) {
  StepRecord step;
  step.path = row.text(1);
  step.status = step_status_from_string(row.text(2));
  if (row.text(2) != to_string(step.status)) return damaged_row(fmt::format("step \"{}\"", step.path));
  step.attempt = static_cast<int>(row.integer(3));
  step.epoch = static_cast<int>(row.integer(4));
  step.first_started = row.integer(5);
  TRY(step.intent, json_of(row, 6));
  TRY(step.outcome, json_of(row, 7));
  TRY(step.error, json_of(row, 8));
  step.started = time_of(row, 9);
  step.ended = time_of(row, 10);
  return step;
}

Result<StoredObligation> obligation_of_row(const RowView& row) {
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

Result<BackupRecord> backup_of_row(const RowView& row) {
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
  if (row.is_null(12)) return backup;
  TRY(backup.details, json_of(row, 12));
  return backup;
}

StoredEvent event_of_row(const RowView& row) {
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

}  // namespace pgconvoy

#include "engine/journal/sqlite_records.hpp"

#include <fmt/format.h>

namespace pgconvoy {
namespace {

Error damaged(const std::string& where) {
  return {ErrorKind::corrupt, fmt::format("the journal's row of {} can't be read", where), "pgconvoy journal verify"};
}

std::optional<std::string> text_of(const std::optional<WallTime>& time) {
  if (!time) return std::nullopt;
  return format_utc(*time);
}

std::optional<std::string> text_of(const json& value) {
  if (value.is_null()) return std::nullopt;
  return value.dump();
}

std::optional<WallTime> time_of(const SqliteStatement& row, int column) {
  if (row.is_null(column)) return std::nullopt;
  return parse_utc(row.text(column));
}

constexpr const char* kTargetColumns =
    "run, number, id, region, state, epoch, pivoted, reason, started, ended, paused_at, resumed_at, planned, hash";
constexpr const char* kStepColumns =
    "target, path, status, attempt, epoch, first_started, intent, outcome, error, started, ended";

Result<Stored<TargetRecord>> target_of_row(const SqliteStatement& row) {
  Stored<TargetRecord> stored;
  TargetRecord& target = stored.record;
  target.run = row.integer(0);
  target.number = static_cast<int>(row.integer(1));
  target.id = row.text(2);
  target.region = row.text(3);
  target.state = target_state_from_string(row.text(4));
  if (row.text(4) != to_string(target.state)) return damaged(fmt::format("target r{}/t{}", target.run, target.number));
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

Result<StepRecord> step_of_row(const SqliteStatement& row) {
  StepRecord step;
  step.path = row.text(1);
  step.status = step_status_from_string(row.text(2));
  if (row.text(2) != to_string(step.status)) return damaged(fmt::format("step \"{}\"", step.path));
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

}  // namespace

Result<json> json_of(const SqliteStatement& row, int column) {
  if (row.is_null(column)) return json();
  json value = json::parse(row.text(column), nullptr, false);
  if (value.is_discarded())
    return Error(ErrorKind::corrupt, "the journal holds text that should be JSON and isn't", "pgconvoy journal verify");
  return value;
}

Result<std::optional<Stored<RunRecord>>> read_run(SqliteDatabase& database, std::int64_t run) {
  TRY(auto row,
      database.prepare("select state, intent, runbook, runbook_digest, created, started, ended, planned, hash "
                       "from runs where id = ?"));
  TRY(const bool found, row.bind(run).step());
  if (!found) return std::optional<Stored<RunRecord>>();
  Stored<RunRecord> stored;
  RunRecord& record = stored.record;
  record.id = run;
  record.name = fmt::format("r{}", run);
  record.state = run_state_from_string(row.text(0));
  record.intent = run_intent_from_string(row.text(1));
  if (row.text(0) != to_string(record.state) || row.text(1) != to_string(record.intent))
    return damaged("run " + record.name);
  record.runbook = row.text(2);
  record.runbook_digest = row.text(3);
  record.created = parse_utc(row.text(4));
  record.started = time_of(row, 5);
  record.ended = time_of(row, 6);
  stored.planned = row.integer(7);
  stored.hash = row.text(8);
  return std::optional(std::move(stored));
}

Result<void> write_run(SqliteDatabase& database, const Stored<RunRecord>& stored) {
  const RunRecord& run = stored.record;
  TRY(auto row,
      database.prepare(
          "insert into runs (id, state, intent, runbook, runbook_digest, created, started, ended, planned, hash) "
          "values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict (id) do update set state = excluded.state, "
          "intent = excluded.intent, started = excluded.started, ended = excluded.ended, hash = excluded.hash"));
  row.bind(run.id, to_string(run.state), to_string(run.intent), run.runbook, run.runbook_digest,
           format_utc(run.created), text_of(run.started), text_of(run.ended), stored.planned, stored.hash);
  return row.run();
}

Result<std::optional<Stored<TargetRecord>>> read_target(SqliteDatabase& database, std::int64_t run, int number,
                                                        bool with_steps) {
  TRY(auto row, database.prepare(fmt::format("select {} from targets where run = ? and number = ?", kTargetColumns)));
  TRY(const bool found, row.bind(run, number).step());
  if (!found) return std::optional<Stored<TargetRecord>>();
  TRY(auto stored, target_of_row(row));
  if (with_steps) {
    TRY(auto steps, database.prepare(fmt::format("select {} from steps where run = ? and target = ?", kStepColumns)));
    steps.bind(run, number);
    for (;;) {
      TRY(const bool more, steps.step());
      if (!more) break;
      TRY(auto step, step_of_row(steps));
      auto path = step.path;
      stored.record.steps.emplace(std::move(path), std::move(step));
    }
  }
  return std::optional(std::move(stored));
}

Result<std::vector<TargetRecord>> read_targets(SqliteDatabase& database, std::int64_t run, bool with_steps) {
  std::vector<TargetRecord> targets;
  TRY(auto row, database.prepare(fmt::format("select {} from targets where run = ? order by number", kTargetColumns)));
  row.bind(run);
  for (;;) {
    TRY(const bool more, row.step());
    if (!more) break;
    TRY(auto stored, target_of_row(row));
    targets.push_back(std::move(stored.record));
  }
  if (!with_steps) return targets;
  TRY(auto steps, database.prepare(fmt::format("select {} from steps where run = ? order by target", kStepColumns)));
  steps.bind(run);
  auto target = targets.begin();
  for (;;) {
    TRY(const bool more, steps.step());
    if (!more) break;
    while (target != targets.end() && target->number < steps.integer(0)) ++target;
    if (target == targets.end()) break;
    TRY(auto step, step_of_row(steps));
    auto path = step.path;
    target->steps.emplace(std::move(path), std::move(step));
  }
  return targets;
}

Result<void> write_target(SqliteDatabase& database, const Stored<TargetRecord>& stored,
                          const std::set<std::string>& steps) {
  const TargetRecord& target = stored.record;
  TRY(auto row, database.prepare(fmt::format(
                    "insert into targets ({}) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
                    "on conflict (run, number) do update set state = excluded.state, epoch = excluded.epoch, "
                    "pivoted = excluded.pivoted, reason = excluded.reason, started = excluded.started, "
                    "ended = excluded.ended, paused_at = excluded.paused_at, resumed_at = excluded.resumed_at, "
                    "hash = excluded.hash",
                    kTargetColumns)));
  row.bind(target.run, target.number, target.id, target.region, to_string(target.state), target.epoch, target.pivoted,
           text_of(target.reason), text_of(target.started), text_of(target.ended), text_of(target.paused_at),
           text_of(target.resumed_at), stored.planned, stored.hash);
  TRY_VOID(row.run());
  for (const std::string& path : steps) {
    const StepRecord& step = target.steps.at(path);
    TRY(auto written,
        database.prepare(fmt::format(
            "insert or replace into steps (run, {}) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", kStepColumns)));
    written.bind(target.run, target.number, path, to_string(step.status), step.attempt, step.epoch, step.first_started,
                 text_of(step.intent), text_of(step.outcome), text_of(step.error), text_of(step.started),
                 text_of(step.ended));
    TRY_VOID(written.run());
  }
  return {};
}

}  // namespace pgconvoy

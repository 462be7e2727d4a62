// Projections and events, one at a time. sqlite_store_all.cpp reads them all.
#include "engine/journal/sqlite_store.hpp"

#include <fmt/format.h>

namespace pgconvoy {

Result<std::int64_t> SqliteStore::last_sequence() { return database_.integer("select max(sequence) from events"); }

Result<std::optional<Stored<RunRecord>>> SqliteStore::read_run(std::int64_t run) {
  static const std::string sql = fmt::format("select {} from runs where id = ?", kRunColumns);
  TRY(auto row, database_.prepare(sql));
  TRY(const bool found, row.bind(run).step());
  if (!found) return std::optional<Stored<RunRecord>>();
  TRY(auto stored, run_of_row(row));
  return std::optional(std::move(stored));
}

Result<void> SqliteStore::write_run(const Stored<RunRecord>& stored) {
  const RunRecord& run = stored.record;
  static const std::string sql = fmt::format(
      "insert into runs ({}) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict (id) do update set state = excluded.state, "
      "intent = excluded.intent, started = excluded.started, ended = excluded.ended, hash = excluded.hash",
      kRunColumns);
  TRY(auto row, database_.prepare(sql));
  row.bind(run.id, to_string(run.state), to_string(run.intent), run.runbook, run.runbook_digest,
           format_utc(run.created), text_of(run.started), text_of(run.ended), stored.planned, stored.hash);
  return row.run();
}

Result<std::optional<Stored<TargetRecord>>> SqliteStore::read_target(std::int64_t run, int number) {
  static const std::string sql = fmt::format("select {} from targets where run = ? and number = ?", kTargetColumns);
  static const std::string sql_of_steps = fmt::format("select {} from steps where run = ? and target = ?", kStepColumns);
  TRY(auto row, database_.prepare(sql));
  TRY(const bool found, row.bind(run, number).step());
  if (!found) return std::optional<Stored<TargetRecord>>();
  TRY(auto stored, target_of_row(row));
  TRY(auto steps, database_.prepare(sql_of_steps));
  steps.bind(run, number);
  for (;;) {
    TRY(const bool more, steps.step());
    if (!more) break;
    TRY(auto step, step_of_row(steps));
    auto path = step.path;
    stored.record.steps.emplace(std::move(path), std::move(step));
  }
  return std::optional(std::move(stored));
}

Result<std::optional<std::string>> SqliteStore::read_head(std::int64_t run, int number) {
  TRY(auto row, database_.prepare("select hash from targets where run = ? and number = ?"));
  TRY(const bool found, row.bind(run, number).step());
  return found ? std::optional(row.text(0)) : std::nullopt;
}

Result<std::vector<TargetRecord>> SqliteStore::read_targets(std::int64_t run, bool with_steps) {
  std::vector<TargetRecord> targets;
  TRY(auto row, database_.prepare(fmt::format("select {} from targets where run = ? order by number", kTargetColumns)));
  row.bind(run);
  for (;;) {
    TRY(const bool more, row.step());
    if (!more) break;
    TRY(auto stored, target_of_row(row));
    targets.push_back(std::move(stored.record));
  }
  if (!with_steps) return targets;
  TRY(auto steps, database_.prepare(fmt::format("select {} from steps where run = ? order by target", kStepColumns)));
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

Result<std::vector<TargetRecord>> SqliteStore::read_targets_after(std::int64_t run, int number, int limit) {
  std::vector<TargetRecord> targets;
  TRY(auto row, database_.prepare(fmt::format("select {} from targets where run = ? and number > ? order by number limit ?", kTargetColumns)));
  row.bind(run, number, limit);
  for (;;) {
    TRY(const bool more, row.step());
    if (!more) return targets;
    TRY(auto stored, target_of_row(row));
    targets.push_back(std::move(stored.record));
  }
}

Result<void> SqliteStore::write_target(const Stored<TargetRecord>& stored, const std::set<std::string>& steps) {
  const TargetRecord& target = stored.record;
  static const std::string sql = fmt::format(
      "insert into targets ({}) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
      "on conflict (run, number) do update set state = excluded.state, epoch = excluded.epoch, "
      "pivoted = excluded.pivoted, reason = excluded.reason, started = excluded.started, "
      "ended = excluded.ended, paused_at = excluded.paused_at, resumed_at = excluded.resumed_at, "
      "hash = excluded.hash",
      kTargetColumns);
  static const std::string sql_of_step = fmt::format(
      "insert into steps (run, {}) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict (run, target, path) do update set "
      "status = excluded.status, attempt = excluded.attempt, epoch = excluded.epoch, first_started = excluded.first_started, "
      "intent = excluded.intent, outcome = excluded.outcome, error = excluded.error, started = excluded.started, ended = excluded.ended",
      kStepColumns);
  TRY(auto row, database_.prepare(sql));
  row.bind(target.run, target.number, target.id, target.region, to_string(target.state), target.epoch, target.pivoted,
           text_of(target.reason), text_of(target.started), text_of(target.ended), text_of(target.paused_at),
           text_of(target.resumed_at), stored.planned, stored.hash);
  TRY_VOID(row.run());
  for (const std::string& path : steps) {
    const StepRecord& step = target.steps.at(path);
    TRY(auto written, database_.prepare(sql_of_step));
    written.bind(target.run, target.number, path, to_string(step.status), step.attempt, step.epoch, step.first_started,
                 text_of(step.intent), text_of(step.outcome), text_of(step.error), text_of(step.started),
                 text_of(step.ended));
    TRY_VOID(written.run());
  }
  return {};
}

Result<std::optional<StoredObligation>> SqliteStore::read_obligation(const std::string& id) {
  TRY(auto row, database_.prepare(fmt::format("select {} from obligations where id = ?", kObligationColumns)));
  TRY(const bool found, row.bind(id).step());
  if (!found) return std::optional<StoredObligation>();
  TRY(auto stored, obligation_of_row(row));
  return std::optional(std::move(stored));
}

Result<void> SqliteStore::write_obligation(const StoredObligation& stored) {
  const Obligation& obligation = stored.obligation;
  TRY(auto row,
      database_.prepare(
          fmt::format("insert or replace into obligations ({}) values (?, ?, ?, ?, ?, ?, ?, ?)", kObligationColumns)));
  row.bind(obligation.id, stored.run, stored.target, obligation.kind, obligation.state, obligation.due,
           obligation.waits_for, obligation.data.dump());
  return row.run();
}

Result<void> SqliteStore::write_backup(const BackupRecord& backup) {
  TRY(auto row,
      database_.prepare(fmt::format(
          "insert or replace into backups ({}) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", kBackupColumns)));
  row.bind(backup.run, backup.target, backup.target_id, backup.instance, backup.server, backup.database, backup.file,
           backup.sha256, backup.format, backup.created, backup.state, backup.bytes,
           backup.details.empty() ? std::optional<std::string>() : backup.details.dump());
  return row.run();
}

Result<void> SqliteStore::mark_backups_deleted(std::int64_t run, const std::string& file) {
  TRY(auto update, database_.prepare("update backups set state = 'deleted' where run = ? and file = ?"));
  return update.bind(run, file).run();
}

Result<void> SqliteStore::write_event(const StoredEvent& stored) {
  const Event& event = stored.event;
  static const std::string sql = fmt::format("insert into events ({}) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", kEventColumns);
  TRY(auto row, database_.prepare(sql));
  row.bind(event.sequence, event.run, event.target, event.step, event.attempt, event.epoch, stored.kind, stored.at,
           stored.data, stored.hash);
  return row.run();
}

}  // namespace pgconvoy

// What a transaction that writes reads and sends. postgres_store_all.cpp reads whole tables.
#include "engine/journal/postgres_store.hpp"

#include <fmt/format.h>

namespace pgconvoy {
namespace {

// A plan of many targets is sent in parts: a parameter may not be larger than a gigabyte, nor need it be.
constexpr std::size_t kRowsAtOnce = 2000, kBytesAtOnce = 16u << 20;

SqlParameter number(std::int64_t value) { return std::to_string(value); }

}  // namespace

std::vector<SqlParameter> PostgresStore::Pending::take() {
  std::vector<SqlParameter> values;
  for (ArrayText& column : columns) {
    values.emplace_back(column.text());
    column = ArrayText();
  }
  rows = bytes = 0;
  return values;
}

Result<void> PostgresStore::lock_runs(const std::set<std::int64_t>& runs) {
  if (runs.empty()) return {};
  ArrayText ids;
  for (const auto run : runs) ids.add(run);
  TRY(const PostgresRows rows,
      database_.query(fmt::format("select {} from pgconvoy.runs where id = any($1::bigint[]) order by id for no key update", kRunColumns),
                      {ids.text()}));
  for (int row = 0; row < rows.size(); ++row) {
    TRY(auto stored, run_of_row(rows[row]));
    runs_.insert_or_assign(stored.record.id, std::move(stored));
  }
  return {};
}

Result<void> PostgresStore::lock_targets(const std::set<TargetKey>& targets) {
  if (targets.empty()) return {};
  ArrayText runs, numbers;
  for (const auto& [run, target] : targets) {
    runs.add(run);
    numbers.add(std::int64_t{target});
  }
  static const std::string rows_of = fmt::format("select {} from pgconvoy.targets where (run, number) in "
                                                 "(select * from unnest($1::bigint[], $2::int[])) order by run, number for no key update",
                                                 kTargetColumns);
  TRY(const PostgresRows rows, database_.query(rows_of, {runs.text(), numbers.text()}));
  ArrayText runs_to_read, numbers_to_read;
  for (int row = 0; row < rows.size(); ++row) {
    TRY(auto stored, target_of_row(rows[row]));
    const TargetKey key(stored.record.run, stored.record.number);
    if (!is_known(key, stored.hash)) {
      runs_to_read.add(key.first);
      numbers_to_read.add(std::int64_t{key.second});
    }
    targets_.insert_or_assign(key, std::move(stored));
  }
  if (runs_to_read.size() == 0) return {};
  static const std::string steps_of = fmt::format("select {}, run from pgconvoy.steps where (run, target) in "
                                                  "(select * from unnest($1::bigint[], $2::int[]))",
                                                  kStepColumns);
  TRY(const PostgresRows steps, database_.query(steps_of, {runs_to_read.text(), numbers_to_read.text()}));
  for (int row = 0; row < steps.size(); ++row) {
    TRY(auto step, step_of_row(steps[row]));
    const auto owner = targets_.find(TargetKey(steps[row].integer(11), static_cast<int>(steps[row].integer(0))));
    if (owner == targets_.end()) continue;
    auto path = step.path;
    owner->second.record.steps.insert_or_assign(std::move(path), std::move(step));
  }
  return {};
}

// Its steps are those that the appender has, then.
bool PostgresStore::is_known(const TargetKey& key, const std::string& hash) const {
  if (!known_) return false;
  const auto known = known_->find(key);
  return known != known_->end() && known->second.hash == hash;
}

Result<void> PostgresStore::lock_for(const std::vector<Event>& events) {
  std::set<std::int64_t> runs;
  std::set<TargetKey> targets;
  for (const Event& event : events) {
    if (event.target == 0)
      runs.insert(event.run);
    else
      targets.emplace(event.run, event.target);
  }
  TRY_VOID(lock_runs(runs));
  TRY_VOID(lock_targets(targets));
  TRY(last_sequence_, database_.integer("update pgconvoy.counters set last_event = last_event + $1::bigint "
                                        "returning last_event - $1::bigint",
                                        {number(static_cast<std::int64_t>(events.size()))}));
  return {};
}

Result<std::int64_t> PostgresStore::lock_for_new_run(std::int64_t events) {
  TRY(const PostgresRows rows,
      database_.query("update pgconvoy.counters set last_run = last_run + 1, last_event = last_event + $1::bigint "
                      "returning last_run, last_event - $1::bigint",
                      {number(events)}));
  if (rows.empty()) return Error(ErrorKind::corrupt, "the journal has lost its counters", "restore its schema pgconvoy from a backup");
  last_sequence_ = rows[0].integer(1);
  return rows[0].integer(0);
}

Result<std::optional<Stored<RunRecord>>> PostgresStore::read_run(std::int64_t run) {
  if (const auto known = runs_.find(run); known != runs_.end()) return std::optional(known->second);
  TRY(const PostgresRows rows,
      database_.query(fmt::format("select {} from pgconvoy.runs where id = $1::bigint", kRunColumns), {number(run)}));
  if (rows.empty()) return std::optional<Stored<RunRecord>>();
  TRY(auto stored, run_of_row(rows[0]));
  return std::optional(std::move(stored));
}

Result<std::optional<Stored<TargetRecord>>> PostgresStore::read_target(std::int64_t run, int target) {
  if (const auto known = targets_.find(TargetKey(run, target)); known != targets_.end()) return std::optional(known->second);
  TRY(const PostgresRows rows,
      database_.query(fmt::format("select {} from pgconvoy.targets where run = $1::bigint and number = $2::int", kTargetColumns),
                      {number(run), number(target)}));
  if (rows.empty()) return std::optional<Stored<TargetRecord>>();
  TRY(auto stored, target_of_row(rows[0]));
  TRY(const PostgresRows steps,
      database_.query(fmt::format("select {} from pgconvoy.steps where run = $1::bigint and target = $2::int", kStepColumns),
                      {number(run), number(target)}));
  for (int row = 0; row < steps.size(); ++row) {
    TRY(auto step, step_of_row(steps[row]));
    auto path = step.path;
    stored.record.steps.emplace(std::move(path), std::move(step));
  }
  return std::optional(std::move(stored));
}

Result<std::optional<std::string>> PostgresStore::read_head(std::int64_t run, int target) {
  if (const auto known = targets_.find(TargetKey(run, target)); known != targets_.end()) return std::optional(known->second.hash);
  TRY(const PostgresRows rows,
      database_.query("select hash from pgconvoy.targets where run = $1::bigint and number = $2::int", {number(run), number(target)}));
  return rows.empty() ? std::nullopt : std::optional(rows[0].text(0));
}

// Locked with the row, when there is one: two events about it come one after the other.
Result<std::optional<StoredObligation>> PostgresStore::read_obligation(const std::string& id) {
  TRY(const PostgresRows rows,
      database_.query(fmt::format("select {} from pgconvoy.obligations where id = $1::text for no key update", kObligationColumns), {id}));
  if (rows.empty()) return std::optional<StoredObligation>();
  TRY(auto stored, obligation_of_row(rows[0]));
  return std::optional(std::move(stored));
}

Result<void> PostgresStore::write_event(const StoredEvent& stored) {
  const Event& event = stored.event;
  auto& columns = events_.columns;
  columns[0].add(event.sequence);
  columns[1].add(event.run);
  columns[2].add(std::int64_t{event.target});
  columns[3].add(SqlParameter(event.step));
  columns[4].add(std::int64_t{event.attempt});
  columns[5].add(std::int64_t{event.epoch});
  columns[6].add(SqlParameter(stored.kind));
  columns[7].add(SqlParameter(stored.at));
  columns[8].add(SqlParameter(stored.data));
  columns[9].add(SqlParameter(stored.hash));
  ++events_.rows;
  events_.bytes += stored.data.size();
  return events_.rows >= kRowsAtOnce || events_.bytes >= kBytesAtOnce ? flush_events() : Result<void>();
}

Result<void> PostgresStore::flush_events() {
  if (events_.rows == 0) return {};
  TRY(const PostgresRows done,
      database_.query(fmt::format("insert into pgconvoy.events ({}) select * from unnest($1::bigint[], $2::bigint[], $3::int[], $4::text[], "
                                  "$5::int[], $6::int[], $7::text[], $8::text[], $9::text[], $10::text[])",
                                  kEventColumns),
                      events_.take()));
  (void)done;
  return {};
}

Result<void> PostgresStore::write_run(const Stored<RunRecord>& stored) {
  const RunRecord& run = stored.record;
  TRY(const PostgresRows done,
      database_.query(fmt::format("insert into pgconvoy.runs ({}) values ($1::bigint, $2::text, $3::text, $4::text, $5::text, $6::text, "
                                  "$7::text, $8::text, $9::bigint, $10::text) on conflict (id) do update set state = excluded.state, "
                                  "intent = excluded.intent, started = excluded.started, ended = excluded.ended, hash = excluded.hash",
                                  kRunColumns),
                      {number(run.id), to_string(run.state), to_string(run.intent), run.runbook, run.runbook_digest,
                       format_utc(run.created), text_of(run.started), text_of(run.ended), number(stored.planned), stored.hash}));
  (void)done;
  return {};
}

Result<void> PostgresStore::write_target(const Stored<TargetRecord>& stored, const std::set<std::string>& steps) {
  const TargetRecord& target = stored.record;
  auto& columns = written_targets_.columns;
  columns[0].add(target.run);
  columns[1].add(std::int64_t{target.number});
  columns[2].add(SqlParameter(target.id));
  columns[3].add(SqlParameter(target.region));
  columns[4].add(SqlParameter(to_string(target.state)));
  columns[5].add(std::int64_t{target.epoch});
  columns[6].add(std::int64_t{target.pivoted});
  columns[7].add(text_of(target.reason));
  columns[8].add(text_of(target.started));
  columns[9].add(text_of(target.ended));
  columns[10].add(text_of(target.paused_at));
  columns[11].add(text_of(target.resumed_at));
  columns[12].add(stored.planned);
  columns[13].add(SqlParameter(stored.hash));
  ++written_targets_.rows;
  for (const std::string& path : steps) {
    const StepRecord& step = target.steps.at(path);
    auto& of_step = written_steps_.columns;
    of_step[0].add(target.run);
    of_step[1].add(std::int64_t{target.number});
    of_step[2].add(SqlParameter(path));
    of_step[3].add(SqlParameter(to_string(step.status)));
    of_step[4].add(std::int64_t{step.attempt});
    of_step[5].add(std::int64_t{step.epoch});
    of_step[6].add(step.first_started);
    of_step[7].add(text_of(step.intent));
    of_step[8].add(text_of(step.outcome));
    of_step[9].add(text_of(step.error));
    of_step[10].add(text_of(step.started));
    of_step[11].add(text_of(step.ended));
    ++written_steps_.rows;
  }
  return written_targets_.rows >= kRowsAtOnce ? flush_targets() : Result<void>();
}

Result<void> PostgresStore::flush_targets() {
  if (written_targets_.rows == 0) return {};
  TRY(const PostgresRows done,
      database_.query(fmt::format("insert into pgconvoy.targets ({}) select * from unnest($1::bigint[], $2::int[], $3::text[], $4::text[], "
                                  "$5::text[], $6::int[], $7::int[], $8::text[], $9::text[], $10::text[], $11::text[], $12::text[], "
                                  "$13::bigint[], $14::text[]) on conflict (run, number) do update set state = excluded.state, "
                                  "epoch = excluded.epoch, pivoted = excluded.pivoted, reason = excluded.reason, "
                                  "started = excluded.started, ended = excluded.ended, paused_at = excluded.paused_at, "
                                  "resumed_at = excluded.resumed_at, hash = excluded.hash",
                                  kTargetColumns),
                      written_targets_.take()));
  (void)done;
  return {};
}

// All in one round trip: nothing of it depends on the rest.
Result<void> PostgresStore::flush() {
  if (events_.rows == 0 && written_targets_.rows == 0 && written_steps_.rows == 0) return {};
  static const std::string sql = fmt::format(
      "with events as (insert into pgconvoy.events ({}) select * from unnest($1::bigint[], $2::bigint[], $3::int[], $4::text[], "
      "$5::int[], $6::int[], $7::text[], $8::text[], $9::text[], $10::text[])), "
      "targets as (insert into pgconvoy.targets ({}) select * from unnest($11::bigint[], $12::int[], $13::text[], $14::text[], "
      "$15::text[], $16::int[], $17::int[], $18::text[], $19::text[], $20::text[], $21::text[], $22::text[], $23::bigint[], $24::text[]) "
      "on conflict (run, number) do update set state = excluded.state, epoch = excluded.epoch, pivoted = excluded.pivoted, "
      "reason = excluded.reason, started = excluded.started, ended = excluded.ended, paused_at = excluded.paused_at, "
      "resumed_at = excluded.resumed_at, hash = excluded.hash) "
      "insert into pgconvoy.steps (run, {}) select * from unnest($25::bigint[], $26::int[], $27::text[], $28::text[], "
      "$29::int[], $30::int[], $31::bigint[], $32::text[], $33::text[], $34::text[], $35::text[], $36::text[]) "
      "on conflict (run, target, path) do update set status = excluded.status, attempt = excluded.attempt, "
      "epoch = excluded.epoch, first_started = excluded.first_started, intent = excluded.intent, "
      "outcome = excluded.outcome, error = excluded.error, started = excluded.started, ended = excluded.ended",
      kEventColumns, kTargetColumns, kStepColumns);
  std::vector<SqlParameter> values = events_.take();
  for (Pending* rows : {&written_targets_, &written_steps_})
    for (SqlParameter& column : rows->take()) values.push_back(std::move(column));
  TRY(const PostgresRows done, database_.query(sql, values));
  (void)done;
  return {};
}

Result<void> PostgresStore::write_obligation(const StoredObligation& stored) {
  const Obligation& obligation = stored.obligation;
  TRY(const PostgresRows done,
      database_.query(fmt::format("insert into pgconvoy.obligations ({}) values ($1::text, $2::bigint, $3::int, $4::text, $5::text, $6::text, "
                                  "$7::text, $8::text) on conflict (id) do update set run = excluded.run, target = excluded.target, "
                                  "kind = excluded.kind, state = excluded.state, due = excluded.due, waits_for = excluded.waits_for, "
                                  "data = excluded.data",
                                  kObligationColumns),
                      {obligation.id, number(stored.run), number(stored.target), obligation.kind, obligation.state, obligation.due,
                       obligation.waits_for, obligation.data.dump()}));
  (void)done;
  return {};
}

Result<void> PostgresStore::write_backup(const BackupRecord& backup) {
  TRY(const PostgresRows done,
      database_.query(fmt::format("insert into pgconvoy.backups ({}) values ($1::bigint, $2::int, $3::text, $4::text, $5::text, $6::text, "
                                  "$7::text, $8::text, $9::text, $10::text, $11::text, $12::bigint, $13::text) "
                                  "on conflict (run, target, instance, file) do update set target_id = excluded.target_id, "
                                  "server = excluded.server, database = excluded.database, sha256 = excluded.sha256, "
                                  "format = excluded.format, created = excluded.created, state = excluded.state, bytes = excluded.bytes, "
                                  "details = excluded.details",
                                  kBackupColumns),
                      {number(backup.run), number(backup.target), backup.target_id, backup.instance, backup.server, backup.database,
                       backup.file, backup.sha256, backup.format, backup.created, backup.state, number(backup.bytes),
                       backup.details.empty() ? SqlParameter() : SqlParameter(backup.details.dump())}));
  (void)done;
  return {};
}

Result<void> PostgresStore::mark_backups_deleted(std::int64_t run, const std::string& file) {
  TRY(const PostgresRows done, database_.query("update pgconvoy.backups set state = 'deleted' where run = $1::bigint and file = $2::text",
                                               {number(run), file}));
  (void)done;
  return {};
}

}  // namespace pgconvoy

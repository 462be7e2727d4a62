#include "engine/journal/sqlite_verifier.hpp"

#include <fmt/format.h>

#include "engine/journal/chain.hpp"
#include "engine/journal/describe.hpp"
#include "engine/journal/sqlite_schema.hpp"
#include "engine/journal/sqlite_wal.hpp"

namespace pgconvoy {

constexpr std::size_t kMostProblems = 500;

// One run's or one target's events, as far as they were read.
struct SqliteVerifier::Chain {
  std::int64_t run = 0;
  int target = -1;
  std::string name, head;
  std::int64_t first = 0;  // sequence
  RunRecord run_record;
  TargetRecord target_record;
  bool whole = true;  // false: an event was not understood, a comparison of the fold would only repeat it
};

void SqliteVerifier::problem(std::string text) {
  if (problems_.size() < kMostProblems) problems_.push_back(std::move(text));
  if (problems_.size() == kMostProblems) problems_.push_back("and more");
}

// Pages, cells, and that every index lists what its table holds: readers go through them.
Result<void> SqliteVerifier::check_file() {
  TRY(const std::string lost, lost_in_wal(path_));
  if (!lost.empty()) problem("the file: " + lost);
  TRY(auto row, database_.prepare("pragma integrity_check"));
  for (;;) {
    TRY(const bool more, row.step());
    if (!more) return {};
    if (row.text(0) != "ok") problem("the file: " + row.text(0));
  }
}

// False: its tables are not those of a journal, and nothing can be asked of them.
Result<bool> SqliteVerifier::check_tables() {
  TRY(const auto differences, differing_tables(database_));
  for (const auto& difference : differences) problem("the file: " + difference);
  return differences.empty();
}

Result<void> SqliteVerifier::check_references() {
  TRY(auto row, database_.prepare("select \"table\", parent, count(*) from pragma_foreign_key_check group by 1, 2"));
  for (;;) {
    TRY(const bool more, row.step());
    if (!more) return {};
    problem(fmt::format("the file: {} rows of {} belong to none of {}", row.integer(2), row.text(0), row.text(1)));
  }
}

Result<void> SqliteVerifier::check_sequences() {
  TRY(const auto given, database_.integer("select seq from sqlite_sequence where name = 'events'"));
  TRY(const auto last, database_.integer("select max(sequence) from events not indexed"));
  TRY(const auto count, database_.integer("select count(*) from events not indexed"));
  if (last != given) problem(fmt::format("the last event is {}, but {} were written: the end is missing", last, given));
  TRY(const auto runs_given, database_.integer("select seq from sqlite_sequence where name = 'runs'"));
  TRY(const auto last_run, database_.integer("select max(id) from runs"));
  if (last_run != runs_given)
    problem(fmt::format("the last run is r{}, but {} were planned: the end is missing", last_run, runs_given));
  if (count == last) return {};
  TRY(auto row,
      database_.prepare("select before + 1, sequence - 1 from (select sequence, lag(sequence, 1, 0) over "
                        "(order by sequence) as before from events not indexed) where sequence > before + 1"));
  for (;;) {
    TRY(const bool more, row.step());
    if (!more) return {};
    problem(fmt::format("events {} to {} are missing", row.integer(0), row.integer(1)));
  }
}

void SqliteVerifier::follow(Chain& chain, const StoredEvent& stored) {
  const Event& event = stored.event;
  auto where = fmt::format("event {} of {}", event.sequence, chain.name);
  if (!event.step.empty()) where += fmt::format(", step \"{}\"", event.step);
  const auto hash = chain_hash(chain.head, event, stored.kind, stored.at, stored.data);
  if (hash != stored.hash)
    problem(where + ": the hash does not fit; it, or the event before it, was changed or removed, and can't be believed");
  chain.head = stored.hash;
  if (!stored.problem.empty()) {
    problem(where + ": " + stored.problem);
    chain.whole = false;
    return;
  }
  // After an event that can't be, the rest of the chain would only be measured against a wrong state.
  if (!chain.whole) return;
  if (event.target == 0)
    invariants_.next(chain.run_record, event);
  else
    invariants_.next(chain.target_record, event);
  const auto refusal = event.target == 0 ? apply(chain.run_record, event) : apply(chain.target_record, event);
  if (refusal.empty()) return;
  problem(where + ": " + refusal + "; what comes after it in its chain is not judged");
  chain.whole = false;
}

// Compares what the events say with the projections.
Result<void> SqliteVerifier::end(const Chain& chain) {
  if (chain.run == 0) return {};
  if (chain.whole && chain.target != 0) invariants_.end(chain.target_record);
  std::vector<std::string> differences;
  std::string head;
  std::int64_t planned = 0;
  if (chain.target == 0) {
    auto stored = read_run(database_, chain.run);
    if (stored && *stored) {
      head = (*stored)->hash;
      planned = (*stored)->planned;
      if (chain.whole) differences = differing_fields(describe(chain.run_record), describe((*stored)->record));
    } else {
      problem(chain.name + ": its projection " + (stored ? "is missing" : "can't be read: " + stored.error().message));
      return {};
    }
  } else {
    auto stored = read_target(database_, chain.run, chain.target, true);
    if (stored && *stored) {
      head = (*stored)->hash;
      planned = (*stored)->planned;
      if (chain.whole) differences = differing_fields(describe(chain.target_record), describe((*stored)->record));
    } else {
      problem(chain.name + ": its projection " + (stored ? "is missing" : "can't be read: " + stored.error().message));
      return {};
    }
  }
  for (const auto& difference : differences) problem(chain.name + ": " + difference);
  if (planned != chain.first)
    problem(fmt::format("{}: it was planned by event {}, its projection says event {}", chain.name, chain.first, planned));
  if (head != chain.head) problem(chain.name + ": its last event is not the one that the projection was written for");
  return {};
}

Result<void> SqliteVerifier::check_chains() {
  TRY(auto row, database_.prepare(fmt::format("select {} from events order by run, target, sequence", kEventColumns)));
  Chain chain;
  std::int64_t read = 0;
  for (;;) {
    TRY(const bool more, row.step());
    if (!more) break;
    ++read;
    const StoredEvent stored = event_of_row(row);
    if (stored.event.run != chain.run || stored.event.target != chain.target) {
      TRY_VOID(end(chain));
      chain = Chain();
      chain.run = stored.event.run;
      chain.target = stored.event.target;
      chain.name = chain.target == 0 ? fmt::format("r{}", chain.run) : fmt::format("r{}/t{}", chain.run, chain.target);
      chain.head = chain_start(token_, chain.run, chain.target);
      chain.first = stored.event.sequence;
    }
    follow(chain, stored);
  }
  TRY_VOID(end(chain));
  TRY(const auto count, database_.integer("select count(*) from events not indexed"));
  if (read != count) problem(fmt::format("an index of the file lists {} events of {}", read, count));
  return {};
}

Result<void> SqliteVerifier::check_rows_without_events() {
  TRY(auto row,
      database_.prepare(
          "select 'r' || id from runs r where not exists (select 1 from events where run = r.id and target = 0) "
          "union all select 'r' || run || '/t' || number from targets t where not exists "
          "(select 1 from events where run = t.run and target = t.number)"));
  for (;;) {
    TRY(const bool more, row.step());
    if (!more) return {};
    problem(row.text(0) + ": there is a projection, but no event");
  }
}

Result<std::vector<std::string>> SqliteVerifier::run() {
  TRY(const bool ours, check_tables());
  if (!ours) return std::move(problems_);
  TRY_VOID(check_file());
  TRY_VOID(check_references());
  TRY_VOID(check_sequences());
  TRY_VOID(check_chains());
  TRY_VOID(check_rows_without_events());
  TRY_VOID(check_obligations_and_backups());
  return std::move(problems_);
}

}  // namespace pgconvoy

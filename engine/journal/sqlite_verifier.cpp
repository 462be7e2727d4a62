#include "engine/journal/sqlite_verifier.hpp"

#include <fmt/format.h>

#include "engine/journal/chain.hpp"
#include "engine/journal/describe.hpp"

namespace pgconvoy {

constexpr std::size_t kMostProblems = 500;

// One run's or one target's events, as far as they were read.
struct SqliteVerifier::Chain {
  std::int64_t run = 0;
  int target = -1;
  std::string name, head;
  RunRecord run_record;
  TargetRecord target_record;
  bool whole = true;  // false: an event was not understood, a comparison of the fold would only repeat it
};

void SqliteVerifier::problem(std::string text) {
  if (problems_.size() < kMostProblems) problems_.push_back(std::move(text));
  if (problems_.size() == kMostProblems) problems_.push_back("and more");
}

Result<void> SqliteVerifier::check_file() {
  TRY(auto row, database_.prepare("pragma quick_check"));
  for (;;) {
    TRY(const bool more, row.step());
    if (!more) return {};
    if (row.text(0) != "ok") problem("the file: " + row.text(0));
  }
}

Result<void> SqliteVerifier::check_sequences() {
  TRY(const auto given, database_.integer("select seq from sqlite_sequence where name = 'events'"));
  TRY(const auto last, database_.integer("select max(sequence) from events not indexed"));
  TRY(const auto count, database_.integer("select count(*) from events not indexed"));
  if (last != given) problem(fmt::format("the last event is {}, but {} were written: the end is missing", last, given));
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
  const auto where = fmt::format("event {} of {}", event.sequence, chain.name);
  const auto hash = chain_hash(chain.head, event, stored.kind, stored.at, stored.data);
  if (hash != stored.hash)
    problem(where + ": the hash does not fit; it, or the event before it, was changed or removed");
  chain.head = stored.hash;
  if (!stored.problem.empty()) {
    problem(where + ": " + stored.problem);
    chain.whole = false;
    return;
  }
  const auto refusal = event.target == 0 ? apply(chain.run_record, event) : apply(chain.target_record, event);
  if (refusal.empty()) return;
  problem(where + ": " + refusal);
  chain.whole = false;
}

// Compares what the events say with the projections.
Result<void> SqliteVerifier::end(const Chain& chain) {
  if (chain.run == 0) return {};
  std::vector<std::string> differences;
  std::string head;
  if (chain.target == 0) {
    auto stored = read_run(database_, chain.run);
    if (stored && *stored) {
      head = (*stored)->hash;
      if (chain.whole) differences = differing_fields(describe(chain.run_record), describe((*stored)->record));
    } else {
      problem(chain.name + ": its projection " + (stored ? "is missing" : "can't be read: " + stored.error().message));
      return {};
    }
  } else {
    auto stored = read_target(database_, chain.run, chain.target, true);
    if (stored && *stored) {
      head = (*stored)->hash;
      if (chain.whole) differences = differing_fields(describe(chain.target_record), describe((*stored)->record));
    } else {
      problem(chain.name + ": its projection " + (stored ? "is missing" : "can't be read: " + stored.error().message));
      return {};
    }
  }
  for (const auto& difference : differences) problem(chain.name + ": " + difference);
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
  TRY_VOID(check_file());
  TRY_VOID(check_sequences());
  TRY_VOID(check_chains());
  TRY_VOID(check_rows_without_events());
  TRY_VOID(check_obligations_and_backups());
  return std::move(problems_);
}

}  // namespace pgconvoy

#include "engine/journal/verifier.hpp"

#include <fmt/format.h>

#include "engine/journal/chain.hpp"
#include "engine/journal/describe.hpp"

namespace pgconvoy {

constexpr std::size_t kMostProblems = 500;

// One run's or one target's events, as far as they were read.
struct JournalVerifier::Chain {
  std::int64_t run = 0;
  int target = -1;
  std::string name, head;
  std::int64_t first = 0;  // sequence
  RunRecord run_record;
  TargetRecord target_record;
  bool whole = true;  // false: an event was not understood, a comparison of the fold would only repeat it
};

void JournalVerifier::problem(std::string text) {
  if (problems_.size() < kMostProblems) problems_.push_back(std::move(text));
  if (problems_.size() == kMostProblems) problems_.push_back("and more");
}

Result<void> JournalVerifier::check_sequences() {
  TRY(const JournalCounts counts, store_.count());
  if (counts.last_event != counts.events_given)
    problem(fmt::format("the last event is {}, but {} were written: the end is missing", counts.last_event,
                        counts.events_given));
  if (counts.last_run != counts.runs_given)
    problem(fmt::format("the last run is r{}, but {} were planned: the end is missing", counts.last_run,
                        counts.runs_given));
  if (counts.events == counts.last_event) return {};
  TRY(const auto gaps, store_.gaps());
  for (const auto& [first, last] : gaps) problem(fmt::format("events {} to {} are missing", first, last));
  return {};
}

void JournalVerifier::follow(Chain& chain, const StoredEvent& stored) {
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
Result<void> JournalVerifier::end(const Chain& chain) {
  if (chain.run == 0) return {};
  if (chain.whole && chain.target != 0) invariants_.end(chain.target_record);
  std::vector<std::string> differences;
  std::string head;
  std::int64_t planned = 0;
  if (chain.target == 0) {
    auto stored = store_.read_run(chain.run);
    if (stored && *stored) {
      head = (*stored)->hash;
      planned = (*stored)->planned;
      if (chain.whole) differences = differing_fields(describe(chain.run_record), describe((*stored)->record));
    } else {
      problem(chain.name + ": its projection " + (stored ? "is missing" : "can't be read: " + stored.error().message));
      return {};
    }
  } else {
    auto stored = store_.read_target(chain.run, chain.target);
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

Result<void> JournalVerifier::check_chains() {
  Chain chain;
  std::int64_t read = 0;
  TRY_VOID(store_.visit_chains([&](const StoredEvent& stored) -> Result<void> {
    ++read;
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
    return {};
  }));
  TRY_VOID(end(chain));
  TRY(const JournalCounts counts, store_.count());
  if (read != counts.events) problem(fmt::format("an index of the journal lists {} events of {}", read, counts.events));
  return {};
}

Result<std::vector<std::string>> JournalVerifier::run() {
  TRY_VOID(check_sequences());
  TRY_VOID(check_chains());
  TRY(const auto without_events, store_.rows_without_events());
  for (const std::string& name : without_events) problem(name + ": there is a projection, but no event");
  TRY_VOID(check_obligations_and_backups());
  return std::move(problems_);
}

}  // namespace pgconvoy

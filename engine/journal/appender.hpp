// Appends events within a transaction that the caller holds: fold, chain, row, and at the end the projections.
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "engine/journal/store.hpp"

namespace pgconvoy {

// Targets as they were last written, with their steps. One holds as long as the head of its chain in the journal is the one
// here: whatever another process wrote since changes that head.
using KnownTargets = std::map<std::pair<std::int64_t, int>, Stored<TargetRecord>>;

class JournalAppender {
 public:
  // REQUIRES: a write transaction is open, and stays open until finish(). `known` spares reading the steps of a target for
  // each of its events; finish() keeps there what it wrote of targets that are under way.
  JournalAppender(JournalStore& store, const std::string& token, KnownTargets* known = nullptr)
      : store_(store), token_(token), known_(known) {}

  // Numbers the event and writes its row. Errors: conflict (it can't follow the state it meets), usage (its data
  // can't be stored), or the database's. After an error the transaction must be rolled back.
  Result<void> add(Event& event);

  // A new run of that id, with all its targets. Errors as of add(), and usage for a target that names another number.
  Result<void> plan_run(std::int64_t id, json plan, const PlannedTargets& targets, WallTime now);

  // Of the event that was added last.
  const std::string& last_hash() const { return last_hash_; }

  // Writes the projections of all that was added.
  Result<void> finish();

 private:
  struct OpenTarget {
    Stored<TargetRecord> stored;
    std::set<std::string> touched;  // paths of steps to write
  };
  Result<void> number(Event& event);
  Result<Stored<RunRecord>*> run_of(const Event& event);
  Result<OpenTarget*> target_of(const Event& event);
  Result<void> write_targets();
  Result<std::optional<Stored<TargetRecord>>> stored_target(const std::pair<std::int64_t, int>& key);
  Result<void> fold_obligation(const Event& event);
  Result<void> link(std::string& head, Event& event, std::string data);

  JournalStore& store_;
  const std::string& token_;
  KnownTargets* known_;
  std::int64_t last_sequence_ = -1;
  std::string last_hash_;
  std::map<std::int64_t, Stored<RunRecord>> runs_;
  std::map<std::pair<std::int64_t, int>, OpenTarget> targets_;
};

}  // namespace pgconvoy

// Appends events within a transaction that the caller holds: fold, chain, row, and at the end the projections.
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>

#include "engine/journal/sqlite_records.hpp"

namespace pgconvoy {

class SqliteAppender {
 public:
  // REQUIRES: a write transaction is open, and stays open until finish().
  SqliteAppender(SqliteDatabase& database, const std::string& token) : database_(database), token_(token) {}

  // Numbers the event and writes its row. Errors: conflict (it can't follow the state it meets), usage (its data
  // can't be stored), or the database's. After an error the transaction must be rolled back.
  Result<void> add(Event& event);

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
  Result<void> fold_obligation(const Event& event);
  Result<void> link(std::string& head, const Event& event, const std::string& data);

  SqliteDatabase& database_;
  const std::string& token_;
  std::int64_t last_sequence_ = -1;
  std::map<std::int64_t, Stored<RunRecord>> runs_;
  std::map<std::pair<std::int64_t, int>, OpenTarget> targets_;
};

}  // namespace pgconvoy

// Reads a whole journal again and says what doesn't fit. docs/journal.md, "Invariants". Changes nothing. One pass over
// the events, one target at a time in memory.
#pragma once

#include <string>
#include <vector>

#include "engine/journal/invariants.hpp"
#include "engine/journal/store.hpp"

namespace pgconvoy {

class JournalVerifier {
 public:
  // REQUIRES: a read transaction is open, so that everything is of one moment. `token` is the journal's.
  JournalVerifier(JournalStore& store, const std::string& token) : store_(store), token_(token) {}

  // One line for each problem, at most some hundred. An error is only what kept it from reading on.
  Result<std::vector<std::string>> run();

 private:
  struct Chain;
  void problem(std::string text);
  Result<void> check_sequences();
  Result<void> check_chains();
  Result<void> check_obligations_and_backups();
  void follow(Chain& chain, const StoredEvent& stored);
  Result<void> end(const Chain& chain);

  JournalStore& store_;
  const std::string& token_;
  std::vector<std::string> problems_;
  Invariants invariants_{[this](const Violation& violation) { problem(describe(violation)); }};
};

}  // namespace pgconvoy

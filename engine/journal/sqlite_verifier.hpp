// Reads a whole journal again and says what doesn't fit. docs/journal.md, "Invariants". Changes nothing. One pass over
// the events, one target at a time in memory.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "engine/journal/invariants.hpp"
#include "engine/journal/sqlite_records.hpp"

namespace pgconvoy {

class SqliteVerifier {
 public:
  // REQUIRES: a read transaction is open, so that everything is of one moment.
  SqliteVerifier(SqliteDatabase& database, const std::filesystem::path& path, const std::string& token)
      : database_(database), path_(path), token_(token) {}

  // One line for each problem, at most some hundred. An error is only what kept it from reading on.
  Result<std::vector<std::string>> run();

 private:
  struct Chain;
  void problem(std::string text);
  Result<void> check_file();
  Result<bool> check_tables();
  Result<void> check_references();
  Result<void> check_sequences();
  Result<void> check_chains();
  Result<void> check_obligations_and_backups();
  Result<void> check_rows_without_events();
  void follow(Chain& chain, const StoredEvent& stored);
  Result<void> end(const Chain& chain);

  SqliteDatabase& database_;
  const std::filesystem::path& path_;
  const std::string& token_;
  std::vector<std::string> problems_;
  Invariants invariants_{[this](const Violation& violation) { problem(describe(violation)); }};
};

}  // namespace pgconvoy

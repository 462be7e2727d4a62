// Reads a whole journal again and says what doesn't fit. docs/journal.md, last paragraph. Changes nothing.
#pragma once

#include <string>
#include <vector>

#include "engine/journal/sqlite_records.hpp"

namespace pgconvoy {

class SqliteVerifier {
 public:
  // REQUIRES: a read transaction is open, so that everything is of one moment.
  SqliteVerifier(SqliteDatabase& database, const std::string& token) : database_(database), token_(token) {}

  // One line for each problem, at most some hundred. An error is only what kept it from reading on.
  Result<std::vector<std::string>> run();

 private:
  struct Chain;
  void problem(std::string text);
  Result<void> check_file();
  Result<void> check_sequences();
  Result<void> check_chains();
  Result<void> check_obligations_and_backups();
  Result<void> check_rows_without_events();
  void follow(Chain& chain, const StoredEvent& stored);
  Result<void> end(const Chain& chain);

  SqliteDatabase& database_;
  const std::string& token_;
  std::vector<std::string> problems_;
};

}  // namespace pgconvoy

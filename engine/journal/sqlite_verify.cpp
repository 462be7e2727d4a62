// verify() of the SQLite journal: the file itself, and then what every journal is checked for.
#include <fmt/format.h>

#include "engine/journal/sqlite_journal.hpp"
#include "engine/journal/sqlite_schema.hpp"
#include "engine/journal/sqlite_store.hpp"
#include "engine/journal/sqlite_wal.hpp"
#include "engine/journal/verifier.hpp"

namespace pgconvoy {
namespace {

// Pages, cells, and that every index lists what its table holds: readers go through them.
Result<void> check_file(SqliteDatabase& database, const std::filesystem::path& path, std::vector<std::string>& problems) {
  TRY(const std::string lost, lost_in_wal(path));
  if (!lost.empty()) problems.push_back("the file: " + lost);
  TRY(auto row, database.prepare("pragma integrity_check"));
  for (;;) {
    TRY(const bool more, row.step());
    if (!more) return {};
    if (row.text(0) != "ok") problems.push_back("the file: " + row.text(0));
  }
}

Result<void> check_references(SqliteDatabase& database, std::vector<std::string>& problems) {
  TRY(auto row, database.prepare("select \"table\", parent, count(*) from pragma_foreign_key_check group by 1, 2"));
  for (;;) {
    TRY(const bool more, row.step());
    if (!more) return {};
    problems.push_back(fmt::format("the file: {} rows of {} belong to none of {}", row.integer(2), row.text(0), row.text(1)));
  }
}

Result<std::vector<std::string>> check_all(SqliteDatabase& database, const std::filesystem::path& path,
                                           const std::string& token) {
  std::vector<std::string> problems;
  TRY(const auto differences, differing_tables(database));
  for (const auto& difference : differences) problems.push_back("the file: " + difference);
  // Its tables are not those of a journal: nothing can be asked of them.
  if (!problems.empty()) return problems;
  TRY_VOID(check_file(database, path, problems));
  TRY_VOID(check_references(database, problems));
  SqliteStore store(database);
  TRY(const auto others, JournalVerifier(store, token).run());
  problems.insert(problems.end(), others.begin(), others.end());
  return problems;
}

}  // namespace

Result<std::vector<std::string>> SqliteJournal::verify() {
  const std::scoped_lock lock(mutex_);
  TRY(auto view, SqliteTransaction::start(*database_, "begin"));
  auto problems = check_all(*database_, path_, token_);
  // Damage that stops the reading is a finding like others.
  if (!problems && problems.error().kind == ErrorKind::corrupt)
    return std::vector<std::string>{"the file can't be read to its end: " + problems.error().message};
  return problems;
}

}  // namespace pgconvoy

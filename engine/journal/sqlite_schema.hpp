// The journal's file: recognised, refused or made. docs/journal.md, "The file" and "Versions and what is refused".
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "engine/journal/journal.hpp"
#include "engine/journal/sqlite_database.hpp"

namespace pgconvoy {

constexpr std::int64_t kJournalApplicationId = 0x50474356;  // "PGCV"
constexpr std::int64_t kJournalVersion = 1;

// Opens the file of a journal of this version, with the settings that durability needs. Makes it with mode 0600
// when `mode` is create and there is none, or an empty one. Any other file is refused and left untouched.
Result<std::unique_ptr<SqliteDatabase>> open_journal_file(const std::filesystem::path& path, OpenMode mode);

// What is different from the tables and indexes of a journal, one line each; empty: nothing is.
Result<std::vector<std::string>> differing_tables(SqliteDatabase& database);

// Whether the table of backups has the column `details`: a file that was never opened for writing since an earlier
// version made it has not.
Result<bool> has_backup_details(SqliteDatabase& database);

}  // namespace pgconvoy

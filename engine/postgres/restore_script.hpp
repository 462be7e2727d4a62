// What pg_restore would run, entry by entry: its output to a file (`--file=- --verbose`), taken apart by PostgreSQL's
// lexical rules, so that no text inside a literal is ever taken for the beginning of an entry. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace pgconvoy {

struct ScriptEntry {
  std::int64_t catalogue = 0, oid = 0;  // of the object, on the server that was dumped
  std::string sql;                      // whole statements, what the entry needs to be set (its tablespace) before them
};

// By number of the archive's table of contents. nullopt when the text isn't in UTF-8 or has strings by other rules than the
// standard's, so that a session of ours would understand it differently, and when it isn't complete.
std::optional<std::map<int, ScriptEntry>> split_restore_script(std::string_view script);

}  // namespace pgconvoy

// Shared libraries that a database calls by itself, without an extension, and whether the target server has them.
#pragma once

#include <string>
#include <vector>

#include "engine/core/json.hpp"
#include "engine/facts/inquiry.hpp"

namespace pgconvoy {

inline constexpr const char* kLibrariesPart = "libraries";
inline constexpr const char* kTargetLibrariesPart = "target_libraries";

// A function in language C or internal.
struct LibraryFunctionFact {
  std::string library;   // as CREATE FUNCTION named it: "$libdir/dropped"; "" for one of the server's own
  std::string symbol;    // its name there
  std::string function;  // regprocedure, qualified
  std::string language;  // the procedural language that it handles; "" for none
};
PGCONVOY_JSON(LibraryFunctionFact);

struct LibrariesFact {
  std::vector<LibraryFunctionFact> functions;  // at most 500, by library; members of extensions are left out
  int more = 0;                                // beyond those
  std::vector<std::string> languages;          // procedural ones that a dump makes by the extension of their name
  std::vector<std::string> plugins;            // "slot: plugin" of logical slots in the database
};
PGCONVOY_JSON(LibrariesFact);

// A LibrariesFact, from pg_proc, pg_language and pg_replication_slots. What stands in pg_catalog isn't dumped and left out.
std::string libraries_sql(int version);

struct TargetLibraryFact {
  std::string library;                       // as the source names it; "" for the server's own
  std::string used_by;                       // functions | session_preload_libraries | local_preload_libraries | plugin
  bool found = false;
  std::vector<std::string> looked_for;       // paths on the target's host
  std::vector<std::string> lacking_symbols;  // of functions, when the file could be read
};
PGCONVOY_JSON(TargetLibraryFact);

// Libraries that session_preload_libraries and local_preload_libraries of the database and the roles that it needs name.
std::vector<TargetLibraryFact> preloaded_libraries(const TargetFacts& facts, const std::string& instance);

// Names in a list such as `auto_explain, "$libdir/other"`.
std::vector<std::string> listed_libraries(std::string_view list);

// A list of TargetLibraryFact: where the target server would look, whether a file is there, and whether it holds the
// symbols. Nothing is loaded. No session when nothing is used. Needs a superuser, or one who may read the server's files.
Task<Result<json>> read_target_libraries(const InquiryContext& context);

}  // namespace pgconvoy

// What in the source of a routine no longer works on another version. A restore doesn't look into sources
// (check_function_bodies is off there), so such a routine is there afterwards and fails when it is called. Pure.
#pragma once

#include <string>
#include <vector>

#include "engine/facts/code.hpp"
#include "engine/facts/removed_names.hpp"

namespace pgconvoy {

// Each in a few words: "calls pg_is_in_backup()". SQL and PL/pgSQL are read token by token, so that comments, literals
// and names that only look alike don't count; of other languages nothing but calls of removed functions is found.
std::vector<std::string> routine_faults(const RoutineFact& routine, const RemovedNames& removed);

}  // namespace pgconvoy

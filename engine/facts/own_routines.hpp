// Names of the functions that a database defines.
#pragma once

#include <string>
#include <vector>

#include "engine/core/json.hpp"

namespace pgconvoy {

inline constexpr const char* kOwnRoutinesPart = "own_routines";

struct OwnRoutinesFact {
  std::vector<std::string> routines;  // "public.regexp_count(text, text)", quoted; at most 3000
  int more = 0;
};
PGCONVOY_JSON(OwnRoutinesFact);

// Of a database: an OwnRoutinesFact, from pg_proc; members of extensions are left out.
std::string own_routines_sql(int version);

}  // namespace pgconvoy

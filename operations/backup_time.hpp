// When the backup is made: complete before the app starts on the new database, or while it already runs there. Until it is
// made, the fenced source holds all that it will hold.
#pragma once

#include "engine/core/parameters.hpp"

namespace pgconvoy {

inline Parameter backup_time_parameter() {
  return {"backup", Parameter::Type::text, "before-pivot", "When the backup is complete: before-pivot or after-pivot (short-pause only)."};
}
inline bool is_after_pivot(const json& arguments) { return arguments.is_object() && arguments.value("backup", "before-pivot") == "after-pivot"; }

}  // namespace pgconvoy

// What tells a rehearsal from a move, for whoever judges or shows runs. A runbook that rehearses is called after the one
// that it rehearses (validate() sees to it), so a run's name for its runbook is enough.
#pragma once

#include <string>
#include <string_view>

namespace pgconvoy {

inline constexpr std::string_view kRehearsalPrefix = "rehearsal-of-";
inline constexpr const char* kRehearsalBracket = "as_rehearsal";

inline bool is_rehearsal(const std::string& runbook) { return runbook.starts_with(kRehearsalPrefix); }

}  // namespace pgconvoy

// What PostgreSQL's release notes say about extensions that went away: data for extensions_available.
#pragma once

#include <string_view>

namespace pgconvoy {

struct RetiredExtension {
  std::string_view name;
  int gone_in;                   // first major version without it
  std::string_view replacement;  // extension that took its place; "": none
  std::string_view advice;       // what to do on the source before the move
};

// By name; nullptr when it is not known to have been retired.
const RetiredExtension* find_retired(std::string_view extension);

// Extensions whose restore wants exactly the version that the dump was made with.
bool needs_same_version(std::string_view extension);

// Compares "1.10" with "1.9" by their numbers: negative, 0 or positive. Letters are compared as text, and a
// version with a suffix such as 3.4.0dev comes before the one without.
int compare_extension_versions(std::string_view left, std::string_view right);

}  // namespace pgconvoy

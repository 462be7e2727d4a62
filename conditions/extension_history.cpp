#include "conditions/extension_history.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <string>

namespace pgconvoy {
namespace {

constexpr std::string_view kPython =
    "port its functions to Python 3 and recreate them in the replacement's language, then DROP EXTENSION it "
    "(release notes of 15: support for Python 2 was removed)";
constexpr std::string_view kDrop = "DROP EXTENSION it, its functions have no successor";

constexpr std::array<RetiredExtension, 13> kRetired{{
    {"adminpack", 17, "", "DROP EXTENSION adminpack: only old versions of pgAdmin used it (release notes of 17)"},
    {"chkpass", 11, "",
     "keep such values as text hashed by pgcrypto, then DROP EXTENSION chkpass (release notes of 11)"},
    {"hstore_plpython2u", 15, "hstore_plpython3u", kPython},
    {"hstore_plpythonu", 15, "hstore_plpython3u", kPython},
    {"jsonb_plpython2u", 15, "jsonb_plpython3u", kPython},
    {"jsonb_plpythonu", 15, "jsonb_plpython3u", kPython},
    {"ltree_plpython2u", 15, "ltree_plpython3u", kPython},
    {"ltree_plpythonu", 15, "ltree_plpython3u", kPython},
    {"old_snapshot", 17, "", kDrop},
    {"plpython2u", 15, "plpython3u", kPython},
    {"plpythonu", 15, "plpython3u", kPython},
    {"timetravel", 12, "",
     "replace its trigger by one of your own, then DROP EXTENSION timetravel (release notes of 12)"},
    {"tsearch2", 10, "", "use the built-in text search, then DROP EXTENSION tsearch2 (release notes of 10)"},
}};

// One run of digits or of anything else, taken off the front. Separators are dropped.
std::string_view next_part(std::string_view& rest) {
  while (!rest.empty() && (rest.front() == '.' || rest.front() == '-' || rest.front() == '_')) rest.remove_prefix(1);
  if (rest.empty()) return {};
  const bool digit = std::isdigit(static_cast<unsigned char>(rest.front()));
  std::size_t length = 1;
  while (length < rest.size() && rest[length] != '.' && rest[length] != '-' && rest[length] != '_' &&
         static_cast<bool>(std::isdigit(static_cast<unsigned char>(rest[length]))) == digit)
    ++length;
  auto part = rest.substr(0, length);
  rest.remove_prefix(length);
  return part;
}

bool is_number(std::string_view part) {
  return !part.empty() && std::isdigit(static_cast<unsigned char>(part.front()));
}

int compare_numbers(std::string_view left, std::string_view right) {
  left.remove_prefix(std::min(left.find_first_not_of('0'), left.size()));
  right.remove_prefix(std::min(right.find_first_not_of('0'), right.size()));
  if (left.size() != right.size()) return left.size() < right.size() ? -1 : 1;
  return left.compare(right);
}

}  // namespace

const RetiredExtension* find_retired(std::string_view extension) {
  for (const auto& retired : kRetired)
    if (retired.name == extension) return &retired;
  return nullptr;
}

bool needs_same_version(std::string_view extension) { return extension == "timescaledb"; }

int compare_extension_versions(std::string_view left, std::string_view right) {
  while (true) {
    const auto a = next_part(left), b = next_part(right);
    if (a.empty() && b.empty()) return 0;
    // 3.4 is older than 3.4.1 and newer than 3.4dev.
    if (a.empty()) return is_number(b) ? -1 : 1;
    if (b.empty()) return is_number(a) ? 1 : -1;
    if (is_number(a) != is_number(b)) return is_number(a) ? 1 : -1;
    if (const int order = is_number(a) ? compare_numbers(a, b) : a.compare(b)) return order;
  }
}

}  // namespace pgconvoy

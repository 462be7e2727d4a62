// What objects of a database use of its extensions: newer versions of an extension may lack it.
#pragma once

#include <string>
#include <vector>

#include "engine/core/json.hpp"

namespace pgconvoy {

inline constexpr const char* kExtensionUsesPart = "extension_uses";

struct ExtensionUse {
  std::string extension;
  std::string member;  // "operator @(hstore, hstore)", "function f(text)", "column pg_stat_statements.total_time"
  std::string user;    // one object that uses it: "view public.v"
  int users = 0;
  // "": it came with the extension. added: it was made a member by hand, later than it was made itself; then nothing needs to use it.
  // removed: `user` is a function of the extension's library that is no member (any more), in the extension's schema.
  std::string by_hand;
};
PGCONVOY_JSON(ExtensionUse);

// Of a database: a list of at most 1000 ExtensionUse, from pg_depend. Members of extensions are no users; sources of routines
// leave no trace there.
std::string extension_uses_sql(int version);

}  // namespace pgconvoy

// Tablespaces: which a server has, and what of a database lies in them.
#pragma once

#include <string>
#include <vector>

#include "engine/core/json.hpp"

namespace pgconvoy {

inline constexpr const char* kTablespacesPart = "tablespaces";          // of a server: a list of names
inline constexpr const char* kUsedTablespacesPart = "used_tablespaces";  // of a database

struct UsedTablespaceFact {
  std::string tablespace;
  int objects = 0;
  std::string example;  // "table public.t": one of them
};
PGCONVOY_JSON(UsedTablespaceFact);

std::string tablespaces_sql(int version);

// A list of UsedTablespaceFact: tables, indexes and materialized views that name a tablespace (pg_class.reltablespace); those in
// the database's own name none. Temporary ones and members of extensions are left out.
std::string used_tablespaces_sql(int version);

}  // namespace pgconvoy

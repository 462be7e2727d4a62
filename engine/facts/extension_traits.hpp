// What a server's control files say about its extensions, and tables that only look as if they were an extension's.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "engine/core/json.hpp"

namespace pgconvoy {

inline constexpr const char* kExtensionTraitsPart = "extension_traits";
inline constexpr const char* kExtensionTablesPart = "extension_tables";

// Of the version that CREATE EXTENSION without VERSION makes.
struct ExtensionTraits {
  std::string version;
  std::string schema;                 // the only one that it can be made in; "" when any will do
  std::vector<std::string> needs;     // other extensions that must be there before
};
PGCONVOY_JSON(ExtensionTraits);
using ExtensionTraitsByName = std::map<std::string, ExtensionTraits>;

// Of a server: ExtensionTraitsByName, from pg_available_extensions and pg_available_extension_versions. Reads every control
// file.
std::string extension_traits_sql(int version);

// A table that is a member of an extension and whose rows a dump leaves out.
struct ExtensionTableFact {
  std::string extension, table;  // the table qualified
};
PGCONVOY_JSON(ExtensionTableFact);

// Of a database: a list of ExtensionTableFact, at most 50: those with rows, as far as statistics know, that
// pg_extension.extconfig doesn't name. Schemas of the system and of Citus and TimescaleDB, which fill them, are left out.
std::string extension_tables_sql(int version);

}  // namespace pgconvoy

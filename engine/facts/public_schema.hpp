// The schema that every database begins with.
#pragma once

#include <string>
#include <vector>

#include "engine/core/json.hpp"

namespace pgconvoy {

inline constexpr const char* kPublicSchemaPart = "public_schema";

struct PublicSchemaFact {
  bool exists = false;
  bool everybody_creates = false;       // PUBLIC has CREATE in it
  std::vector<std::string> strangers;   // roles that own something in it and may create there by PUBLIC alone, at most 20
};
PGCONVOY_JSON(PublicSchemaFact);

// A PublicSchemaFact, from pg_namespace.nspacl. Superusers, and who may create there by a grant or as its owner, are no strangers.
std::string public_schema_sql(int version);

}  // namespace pgconvoy

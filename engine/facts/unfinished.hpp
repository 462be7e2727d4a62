// Objects that somebody began and didn't finish: indexes that are not valid, constraints that were never checked.
#pragma once

#include <string>
#include <vector>

#include "engine/core/json.hpp"

namespace pgconvoy {

inline constexpr const char* kUnfinishedPart = "unfinished";

struct InvalidIndexFact {
  std::string index, table;  // qualified
  bool unique = false, ready = false;  // ready: it is kept up to date, and a unique one keeps duplicates out
};
PGCONVOY_JSON(InvalidIndexFact);

struct UnfinishedFact {
  std::vector<InvalidIndexFact> invalid_indexes;  // at most 100
  int invalid_count = 0;
  std::vector<std::string> not_valid;             // "constraint x on public.t", at most 50
  int not_valid_count = 0;
};
PGCONVOY_JSON(UnfinishedFact);

// An UnfinishedFact, from pg_index.indisvalid and pg_constraint.convalidated. Indexes of partitioned tables are left out:
// they come back as they are.
std::string unfinished_sql(int version);

}  // namespace pgconvoy

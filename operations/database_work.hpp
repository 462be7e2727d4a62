// What an operation has to do with a database, for its estimate. Pure.
#pragma once

#include "engine/facts/facts.hpp"
#include "engine/plan/priors.hpp"
#include "engine/run/operation.hpp"

namespace pgconvoy {

// The database of an estimate's subject; null when nothing is known of it.
inline const DatabaseFacts* database_of(const EstimateInput& input) {
  const auto found = input.facts.databases.find(input.subject);
  return found == input.facts.databases.end() ? nullptr : &found->second;
}

// Reading or writing all of its rows and large objects.
inline std::vector<Work> work_on_content(const DatabaseFacts& database) {
  return {{term::kTableBytes, static_cast<double>(database.table_bytes)},
          {term::kLargeObjectBytes, static_cast<double>(database.large_object_bytes)},
          {term::kLargeObjects, static_cast<double>(database.large_objects)}};
}

}  // namespace pgconvoy

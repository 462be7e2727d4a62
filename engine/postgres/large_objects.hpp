// Large objects from one database into another that has none: under their numbers, with owners, privileges and comments, hashed on
// their way, and read back to prove that they came.
//
// Both databases stand still meanwhile, as for rows (transfer.hpp). Nothing of a tenant's is evaluated: only functions of
// PostgreSQL are called, and REQUIRES: no event triggers on the target yet.
#pragma once

#include <cstdint>
#include <functional>

#include "engine/core/task.hpp"
#include "engine/postgres/content.hpp"
#include "engine/postgres/session.hpp"

namespace pgconvoy {

struct SentLargeObjects {
  std::int64_t objects = 0;
  std::int64_t bytes = 0;  // of their contents; what was never written in a sparse one takes none
  RowSum content;          // of the lines that a comparison takes them as (LargeObjectLines)
};

// REQUIRES: both sessions are superusers'; all roles that are named are there. `progress` (may be empty) is told bytes of contents so far.
// Memory: some MiB, whatever there is. What was written stays written after an error; not repeatable then.
Task<Result<SentLargeObjects>> transfer_large_objects(Session& source, Session& target, std::uint64_t seed, std::function<void(std::int64_t bytes)> progress);

// Reads the target's back, and compares contents with what was sent, owners and privileges with the source's. Error corrupt says
// which differ. Comments are definitions, and compared with these. REQUIRES: the seed of the transfer.
Task<Result<void>> prove_large_objects(const SentLargeObjects& sent, Session& source, Session& target, std::uint64_t seed);

}  // namespace pgconvoy

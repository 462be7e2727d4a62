// Collations whose order may be another one than when their indexes were built: the server keeps the version that the library had then
// (manual: ALTER COLLATION, Notes; ALTER DATABASE, REFRESH COLLATION VERSION, since 15). Reads only; in the database it is about.
#pragma once

#include <string>
#include <vector>

#include "engine/core/task.hpp"
#include "engine/postgres/session.hpp"

namespace pgconvoy {

struct ChangedCollation {
  std::string name;   // as SQL names it: pg_catalog."de-x-icu"; "" for the database's own
  std::string kept, actual;  // versions
};

// Of those that an index uses; collations whose version nobody kept are none of them.
Task<Result<std::vector<ChangedCollation>>> changed_collations(Session& session);

// Whether the server keeps the version of the database's own collation at all. Below 15 it doesn't.
inline bool keeps_version_of_database(const Session& session) { return session.server_version() >= 150000; }

struct CollatedIndex {
  std::string name;       // schema and name, quoted
  std::string owner;      // of its table
  bool of_superuser = false, exclusion = false;
  std::int64_t bytes = 0;
};

// Valid indexes that sort by a changed collation, in keys, expressions or predicates; with `all` by any that has an order of its own. Largest
// first. Those of catalogues, of other sessions' temporary tables and of partitioned tables (their partitions' are listed) are left out.
Task<Result<std::vector<CollatedIndex>>> collated_indexes(Session& session, bool all);

}  // namespace pgconvoy

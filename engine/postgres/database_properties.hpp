// What pg_dump of one database does not carry without --create: the database's own row in the cluster.
#pragma once

#include <string>
#include <vector>

#include "engine/postgres/compare.hpp"

namespace pgconvoy {

// Owner, encoding, locale, connection limit, privileges, comment, security labels, settings of the database and of
// roles in it. Whether connections are allowed is the fence's business, and left out. Of settings only the name is
// told: applications keep secrets in them. The sessions may be in any database of the two servers; the databases are
// called by the names they have at the moment (a fenced one has another). ErrorKind::not_found when one is missing.
// Of the options, `ignore_roles` is heeded. Writes nothing; may be repeated.
Task<Result<std::vector<Difference>>> compare_database_properties(Session& source_maintenance,
                                                                  std::string source_database,
                                                                  Session& target_maintenance,
                                                                  std::string target_database, CompareOptions options);

}  // namespace pgconvoy

// What pg_dump of one database does not carry without --create: the database's own row in the cluster.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/postgres/compare.hpp"

namespace pgconvoy {

// What a fence changes of the row, and gives back.
struct Ownership {
  std::string owner;
  std::string acl;  // datacl as text; "" is the default of the owner
  int connection_limit = -1;

  bool operator==(const Ownership&) const = default;
};

// Owner, encoding, locale, connection limit, privileges, comment, security labels, settings of the database and of
// roles in it. Whether connections are allowed is the fence's business, and left out. Of settings only the name is
// told: applications keep secrets in them. The sessions may be in any database of the two servers; the databases are
// called by the names they have at the moment (a fenced one has another), and of a fenced source `source_was` is compared
// in place of what the fence made of it. ErrorKind::not_found when one is missing.
// Of the options, `ignore_roles` is heeded. Writes nothing; may be repeated.
Task<Result<std::vector<Difference>>> compare_database_properties(Session& source_maintenance,
                                                                  std::string source_database,
                                                                  Session& target_maintenance,
                                                                  std::string target_database,
                                                                  std::optional<Ownership> source_was, CompareOptions options);

}  // namespace pgconvoy

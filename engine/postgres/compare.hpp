// Proof that two databases hold the same: schema, privileges, settings, sequences, large objects, and every row.
//
// Neither function writes, but for temporary views in a transaction that is rolled back (made_views.hpp). The sessions are the administrator's, inside the two databases, with row_security off. When one
// of them is no superuser, it must be able to read every table, sequence and large object; the synchronous_commit of
// subscriptions isn't compared then, nor whose `public` is where the server gave it to somebody else by default (15).
// // Reading tables runs type output functions only, no code of a tenant.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "engine/core/json.hpp"
#include "engine/core/task.hpp"
#include "engine/postgres/session.hpp"

namespace pgconvoy {

struct Difference {
  std::string kind;    // table, column, index, constraint, view, function, acl, comment, setting, sequence, rows, ...
  std::string object;  // qualified name
  std::string source;  // what the source says ("" = missing there)
  std::string target;
};
PGCONVOY_JSON(Difference);

struct TableContent {
  std::int64_t rows = 0;
  std::int64_t bytes = 0;  // of the COPY text
  std::string checksum;    // order-independent: sum of 128-bit row hashes modulo 2^128, hexadecimal
};

struct Comparison {
  std::vector<Difference> differences;
  std::map<std::string, TableContent> tables;  // of the source, by qualified quoted name
  std::int64_t rows = 0, bytes = 0;            // totals over tables
  int objects = 0;                             // catalogue entries compared
  std::int64_t large_objects = 0;
  bool equal() const { return differences.empty(); }
};

struct CompareOptions {
  bool content = true;                        // false: catalogues and sequences only, no table is read
  bool counts = false;                        // without content: rows and large objects are counted
  std::vector<std::string> ignore_roles;      // grants to and from these roles are left out on both sides
  std::function<void(std::int64_t rows, std::int64_t bytes)> progress;  // passing, may be empty
};

// Reads both sides at the same time, each in one read-only transaction that is ended before the return, so the
// sessions must be outside of one. Errors are those of the sessions; a difference is a value. May be repeated.
// What pg_dump does not carry is not compared: invalid indexes of the source, the order of columns of children by
// INHERITS, whether a foreign key's own triggers are enabled. The row of the database itself: database_properties.hpp.
Task<Result<Comparison>> compare_databases(Session& source, Session& target, CompareOptions options);

// A digest of everything that a database consists of but rows and sequences' values: equal as long as nobody changes its
// schema, privileges or comments. The other version is the target's. Reads in a transaction that it ends. As above.
Task<Result<std::string>> schema_fingerprint(Session& session, int other_version);

}  // namespace pgconvoy

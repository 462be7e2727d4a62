// What of the constraints of a database can be checked by reading rows, and the statements for it. For broken_constraints.
#pragma once

#include <string>
#include <vector>

#include "engine/postgres/session.hpp"

namespace pgconvoy {

struct RowCheck {
  std::string kind;    // unique, foreign, exclusion, check, partition, generated, domain
  std::string object;  // the constraint's or the index's name, the column's for generated and domain; quoted
  std::string table;   // qualified
  bool tenants_code = false;  // evaluating or planning it may call functions that the database defines
  std::int64_t bytes = 0;     // of the tables to read
  bool usual = true;          // equality is what GROUP BY means by it
  // A SELECT of how many rows (or keys) break it; for check, partition and generated the condition of a row that does; of a
  // partition see bounds_sql().
  std::string sql;
  std::string detail;         // keys of an index, the referenced table, the domain
  std::string quick;          // unless "": a SELECT of 0 where `sql` would give 0; another number may be a coincidence

  bool is_condition() const { return kind == "check" || kind == "partition" || kind == "generated"; }
};

// Rows for row_checks_of(), smallest tables first, for a session in the source database.
std::string row_checks_sql(int version);
std::vector<RowCheck> row_checks_of(const Rows& rows);

// The condition of a partition, which row_checks_sql() leaves out: to show it, PostgreSQL locks the partition, and
// computes what it can of its bounds, so that the tenant has to ask where functions of its own are in them.
std::string bounds_sql(const std::string& table);

// Of checks that are conditions over one table: how many rows each finds, in one reading: "3,0,1".
std::string count_conditions(const std::vector<RowCheck>& checks);

// A SELECT that shows the rows, to be typed by somebody.
std::string showing_sql(const RowCheck& check);

}  // namespace pgconvoy

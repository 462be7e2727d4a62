// Which indexes of a database may have entries that are too large, which tables rows that no longer fit a page, and how their values are measured. For index_entries.
#pragma once

#include <string>
#include <vector>

#include "engine/facts/index_entry.hpp"
#include "engine/postgres/session.hpp"

namespace pgconvoy {

struct MeasuredIndex {
  std::string name, table, method;  // qualified names; btree, gin, gist; heap for the rows of a table themselves, then no name
  std::string predicate;            // of a partial index, else ""
  bool old_layout = false;          // a btree of version 3 or older, whose entries may be longer
  bool recomputed = false;          // of a materialized view: the restore may bring its values compressed
  bool tenants_code = false;        // a plan over the table may call functions that the database defines
  std::vector<IndexColumn> columns;
};

// What the target will do with a value.
struct Measure {
  std::int64_t block_size = 8192, limit = 0;
  std::string source_method = "pglz", target_method = "pglz";  // the servers' defaults

  std::string method_of(const IndexColumn& column) const { return column.compression.empty() ? target_method : column.compression; }
  bool same_method(const IndexColumn& column) const { return !column.compression.empty() || source_method == target_method; }
};

// Rows for indexes_of(), for a session in the source database.
std::string indexes_sql(int version, bool superuser);
std::vector<MeasuredIndex> indexes_of(const Rows& rows);

// One row for each of the table's that may matter: ctid, then for each column: null?, bytes of its plain data, bytes as
// it is stored, its bytes in hex where their compression has to be tried.
std::string measuring_sql(const MeasuredIndex& index, const Measure& measure);

}  // namespace pgconvoy

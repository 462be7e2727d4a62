// Indexes with entries that the target refuses to build again: measured on the rows that can matter.
//
// An index of the source is no proof: values that were stored compressed went into it compressed, and a restore brings
// them as plain text, which is compressed anew only where the column's storage allows it, and perhaps by another method.
#pragma once

#include <string>
#include <vector>

#include "engine/facts/index_entry.hpp"
#include "engine/facts/inquiry.hpp"
#include "engine/facts/row_reader.hpp"

namespace pgconvoy {

inline constexpr const char* kIndexEntriesInquiry = "index_entries";
inline constexpr const char* kToastCompressionPart = "toast_compression";

struct LargeEntries {
  std::string index, table, method;  // qualified names; no index: the rows of the table themselves, method heap
  std::string columns;               // "bar", "lower(bar), id"
  std::int64_t rows = 0;             // how many make such an entry
  bool more = false;                 // there may be more rows: the reading ended before the last
  std::int64_t size = 0, limit = 0;  // of the largest, and what the target takes
  std::string place;                 // where the row of the largest is: its ctid
  bool certain = true;               // false: how far a value can be compressed isn't known
  bool extended_fits = false;        // with storage extended for `outside` all of them would fit
  std::vector<std::string> outside;  // columns with storage external or plain
  std::string compression;           // the method that the target would use
};
PGCONVOY_JSON(LargeEntries);

struct IndexEntriesFact {
  int indexes = 0;   // that hold values of variable length, wide enough to matter
  int measured = 0;  // of them, those whose rows had to be read
  std::vector<LargeEntries> too_large;
  std::vector<NotChecked> not_checked;
};
PGCONVOY_JSON(IndexEntriesFact);

// A string, of a server: the default method of compression, pglz before 14.
std::string toast_compression_sql(int version);

// Read-only, in the source database, as the administrator; rows of tables and indexes with the tenant's functions as the
// tenant. Reads no rows where storage, method, page size and the functions are such that what is in the source's index
// fits the target's too. REQUIRES: the part toast_compression of both servers; argument time_budget in seconds.
Task<Result<json>> read_index_entries(const InquiryContext& context);

}  // namespace pgconvoy

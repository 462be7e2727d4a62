// How large an index entry becomes when the index is built anew from a restored row. Pure; sizes in bytes, as
// index_form_tuple computes them (src/backend/access/common/indextuple.c).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/core/json.hpp"

namespace pgconvoy {

// One column of an index, key or INCLUDE.
struct IndexColumn {
  std::string name;           // as it stands in SQL: "bar", "lower(bar)"
  std::string type;           // of pg_type, domains resolved: "text", "_int4"
  int length = -1;            // pg_type.typlen; -1 is of variable length
  std::string align = "i";    // pg_type.typalign: c, s, i, d
  std::string storage = "x";  // p plain, e external, m main, x extended: what the restored column will have
  std::string compression;    // pglz or lz4, set for the column; "": the target's default
  bool column = true;         // false: an expression
  bool stored = true;         // the index holds the value itself, not something that its operator class makes of it
  bool text = false;          // its bytes can be read, so that their compression is known exactly
  bool tenants_code = false;  // an expression that calls a function which the database defines
};
PGCONVOY_JSON(IndexColumn);

// A value in a row.
struct IndexValue {
  bool null = false;
  std::int64_t plain = 0;                // bytes of the data, without any header
  // With its headers, when the target compresses it: measured, or as the source stores it. When not even that is known,
  // from the best that could be to the value as it is.
  std::optional<std::int64_t> compressed;
  bool may_compress = false;
};

struct EntrySize {
  std::int64_t least = 0, most = 0;  // equal when everything is known
};

// At that size and above, a plain value is compressed for its index when the storage allows it (TOAST_INDEX_TARGET).
std::int64_t compressed_above(std::int64_t block_size);

// Of all columns together, the tuple header included; for GIN each column is an entry of its own.
EntrySize entry_size(const std::vector<IndexColumn>& columns, const std::vector<IndexValue>& values, std::int64_t block_size);

// The largest entry that an index of this method takes ("btree", "gin", "gist"), or row that a page takes ("heap"); 0 when its size doesn't depend on values.
std::int64_t entry_limit(const std::string& method, std::int64_t block_size);

}  // namespace pgconvoy

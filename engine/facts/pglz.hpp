// How small PostgreSQL's own compression makes a value: what decides whether a long value fits into an index. Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace pgconvoy {

// Bytes that the data part takes when it is compressed with pglz as TOAST does it (PGLZ_strategy_default), without
// headers; none when PostgreSQL leaves the value as it is. The format and the way matches are looked for are those of
// PostgreSQL 9.5 and later (src/common/pg_lzcompress.c): sizes are equal to the byte. About 10 ms for a megabyte.
std::optional<std::size_t> pglz_size(std::string_view value);

// The same with LZ4 as PostgreSQL 14 and later use it; needs the library liblz4 at run time (libarchive brings it).
// `known` is false when it isn't there.
struct Lz4Size {
  bool known = false;
  std::optional<std::size_t> size;
};
Lz4Size lz4_size(std::string_view value);

}  // namespace pgconvoy

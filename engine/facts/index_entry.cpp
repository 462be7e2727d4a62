#include "engine/facts/index_entry.hpp"

#include <algorithm>

namespace pgconvoy {

PGCONVOY_JSON_FIELDS(IndexColumn, name, type, length, align, storage, compression, column, stored, text, tenants_code)

namespace {

constexpr std::int64_t kHeader = 8, kHeaderWithNulls = 16;
constexpr std::int64_t kLongHeader = 4, kCompressedHeader = 8;
constexpr std::int64_t kShortestCompressed = 32;
constexpr std::int64_t kBestRatio = 91;        // of pglz: 273 bytes in 3 and an eighth
constexpr std::int64_t kMostOfATuple = 8191;   // its size is kept in 13 bits
constexpr std::int64_t kPageHeader = 24;

std::int64_t aligned(std::int64_t offset, std::int64_t to) { return (offset + to - 1) / to * to; }
std::int64_t aligned_down(std::int64_t size, std::int64_t to) { return size / to * to; }
std::int64_t bytes_of(const std::string& align) { return align == "d" ? 8 : align == "s" ? 2 : align == "c" ? 1 : 4; }

// Where the value ends that begins after `offset`.
std::int64_t placed(std::int64_t offset, const IndexColumn& column, const IndexValue& value, std::optional<std::int64_t> compressed) {
  if (value.null) return offset;
  if (column.length >= 0) return aligned(offset, bytes_of(column.align)) + column.length;
  if (compressed) return aligned(offset, bytes_of(column.align)) + *compressed;
  if (column.storage != "p" && value.plain + 1 <= 127) return offset + value.plain + 1;
  return aligned(offset, bytes_of(column.align)) + kLongHeader + value.plain;
}

}  // namespace

std::int64_t compressed_above(std::int64_t block_size) { return (block_size - 32) / 16; }

EntrySize entry_size(const std::vector<IndexColumn>& columns, const std::vector<IndexValue>& values, std::int64_t block_size) {
  const bool nulls = std::any_of(values.begin(), values.end(), [](const IndexValue& value) { return value.null; });
  EntrySize size{nulls ? kHeaderWithNulls : kHeader, nulls ? kHeaderWithNulls : kHeader};
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const IndexColumn& column = columns[i];
    const IndexValue& value = values[i];
    if (!column.stored && column.length < 0) continue;  // what its operator class makes of it, the same on both sides
    std::optional<std::int64_t> at_best, at_worst;
    if (column.length < 0 && (column.storage == "x" || column.storage == "m")) {
      const bool for_sure = value.plain + kLongHeader > compressed_above(block_size);
      // Short ones are only compressed where the whole row is too long for its page.
      if (value.compressed) {
        at_best = value.compressed;
        if (for_sure) at_worst = value.compressed;
      } else if (value.may_compress && value.plain >= kShortestCompressed) {
        at_best = kCompressedHeader + value.plain / kBestRatio;
      }
    }
    size.least = placed(size.least, column, value, at_best);
    size.most = placed(size.most, column, value, at_worst);
  }
  return {aligned(size.least, 8), aligned(size.most, 8)};
}

std::int64_t entry_limit(const std::string& method, std::int64_t block_size) {
  if (method == "btree") return aligned_down((block_size - 40 - 16) / 3, 8) - 8;
  if (method == "gin") return aligned_down((block_size - 40 - 8) / 3, 8);
  if (method == "heap") return block_size - 32;
  if (method == "gist") return std::min(block_size - kPageHeader - 16, kMostOfATuple);
  return 0;
}

}  // namespace pgconvoy

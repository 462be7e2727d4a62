// The rows of two databases, as sums of row hashes.
//
// A row is hashed as the line that COPY sends, so nothing is evaluated on the server but the output functions of types.
// Sums do not depend on order. Memory does not depend on the size of a table.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/postgres/catalogue.hpp"
#include "engine/postgres/compare.hpp"

namespace pgconvoy {

struct RowHash {
  std::uint64_t high = 0, low = 0;
  auto operator<=>(const RowHash&) const = default;
};

// XXH3, 128 bits. The seed is drawn for each comparison, so nobody can prepare rows whose hashes collide.
RowHash hash_row(std::string_view line, std::uint64_t seed);
std::uint64_t random_seed();

struct RowSum {
  std::uint64_t high = 0, low = 0;  // sum of the hashes modulo 2^128
  std::int64_t rows = 0, bytes = 0;

  void add(RowHash hash, std::size_t size);
  bool operator==(const RowSum&) const = default;
  std::string checksum() const;  // 32 hexadecimal digits
};

// What one side says about a table that is to be read.
struct ContentTable {
  std::string name;                  // qualified and quoted
  std::vector<std::string> columns;  // without virtual ones, in order, not quoted
  std::vector<std::string> key;      // of the primary key, in its order; may be empty
  bool generated = false;            // COPY table would leave columns out
  std::string condition;             // WHERE clause of an extension's configuration table, or ""
  std::int64_t size = 0;             // bytes on disk
  std::vector<std::string> written;  // columns that COPY FROM takes: without generated ones
  std::string owner;                 // not quoted; "" when a superuser owns it
  std::int64_t whole_size = 0;       // with what is stored beside it (TOAST)
};

// One COPY on each side.
struct ContentItem {
  std::string kind = "rows";
  std::string name;
  std::string source_sql, target_sql;   // "COPY ... TO STDOUT"
  std::vector<std::string> key;         // names, for messages
  std::vector<std::size_t> key_fields;  // their places in the line
  bool large_objects = false;           // lines are pages of pg_largeobject, in order
  bool binary = false;                  // both statements send rows in COPY's binary format
  std::int64_t size = 0;
};

// A SELECT for the same message as the catalogue's, and its result.
// `sizes`: how large they are is asked for too, which waits for whoever has a table locked; otherwise it is 0.
std::string content_tables_sql(const Dialect& dialect, bool sizes = true);
std::vector<ContentTable> content_tables(const std::vector<Rows>& results);

// Tables that are on both sides with the same columns, in the source's order, the largest first.
// Large objects come last: their owners and privileges, then their pages. `by_name`: the target is always asked for columns by
// name, since it may get more of them meanwhile.
std::vector<ContentItem> plan_content(const std::vector<ContentTable>& source, const std::vector<ContentTable>& target,
                                      const Dialect& source_dialect, const Dialect& target_dialect, bool by_name = false);

// Items that are read by one message: many small ones, or a large one alone. Pure.
std::vector<std::vector<std::size_t>> batches(const std::vector<ContentItem>& items);

// Pages of large objects as lines that are equal for a sparse object and for its restored copy: zeros at the end
// of a page are cut, pages of zeros are dropped, and a line with its length ends every object.
class LargeObjectLines {
 public:
  using Emit = std::function<void(std::string_view)>;
  void feed(std::string_view line, const Emit& emit);
  void finish(const Emit& emit);

 private:
  std::string object_, buffer_;
  std::int64_t length_ = 0;
};

enum class Side { source, target };

// What the readers of both sides share.
struct ContentRun {
  std::vector<ContentItem> items;
  std::uint64_t seed = 0;
  std::function<void(std::int64_t rows, std::int64_t bytes)> progress;  // may be empty
  Side told = Side::source;                                             // whose progress
  bool stop = false;  // set when one side failed, so that the other ends after its batch
};

// The sums of all items, in their order. Called for both sides at the same time.
Task<Result<std::vector<RowSum>>> sum_content(Session& session, std::shared_ptr<ContentRun> run, Side side);

// Reads the item's lines after canonicalisation; `consume` gets each with its newline.
Task<Result<void>> read_item(Session& session, std::string sql, bool large_objects,
                             std::function<void(std::string_view)> consume);

// Names at most five rows that differ: "first differing keys: (id)=(17), (id)=(18) missing". Reads the item two more
// times on each side: sums per bucket of hashes, then the rows of a few buckets that differ.
Task<Result<std::string>> locate_differences(Session& source, Session& target, std::shared_ptr<const ContentRun> run,
                                             std::size_t item);

// "1,204"
std::string with_separators(std::int64_t number);

}  // namespace pgconvoy

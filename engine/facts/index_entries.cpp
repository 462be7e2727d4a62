#include "engine/facts/index_entries.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "engine/facts/index_columns.hpp"
#include "engine/facts/part.hpp"
#include "engine/facts/pglz.hpp"

namespace pgconvoy {

PGCONVOY_JSON_FIELDS(LargeEntries, index, table, method, columns, rows, more, size, limit, place, certain, extended_fits, outside, compression)
PGCONVOY_JSON_FIELDS(IndexEntriesFact, indexes, measured, too_large, not_checked)

namespace {

constexpr int kRowsAtATime = 200;
constexpr std::size_t kListed = 100;
constexpr std::int64_t kCompressedHeaders = 8, kKeptHeader = 4;

bool in_line_only(const IndexColumn& column) { return column.storage == "e" || column.storage == "p"; }

// What is in the source's index is no proof for this one.
bool must_be_measured(const MeasuredIndex& index, const Measure& measure, std::int64_t source_limit) {
  if (index.old_layout || measure.limit < source_limit) return true;
  return std::any_of(index.columns.begin(), index.columns.end(), [&](const IndexColumn& column) {
    return column.length < 0 && column.stored &&
           ((column.column && in_line_only(column)) || column.tenants_code || (!in_line_only(column) && !measure.same_method(column)));
  });
}

std::string unhex(const std::string& text) {
  const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  std::string bytes;
  bytes.reserve(text.size() / 2);
  for (std::size_t i = 0; i + 1 < text.size(); i += 2) bytes += static_cast<char>(digit(text[i]) * 16 + digit(text[i + 1]));
  return bytes;
}

// A value as the target will have it, were its column's storage x or m.
IndexValue value_of(const IndexColumn& column, const Measure& measure, const Rows& rows, std::size_t row, std::size_t number) {
  const std::size_t at = 1 + number * 4;
  IndexValue value;
  value.null = rows.truth(row, at);
  if (value.null || column.length >= 0) return value;
  value.plain = rows.number(row, at + 1);
  const std::int64_t stored = rows.number(row, at + 2);
  const Value& bytes = rows.rows[row][at + 3];
  const std::string method = measure.method_of(column);
  std::optional<std::size_t> size;
  if (bytes) {
    const std::string data = unhex(*bytes);
    if (method == "lz4") {
      const Lz4Size found = lz4_size(data);
      value.may_compress = !found.known;
      size = found.size;
    } else {
      size = pglz_size(data);
    }
    if (size && static_cast<std::int64_t>(*size) + kCompressedHeaders < value.plain + kKeptHeader - 2)
      value.compressed = static_cast<std::int64_t>(*size) + kCompressedHeaders;
  } else if (stored < value.plain) {
    if (measure.same_method(column))
      value.compressed = stored;
    else
      value.may_compress = true;
  } else {
    value.may_compress = !column.text && measure.same_method(column) == false;
  }
  return value;
}

struct Measured {
  EntrySize now, extended;  // as the columns are, and were those with storage external or plain extended
};

Measured measured(const MeasuredIndex& index, const Measure& measure, const Rows& rows, std::size_t row) {
  std::vector<IndexValue> values;
  std::vector<IndexColumn> extended = index.columns;
  for (std::size_t i = 0; i < index.columns.size(); ++i) {
    values.push_back(value_of(index.columns[i], measure, rows, row, i));
    if (in_line_only(extended[i])) extended[i].storage = "x";
  }
  const auto size = [&](const std::vector<IndexColumn>& columns) {
    if (index.method == "heap") {
      const EntrySize entry = entry_size(columns, values, measure.block_size);
      const bool nulls = std::any_of(values.begin(), values.end(), [](const IndexValue& value) { return value.null; });
      const auto bitmap = static_cast<std::int64_t>(nulls ? (columns.size() + 7) / 8 : 0);
      // A row's header is longer than an entry's (HeapTupleHeaderData), its bitmap of nulls as long as needed.
      const std::int64_t more = (23 + bitmap + 7) / 8 * 8 - (nulls ? 16 : 8);
      return EntrySize{entry.least + more, entry.most + more};
    }
    if (index.method != "gin") return entry_size(columns, values, measure.block_size);
    EntrySize largest;
    for (std::size_t i = 0; i < columns.size(); ++i) {
      if (values[i].null || !columns[i].stored) continue;
      std::vector<IndexColumn> alone;
      std::vector<IndexValue> its;
      if (columns.size() > 1) {
        IndexColumn number;
        number.length = 2;
        number.align = "s";
        alone.push_back(number);
        its.emplace_back();
      }
      alone.push_back(columns[i]);
      its.push_back(values[i]);
      const EntrySize entry = entry_size(alone, its, measure.block_size);
      largest = {std::max(largest.least, entry.least), std::max(largest.most, entry.most)};
    }
    return largest;
  };
  return {size(index.columns), size(extended)};
}

std::string names_of_columns(const MeasuredIndex& index) {
  std::string names;
  for (const IndexColumn& column : index.columns) names += (names.empty() ? "" : ", ") + column.name;
  return names;
}

Task<void> read_one(RowReader& reader, MeasuredIndex index, Measure measure, IndexEntriesFact& fact) {
  LargeEntries sure, doubtful;
  sure.extended_fits = true;
  for (const IndexColumn& column : index.columns)
    if (column.column && column.length < 0 && in_line_only(column)) sure.outside.push_back(column.name);
  const auto take = [&](const Rows& rows) {
    for (std::size_t row = 0; row < rows.size(); ++row) {
      const Measured found = measured(index, measure, rows, row);
      if (found.now.most <= measure.limit) continue;
      LargeEntries& entries = found.now.least > measure.limit ? sure : doubtful;
      ++entries.rows;
      if (found.now.most > entries.size) {
        entries.size = found.now.most;
        entries.place = rows.text(row, 0);
      }
      sure.extended_fits &= found.extended.most <= measure.limit;
    }
    return true;
  };
  std::string sql = measuring_sql(index, measure);
  const auto who = index.tenants_code ? RowReader::As::tenant : RowReader::As::administrator;
  auto read = co_await reader.read_in_portions(who, std::move(sql), kRowsAtATime, take);
  fact.measured += index.name.empty() ? 0 : 1;
  const bool certain = sure.rows > 0 && !index.recomputed;
  if (!certain && sure.rows > 0) {
    sure.rows += doubtful.rows;
    doubtful = sure;
  }
  doubtful.outside = sure.outside;
  doubtful.extended_fits = sure.extended_fits;
  LargeEntries entries = certain ? std::move(sure) : std::move(doubtful);
  if (entries.rows > 0) {
    entries.certain = certain;
    entries.index = index.name;
    entries.table = index.table;
    entries.method = index.method;
    entries.columns = names_of_columns(index);
    entries.limit = measure.limit;
    entries.more = !read;
    entries.compression = measure.target_method;
    entries.extended_fits &= !entries.outside.empty();
    fact.too_large.push_back(std::move(entries));
  } else if (!read && !(index.tenants_code && fails_by_itself(read.error()))) {  // that is told by evaluated_expressions
    fact.not_checked.push_back(reader.not_checked(index.name.empty() ? "rows of " + index.table : "index " + index.name, read.error()));
  }
}

std::string method_of_server(const ServerFacts& server) {
  return part<std::string>(server.parts, kToastCompressionPart).value_or("pglz");
}

std::int64_t block_size_of(const ServerFacts& server) {
  const auto found = server.settings.find("block_size");
  return found == server.settings.end() ? 8192 : std::stoll(found->second);
}

}  // namespace

std::string toast_compression_sql(int) { return "(to_json(coalesce(current_setting('default_toast_compression', true), 'pglz')))"; }

Task<Result<json>> read_index_entries(const InquiryContext& context) {
  RowReader reader(context, Seconds(context.arguments.value("time_budget", 30.0)), true);
  IndexEntriesFact fact;
  std::string sql = indexes_sql(context.source().version_number, context.source().superuser);
  CO_TRY(Rows rows, co_await reader.read_catalogue(std::move(sql)));
  std::vector<MeasuredIndex> indexes = indexes_of(rows);
  fact.not_checked = reader.held();
  Measure measure;
  measure.block_size = block_size_of(context.target_server());
  measure.source_method = method_of_server(context.source());
  measure.target_method = method_of_server(context.target_server());
  for (MeasuredIndex& index : indexes) {
    fact.indexes += index.name.empty() ? 0 : 1;
    measure.limit = entry_limit(index.method, measure.block_size);
    if (!must_be_measured(index, measure, entry_limit(index.method, block_size_of(context.source())))) continue;
    Measure of_this = measure;
    if (fact.too_large.size() + fact.not_checked.size() < kListed)
      co_await read_one(reader, std::move(index), std::move(of_this), fact);
  }
  co_return json(fact);
}

}  // namespace pgconvoy

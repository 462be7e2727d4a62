// Which rows of a table differ, in bounded memory.
#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <map>

#include "engine/postgres/content.hpp"

namespace pgconvoy {

namespace {

constexpr std::size_t bucket_count = 4096;
constexpr std::size_t buckets_looked_into = 8;
constexpr std::size_t most_rows = 100'000;  // kept of each side
constexpr std::size_t most_named = 5;

using Buckets = std::vector<RowSum>;

struct FoundRow {
  RowHash hash;
  std::string key;        // "(17)"; empty without a primary key
  std::size_t order = 0;  // of appearance
};

// Key values as COPY wrote them, short and without control characters.
std::string key_text(std::string_view line, const ContentItem& item) {
  if (item.key.empty()) return {};
  if (line.ends_with('\n')) line.remove_suffix(1);
  std::vector<std::string_view> fields;
  for (std::size_t begin = 0;;) {
    const auto end = line.find('\t', begin);
    fields.push_back(line.substr(begin, end == std::string_view::npos ? end : end - begin));
    if (end == std::string_view::npos) break;
    begin = end + 1;
  }
  std::string text;
  for (const auto field : item.key_fields)
    text += (text.empty() ? "(" : ", ") +
            (field < fields.size() ? shorten_definition(std::string(fields[field]), "") : "?");
  return text + ")";
}

const std::string& statement_of(const ContentItem& item, Side side) {
  return side == Side::source ? item.source_sql : item.target_sql;
}

Task<Result<Buckets>> sum_buckets(Session& session, std::shared_ptr<const ContentRun> run, std::size_t number,
                                  Side side) {
  const auto& item = run->items[number];
  Buckets buckets(bucket_count);
  std::function<void(std::string_view)> consume = [&](std::string_view line) {
    const auto hash = hash_row(line, run->seed);
    buckets[hash.low % bucket_count].add(hash, line.size());
  };
  CO_TRY_VOID(co_await read_item(session, statement_of(item, side), item.large_objects, std::move(consume)));
  co_return std::move(buckets);
}

Task<Result<std::vector<FoundRow>>> rows_of(Session& session, std::shared_ptr<const ContentRun> run, std::size_t number,
                                            Side side, std::vector<bool> wanted) {
  const auto& item = run->items[number];
  std::vector<FoundRow> rows;
  std::function<void(std::string_view)> consume = [&](std::string_view line) {
    const auto hash = hash_row(line, run->seed);
    if (wanted[hash.low % bucket_count] && rows.size() < most_rows)
      rows.push_back({hash, key_text(line, item), rows.size()});
  };
  CO_TRY_VOID(co_await read_item(session, statement_of(item, side), item.large_objects, std::move(consume)));
  co_return std::move(rows);
}

// The rows of `left` that are not in `right`, each as often as it is missing there, in order of appearance.
std::vector<FoundRow> without(std::vector<FoundRow> left, std::vector<FoundRow> right) {
  const auto by_hash = [](const FoundRow& a, const FoundRow& b) { return a.hash < b.hash; };
  std::sort(left.begin(), left.end(), by_hash);
  std::sort(right.begin(), right.end(), by_hash);
  std::vector<FoundRow> result;
  std::set_difference(left.begin(), left.end(), right.begin(), right.end(), std::back_inserter(result), by_hash);
  std::sort(result.begin(), result.end(), [](const FoundRow& a, const FoundRow& b) { return a.order < b.order; });
  return result;
}

std::vector<bool> differing(const Buckets& source, const Buckets& target) {
  std::vector<std::size_t> numbers;
  for (std::size_t i = 0; i < bucket_count; ++i)
    if (!(source[i] == target[i])) numbers.push_back(i);
  const auto rows = [&](std::size_t i) { return source[i].rows + target[i].rows; };
  std::stable_sort(numbers.begin(), numbers.end(), [&](std::size_t a, std::size_t b) { return rows(a) < rows(b); });
  // A changed row is missing in one bucket and new in another; with few differing buckets all are looked into.
  std::vector<bool> wanted(bucket_count);
  std::int64_t total = 0;
  for (std::size_t i = 0; i < numbers.size() && (i < buckets_looked_into || total < 10'000); ++i) {
    wanted[numbers[i]] = true;
    total += rows(numbers[i]);
  }
  return wanted;
}

std::string name_rows(const ContentItem& item, const std::vector<FoundRow>& only_source,
                      const std::vector<FoundRow>& only_target, bool all_looked_into) {
  std::vector<std::string> names;
  if (item.key.empty()) {
    for (const auto& row : only_source) names.push_back(fmt::format("row {:08x} missing", row.hash.high >> 32));
    for (const auto& row : only_target) names.push_back(fmt::format("row {:08x} extra", row.hash.high >> 32));
  } else {
    std::string columns;
    for (const auto& name : item.key) columns += (columns.empty() ? "(" : ", ") + name;
    columns += ")=";
    std::map<std::string, int> in_source, in_target;
    for (const auto& row : only_source) ++in_source[row.key];
    for (const auto& row : only_target) ++in_target[row.key];
    // A row whose counterpart lies in a bucket that was not read can't be told from one that is missing.
    const char* missing = all_looked_into ? " missing" : "";
    const char* extra = all_looked_into ? " extra" : "";
    for (const auto& row : only_source)
      names.push_back(columns + row.key + (in_target.contains(row.key) ? "" : missing));
    for (const auto& row : only_target)
      if (!in_source.contains(row.key)) names.push_back(columns + row.key + extra);
  }
  if (names.empty()) return "the rows that differ could not be told apart";
  const bool more = names.size() > most_named;
  names.resize(std::min(names.size(), most_named));
  return fmt::format("first differing {}{}: {}{}", item.key.empty() ? "row" : "key", names.size() == 1 ? "" : "s",
                     fmt::join(names, ", "), more ? ", ..." : "");
}

}  // namespace

Task<Result<std::string>> locate_differences(Session& source, Session& target, std::shared_ptr<const ContentRun> run,
                                             std::size_t item) {
  using namespace asio::experimental::awaitable_operators;
  auto source_sums = sum_buckets(source, run, item, Side::source);
  auto target_sums = sum_buckets(target, run, item, Side::target);
  auto [left, right] = co_await (std::move(source_sums) && std::move(target_sums));
  if (!left) co_return std::move(left).error();
  if (!right) co_return std::move(right).error();
  const auto wanted = differing(*left, *right);
  bool all_looked_into = true;
  for (std::size_t i = 0; i < bucket_count; ++i) all_looked_into &= wanted[i] || (*left)[i] == (*right)[i];

  auto source_rows = rows_of(source, run, item, Side::source, wanted);
  auto target_rows = rows_of(target, run, item, Side::target, wanted);
  auto [ours, theirs] = co_await (std::move(source_rows) && std::move(target_rows));
  if (!ours) co_return std::move(ours).error();
  if (!theirs) co_return std::move(theirs).error();
  all_looked_into &= ours->size() < most_rows && theirs->size() < most_rows;
  const auto only_source = without(*ours, *theirs);
  const auto only_target = without(*theirs, *ours);
  co_return name_rows(run->items[item], only_source, only_target, all_looked_into);
}

}  // namespace pgconvoy

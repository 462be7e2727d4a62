#include "engine/postgres/row_counts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <set>

namespace pgconvoy {
namespace {

constexpr std::size_t kCountedAtOnce = 100;
constexpr Seconds kCountLimit{24 * 3600};

using RowCounts = std::map<std::string, std::int64_t>;

// What several sessions work off together.
struct CountWork {
  std::vector<std::string> statements;
  std::size_t next = 0;
  RowCounts counts;
};

Task<Result<void>> count_share(CountWork& work, Session& session) {
  while (work.next < work.statements.size()) {
    CO_TRY(const Rows rows, co_await session.query(work.statements[work.next++], {}, kCountLimit));
    for (std::size_t i = 0; i < rows.size(); ++i) work.counts[rows.text(i, 0)] = rows.number(i, 1);
  }
  co_return Result<void>();
}

Task<Result<void>> count_shares(CountWork& work, std::vector<Session*>& sessions, std::size_t first) {
  using namespace asio::experimental::awaitable_operators;
  if (first + 1 == sessions.size()) co_return co_await count_share(work, *sessions[first]);
  auto one = count_share(work, *sessions[first]);
  auto others = count_shares(work, sessions, first + 1);
  auto [left, right] = co_await (std::move(one) && std::move(others));
  if (!left) co_return std::move(left).error();
  co_return std::move(right);
}

}  // namespace

std::vector<std::string> row_counts_sql(const std::vector<ContentTable>& tables, bool large_objects) {
  constexpr std::int64_t kLarge = 32 << 20;
  std::vector<std::string> statements;
  std::size_t in_last = 0;
  const auto add = [&](const std::string& name, const std::string& from, bool alone) {
    if (statements.empty() || alone || in_last >= kCountedAtOnce) {
      statements.emplace_back();
      in_last = 0;
    }
    statements.back() += fmt::format("{}select {} as counted_table, count(*) as counted_rows from {}", in_last == 0 ? "" : " union all ", quote_literal(name), from);
    in_last = alone ? kCountedAtOnce : in_last + 1;
  };
  for (const ContentTable& table : tables)
    add(table.name, fmt::format("only {}{}{}", table.name, table.condition.empty() ? "" : " ", table.condition), table.size >= kLarge);
  if (large_objects) add("", "pg_catalog.pg_largeobject_metadata", false);
  return statements;
}

Task<Result<RowCounts>> count_rows(std::vector<Session*> sessions, std::vector<ContentTable> tables, bool large_objects) {
  std::sort(tables.begin(), tables.end(), [](const ContentTable& left, const ContentTable& right) { return left.size > right.size; });
  CountWork work;
  work.statements = row_counts_sql(tables, large_objects);
  CO_TRY_VOID(co_await count_shares(work, sessions, 0));
  co_return std::move(work.counts);
}

Task<Result<std::vector<ContentTable>>> tables_with_rows(Session& session) {
  const Dialect dialect{session.server_version(), session.server_version(), true, {}};
  CO_TRY(const std::vector<Rows> found, co_await session.script(content_tables_sql(dialect)));
  co_return content_tables(found);
}

std::vector<std::string> different_counts(const RowCounts& source, const RowCounts& target) {
  std::vector<std::string> different;
  const auto words = [](const std::string& table, const std::string& there, const std::string& here) {
    return fmt::format("{} ({} there, {} here)", table.empty() ? "large objects" : table, there, here);
  };
  const auto rows = [](std::int64_t number) { return fmt::format("{} row{}", with_separators(number), number == 1 ? "" : "s"); };
  for (const auto& [table, there] : source) {
    const auto here = target.find(table);
    if (here == target.end())
      different.push_back(words(table, rows(there), "no such table"));
    else if (here->second != there)
      different.push_back(words(table, rows(there), std::to_string(here->second)));
  }
  return different;
}

}  // namespace pgconvoy

#include "engine/postgres/compare.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/experimental/awaitable_operators.hpp>

#include "engine/core/digest.hpp"
#include "engine/postgres/catalogue.hpp"
#include "engine/postgres/content.hpp"
#include "engine/postgres/made_views.hpp"
#include "engine/postgres/row_counts.hpp"

namespace pgconvoy {

namespace {

constexpr std::size_t most_located = 20;  // tables that are read again to name rows
constexpr Seconds catalogue_limit{600};

// The transaction stays open: the rows are read from the same snapshot, and nothing can be written by mistake.
Task<Result<std::vector<Rows>>> read_catalogue(Session& session, Dialect dialect, bool content) {
  std::string sql =
      "begin transaction isolation level repeatable read, read only;\n"
      "set local idle_in_transaction_session_timeout = 0;\n" +
      comparison_settings(dialect) + catalogue_script(dialect) + (content ? content_tables_sql(dialect) : "");
  co_return co_await session.script(std::move(sql), catalogue_limit);
}

Task<Result<void>> end_reading(Session& session) {
  if (!session.usable()) co_return Result<void>();
  CO_TRY_VOID(co_await session.script("rollback"));
  co_return Result<void>();
}

std::string describe_sum(const RowSum& sum) {
  return fmt::format("{} row{}, checksum {}", with_separators(sum.rows), sum.rows == 1 ? "" : "s", sum.checksum());
}

Task<Result<void>> compare_content(Session& source, Session& target, std::shared_ptr<ContentRun> run,
                                   Comparison& comparison) {
  using namespace asio::experimental::awaitable_operators;
  auto reading_source = sum_content(source, run, Side::source);
  auto reading_target = sum_content(target, run, Side::target);
  auto [left, right] = co_await (std::move(reading_source) && std::move(reading_target));
  if (!left) co_return std::move(left).error();
  if (!right) co_return std::move(right).error();

  std::size_t located = 0;
  for (std::size_t i = 0; i < run->items.size(); ++i) {
    const auto& item = run->items[i];
    const auto &ours = (*left)[i], &theirs = (*right)[i];
    if (item.kind == "rows") {
      comparison.tables[item.name] = {ours.rows, ours.bytes, ours.checksum()};
      comparison.rows += ours.rows;
      comparison.bytes += ours.bytes;
    } else if (!item.large_objects) {
      comparison.large_objects = ours.rows;
    }
    if (ours == theirs) continue;
    Difference difference{item.kind, item.name, describe_sum(ours), describe_sum(theirs)};
    if (item.kind != "rows") {
      difference.source = with_separators(ours.rows) + (item.large_objects ? " pages" : " objects");
      difference.target = with_separators(theirs.rows) + (item.large_objects ? " pages" : " objects");
    }
    if (located++ < most_located) {
      CO_TRY(auto place, co_await locate_differences(source, target, run, i));
      difference.target += "; " + place;
    }
    comparison.differences.push_back(std::move(difference));
  }
  co_return Result<void>();
}

Task<Result<void>> compare_counts(Session& source, Session& target, std::vector<ContentTable> ours, std::vector<ContentTable> theirs,
                                  Comparison& comparison) {
  using namespace asio::experimental::awaitable_operators;
  std::vector<Session*> there{&source}, here{&target};
  auto counting_source = count_rows(std::move(there), std::move(ours), true);
  auto counting_target = count_rows(std::move(here), std::move(theirs), true);
  auto [left, right] = co_await (std::move(counting_source) && std::move(counting_target));
  if (!left) co_return std::move(left).error();
  if (!right) co_return std::move(right).error();
  for (const auto& [table, rows] : *left) {
    const auto found = right->find(table);
    const bool large_objects = table.empty();
    if (large_objects)
      comparison.large_objects = rows;
    else
      comparison.tables[table].rows = rows;
    if (!large_objects) comparison.rows += rows;
    if (found == right->end() || found->second == rows) continue;  // a table that is missing was told with the catalogues
    comparison.differences.push_back({large_objects ? "large object" : "rows", large_objects ? "all" : table, with_separators(rows), with_separators(found->second)});
  }
  co_return Result<void>();
}

Task<Result<bool>> is_superuser(Session& session) {
  CO_TRY(Rows rows, co_await session.query("select rolsuper from pg_roles where rolname = current_user"));
  co_return !rows.empty() && rows.truth(0, 0);
}

// Both catalogues, for what is looked at again when their differences are known.
struct Catalogues {
  std::vector<CatalogueEntry> source, target;
  std::string settings;
};

// Of both servers, for they may differ in what they bring along.
Task<Result<GrownObjects>> grown_between(Session& source, Session& target) {
  CO_TRY(const std::vector<Rows> here, co_await source.script(system_types_sql(), catalogue_limit));
  CO_TRY(const std::vector<Rows> there, co_await target.script(system_types_sql(), catalogue_limit));
  co_return grown_objects(system_types(here), system_types(there));
}

Task<Result<Comparison>> compare_inside(Session& source, Session& target, CompareOptions options, Catalogues& changed) {
  using namespace asio::experimental::awaitable_operators;
  CO_TRY(const bool ours_may_all, co_await is_superuser(source));
  CO_TRY(const bool theirs_may_all, co_await is_superuser(target));
  const bool superusers = ours_may_all && theirs_may_all;
  const Dialect ours{source.server_version(), target.server_version(), true, options.ignore_roles, superusers};
  const Dialect theirs{target.server_version(), source.server_version(), false, options.ignore_roles, superusers};
  auto reading_source = read_catalogue(source, ours, options.content || options.counts);
  auto reading_target = read_catalogue(target, theirs, options.content || options.counts);
  auto [left, right] = co_await (std::move(reading_source) && std::move(reading_target));
  if (!left) co_return std::move(left).error();
  if (!right) co_return std::move(right).error();

  Comparison comparison;
  auto catalogues = merge_catalogues(catalogue_entries(*left), catalogue_entries(*right));
  comparison.differences = std::move(catalogues.differences);
  comparison.objects = catalogues.objects;
  if (has_changed_views(comparison.differences)) changed = {catalogue_entries(*left), catalogue_entries(*right), comparison_settings(theirs)};
  if (options.content) {
    auto run = std::make_shared<ContentRun>();
    run->items = plan_content(content_tables(*left), content_tables(*right), ours, theirs);
    run->seed = random_seed();
    run->progress = std::move(options.progress);
    CO_TRY_VOID(co_await compare_content(source, target, run, comparison));
  } else if (options.counts) {
    CO_TRY_VOID(co_await compare_counts(source, target, content_tables(*left), content_tables(*right), comparison));
  }
  co_return std::move(comparison);
}

// "owner a; last value 17, used; bigint start 1 ...": the value goes its own way.
std::string without_value(std::string definition) {
  constexpr std::string_view begin = "last value ";
  const auto at = definition.find(begin);
  if (at == std::string::npos) return definition;
  const auto end = definition.find("; ", at);
  return definition.erase(at, end == std::string::npos ? end : end + 2 - at);
}

}  // namespace

Task<Result<std::string>> schema_fingerprint(Session& session, int other_version) {
  CO_TRY(const bool superuser, co_await is_superuser(session));
  const Dialect dialect{session.server_version(), other_version, true, {}, superuser};
  auto read = co_await read_catalogue(session, dialect, false);
  CO_TRY_VOID(co_await end_reading(session));
  if (!read) co_return std::move(read).error();
  std::vector<std::string> lines;
  for (const CatalogueEntry& entry : catalogue_entries(*read)) {
    const std::string definition = entry.kind == "sequence" ? without_value(entry.definition) : entry.definition;
    lines.push_back(json{entry.kind, entry.identity, definition, entry.hidden}.dump(-1, ' ', false, json::error_handler_t::replace));
  }
  std::sort(lines.begin(), lines.end());
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  co_return sha256_hex(text);
}

Task<Result<Comparison>> compare_databases(Session& source, Session& target, CompareOptions options) {
  Catalogues changed;
  auto comparison = co_await compare_inside(source, target, std::move(options), changed);
  auto source_ended = co_await end_reading(source);
  auto target_ended = co_await end_reading(target);
  if (comparison && !source_ended) co_return std::move(source_ended).error();
  if (comparison && !target_ended) co_return std::move(target_ended).error();
  if (comparison && has_changed_views(comparison->differences)) {
    CO_TRY(GrownObjects grown, co_await grown_between(source, target));
    CO_TRY(comparison->differences, co_await without_made_views(target, std::move(comparison->differences), std::move(changed.source), std::move(changed.target),
                                                               std::move(grown), std::move(changed.settings)));
  }
  co_return std::move(comparison);
}

}  // namespace pgconvoy

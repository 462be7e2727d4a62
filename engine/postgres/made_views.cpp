#include "engine/postgres/made_views.hpp"

#include <algorithm>
#include <map>
#include <set>

namespace pgconvoy {
namespace {

constexpr Seconds kMakingLimit{60};

bool is_changed_view(const Difference& each) {
  return (each.kind == "view" || each.kind == "materialized view") && !each.source.empty() && !each.target.empty();
}

// Printed as the catalogue's are.
constexpr const char* kMadeAsPrinted = R"(
select (select string_agg(quote_ident(a.attname) || ' ' || format_type(a.atttypid, a.atttypmod), ', ' order by a.attnum)
          from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped) as columns, pg_get_viewdef(c.oid) as query
  from pg_class c where c.oid = 'pg_temp.pgconvoy_made_view'::regclass;
)";

// Whether the target makes what it has of the source's query.
Task<Result<bool>> is_made_so(Session& target, std::string query, ViewParts there) {
  if (query.ends_with(';')) query.pop_back();
  std::string sql = "savepoint pgconvoy_made_view;\ncreate temp view pgconvoy_made_view as " + query + ";\n" + kMadeAsPrinted;
  const auto made = co_await target.script(std::move(sql), kMakingLimit);
  if (!target.usable()) co_return made ? Error(ErrorKind::unreachable, "the session ended").on(target.server()) : made.error();
  bool same = false;
  if (made)
    for (const Rows& rows : *made)
      if (rows.columns.size() == 2 && rows.columns.front() == "columns" && rows.size() == 1) same = rows.text(0, 0) == there.columns && rows.text(0, 1) == there.query;
  CO_TRY_VOID(co_await target.script("rollback to savepoint pgconvoy_made_view", kMakingLimit));
  co_return same;
}

using Definitions = std::map<std::pair<std::string, std::string>, std::string>;  // by kind and identity

Definitions definitions_of(std::vector<CatalogueEntry> entries) {
  Definitions definitions;
  for (CatalogueEntry& each : entries)
    if (each.kind == "view" || each.kind == "materialized view") definitions[{std::move(each.kind), std::move(each.identity)}] = std::move(each.definition);
  return definitions;
}

}  // namespace

bool has_changed_views(const std::vector<Difference>& differences) { return std::any_of(differences.begin(), differences.end(), is_changed_view); }

Task<Result<std::vector<Difference>>> without_made_views(Session& target, std::vector<Difference> differences, std::vector<CatalogueEntry> source,
                                                         std::vector<CatalogueEntry> there, GrownObjects grown, std::string settings) {
  if (!has_changed_views(differences)) co_return std::move(differences);
  const Definitions ours = definitions_of(std::move(source)), theirs = definitions_of(std::move(there));
  CO_TRY_VOID(co_await target.script("begin read write;\nset local lock_timeout = '5s';\n" + settings, kMakingLimit));
  std::vector<Difference> left;
  for (Difference& each : differences) {
    bool made = false;
    if (is_changed_view(each)) {
      const auto before = ours.find({each.kind, each.object}), after = theirs.find({each.kind, each.object});
      if (before != ours.end() && after != theirs.end()) {
        const ViewParts here = view_parts(before->second), now = view_parts(after->second);
        if (!here.query.empty() && here.rest == now.rest && same_positions(here.query, now.query, grown)) {
          CO_TRY(made, co_await is_made_so(target, here.query, now));
        }
      }
    }
    if (!made) left.push_back(std::move(each));
  }
  CO_TRY_VOID(co_await target.script("rollback", kMakingLimit));
  co_return std::move(left);
}

}  // namespace pgconvoy

#include "engine/postgres/catalogue.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace pgconvoy {
namespace catalogue {

std::string user_schema(std::string_view alias) {
  return fmt::format("{0}.nspname !~ '^pg_' and {0}.nspname <> 'information_schema'", alias);
}

std::string own(std::string_view catalogue, std::string_view oid) {
  return fmt::format(
      "not exists (select from pg_depend m where m.classid = '{}'::regclass and m.objid = {} and m.deptype = 'e')",
      catalogue, oid);
}

std::string owner(std::string_view column) {
  return fmt::format("'owner ' || quote_ident(pg_get_userbyid({}))", column);
}

std::string relation_kind(std::string_view alias) {
  return fmt::format(
      "case {}.relkind when 'v' then 'view' when 'm' then 'materialized view' when 'f' then 'foreign table'"
      " when 'S' then 'sequence' when 'c' then 'type' when 'i' then 'index' when 'I' then 'index' else 'table' end",
      alias);
}

// pg_attver is the book-keeping of newer minor releases; pg_dump leaves it out, too.
std::string sorted_options(std::string_view array, std::string_view word) {
  return fmt::format(
      "'{} ' || (select string_agg(o, ', ' order by o collate \"C\") from unnest({}) o where o !~ '^pg_attver=')", word,
      array);
}

// pg_get_userbyid answers from a cache; a server may have thousands of roles.
std::string privilege_lines(const Dialect& dialect, std::string_view acl, std::string_view owner) {
  std::string ignored;
  for (const auto& role : dialect.ignored_roles) ignored += ", " + quote_literal(role);
  return fmt::format(
      "select case when x.grantee = 0 then 'PUBLIC' when x.grantee = {owner} then '(owner)'"
      " else quote_ident(pg_get_userbyid(x.grantee)) end as grantee,"
      " x.privilege_type || case when x.is_grantable and x.grantee <> {owner} then ' with grant option' else '' end"
      " || case when x.grantor <> {owner} then ' by ' || quote_ident(pg_get_userbyid(x.grantor)) else '' end as "
      "privilege"
      " from aclexplode({acl}) x"
      " where not exists (select from unnest(array[pg_get_userbyid(x.grantee), pg_get_userbyid(x.grantor)]) g"
      " where g ~ '^pgconvoy_' or g in (''{ignored})){maintain}",
      fmt::arg("owner", owner), fmt::arg("acl", acl), fmt::arg("ignored", ignored),
      fmt::arg("maintain", dialect.both_since(17, "", " and x.privilege_type <> 'MAINTAIN'")));
}

std::string privileges(const Dialect& dialect, std::string_view acl, std::string_view owner) {
  return fmt::format(
      "coalesce((select string_agg(l.line, '; ' order by l.line collate \"C\") from (select e.grantee || ': ' ||"
      " string_agg(e.privilege, ', ' order by e.privilege collate \"C\") as line from ({}) e group by e.grantee) l),"
      " 'none')",
      privilege_lines(dialect, acl, owner));
}

}  // namespace catalogue

std::string comparison_settings(const Dialect& dialect) {
  std::string sql = R"(
set local row_security = off;
set local jit = off;
set local search_path = '';
set local quote_all_identifiers = off;
set local lc_monetary = 'C';
set local bytea_output = 'hex';
set local datestyle = 'ISO';
set local intervalstyle = 'postgres';
set local timezone = 'UTC';
select set_config(name, 'view, foreign-table', true) from pg_catalog.pg_settings
 where name = 'restrict_nonsystem_relation_kind';
)";
  // Version 12 began to print the shortest exact form of a float; only the rounded form is equal on both sides of that.
  const bool crosses_12 = (dialect.version < 120000) != (dialect.other_version < 120000);
  sql += crosses_12 ? "set local extra_float_digits = 0;\n" : "set local extra_float_digits = 3;\n";
  if (dialect.version < 110000) sql.erase(sql.find("set local jit = off;\n"), 21);
  return sql;
}

std::string catalogue_script(const Dialect& dialect) {
  return catalogue::relations_sql(dialect) + catalogue::table_parts_sql(dialect) +
         catalogue::routines_and_types_sql(dialect) + catalogue::operators_sql(dialect) +
         catalogue::rare_objects_sql(dialect) + catalogue::privileges_sql(dialect) + catalogue::comments_sql(dialect);
}

std::string system_types_sql() {
  return R"(
select c.relname as system_object, string_agg(a.attname || ' ' || format_type(a.atttypid, null), E'\n' order by a.attnum) as columns
  from pg_class c join pg_attribute a on a.attrelid = c.oid
 where c.oid < 16384 and c.relnamespace = 'pg_catalog'::regnamespace and c.relkind in ('r', 'v') and a.attnum > 0 and not a.attisdropped group by c.oid, c.relname
union all
select p.proname || '(' || oidvectortypes(p.proargtypes) || ')', string_agg(a.name || ' ' || format_type(a.type, null), E'\n' order by a.place)
  from pg_proc p, unnest(p.proargnames, p.proallargtypes, p.proargmodes) with ordinality a(name, type, mode, place)
 where p.oid < 16384 and p.pronamespace = 'pg_catalog'::regnamespace and p.proallargtypes is not null and a.mode in ('o', 'b', 't') group by p.oid, p.proname, p.proargtypes;
)";
}

SystemTypes system_types(const std::vector<Rows>& results) {
  SystemTypes types;
  for (const Rows& rows : results) {
    if (rows.columns.empty() || rows.columns.front() != "system_object") continue;
    for (std::size_t i = 0; i < rows.size(); ++i) types.emplace(rows.text(i, 0), rows.text(i, 1));
  }
  return types;
}

namespace {

// "oid", "datname" of "oid oid\ndatname name".
std::vector<std::string_view> names_in(std::string_view columns) {
  std::vector<std::string_view> names;
  while (!columns.empty()) {
    const std::string_view line = columns.substr(0, columns.find('\n'));
    names.push_back(line.substr(0, line.find(' ')));
    columns.remove_prefix(std::min(line.size() + 1, columns.size()));
  }
  return names;
}

}  // namespace

GrownObjects grown_objects(const SystemTypes& source, const SystemTypes& target) {
  GrownObjects grown;
  std::set<std::string> moved;
  for (const auto& [object, columns] : source) {
    const auto there = target.find(object);
    if (there == target.end()) continue;
    const auto before = names_in(columns), after = names_in(there->second);
    const bool begins_alike = before.size() <= after.size() && std::equal(before.begin(), before.end(), after.begin());
    if (!begins_alike || before.size() < after.size()) (begins_alike ? grown : moved).insert(object.substr(0, object.find('(')));
  }
  for (const std::string& each : moved) grown.erase(each);  // of functions with one name
  return grown;
}

std::vector<CatalogueEntry> catalogue_entries(const std::vector<Rows>& results) {
  std::vector<CatalogueEntry> entries;
  for (const auto& rows : results) {
    if (rows.columns.size() != 5 || rows.columns.front() != "kind") continue;
    entries.reserve(entries.size() + rows.size());
    for (std::size_t i = 0; i < rows.size(); ++i)
      entries.push_back({rows.text(i, 0), rows.text(i, 1), rows.text(i, 2), rows.text(i, 3), rows.text(i, 4)});
  }
  return entries;
}

}  // namespace pgconvoy

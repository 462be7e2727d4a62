// Which tables are read, and by which COPY.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "engine/postgres/content.hpp"

namespace pgconvoy {

// Tables with rows of their own: ordinary ones and leaves of partitions. Of extensions, those that pg_dump dumps.
std::string content_tables_sql(const Dialect& dialect, bool sizes) {
  const std::string generated = dialect.since(12, "a.attgenerated", "''::\"char\"");
  return R"(
select format('%I.%I', n.nspname, c.relname) as table_name,
       (select coalesce(json_agg(a.attname order by a.attnum), '[]') from pg_attribute a
         where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and )" +
         generated + R"( <> 'v') as columns,
       (select coalesce(json_agg(a.attname order by k.place), '[]') from pg_index i, unnest(i.indkey::int2[]) with ordinality k(number, place), pg_attribute a
         where i.indrelid = c.oid and i.indisprimary and k.place <= )" +
         dialect.since(11, "i.indnkeyatts", "i.indnatts") + R"(
           and a.attrelid = c.oid and a.attnum = k.number) as key,
       exists (select from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and )" +
         generated + R"( = 's') as generated,
       coalesce(e.condition, '') as condition, )" +
         std::string(sizes ? "coalesce(pg_relation_size(c.oid), 0)" : "0") + R"( as size,
       (select coalesce(json_agg(a.attname order by a.attnum), '[]') from pg_attribute a
         where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and )" +
         generated + R"( = '') as written,
       (select case when r.rolsuper then '' else r.rolname end from pg_roles r where r.oid = c.relowner) as owner,
)" + std::string(sizes ? "coalesce(pg_table_size(c.oid), 0)" : "0") + R"( as whole_size
  from pg_class c
  join pg_namespace n on n.oid = c.relnamespace
  left join (select m.objid, x.condition, x.config is not null as configuration
               from pg_depend m left join (select e.oid, u.* from pg_extension e, unnest(e.extconfig, e.extcondition) u(config, condition)) x
                 on x.oid = m.refobjid and x.config = m.objid
              where m.classid = 'pg_class'::regclass and m.deptype = 'e') e on e.objid = c.oid
 where c.relkind = 'r' and (e.objid is null or e.configuration) and )" +
         catalogue::user_schema("n") + ";\n";
}

std::vector<ContentTable> content_tables(const std::vector<Rows>& results) {
  std::vector<ContentTable> tables;
  for (const auto& rows : results) {
    if (rows.columns.empty() || rows.columns.front() != "table_name") continue;
    for (std::size_t i = 0; i < rows.size(); ++i)
      tables.push_back({rows.text(i, 0), json::parse(rows.text(i, 1)).get<std::vector<std::string>>(),
                        json::parse(rows.text(i, 2)).get<std::vector<std::string>>(), rows.truth(i, 3), rows.text(i, 4),
                        rows.number(i, 5), json::parse(rows.text(i, 6)).get<std::vector<std::string>>(), rows.text(i, 7), rows.number(i, 8)});
  }
  return tables;
}

namespace {

std::string copy(const ContentTable& table, const std::vector<std::string>& columns, bool in_order) {
  std::string list;
  for (const auto& column : columns) list += (list.empty() ? "" : ", ") + quote_identifier(column);
  if (table.generated || !table.condition.empty())
    return fmt::format("COPY (SELECT {} FROM ONLY {} {}) TO STDOUT", list, table.name, table.condition);
  if (in_order) return fmt::format("COPY {} TO STDOUT", table.name);
  return fmt::format("COPY {} ({}) TO STDOUT", table.name, list);
}

ContentItem item_of(const ContentTable& source, const ContentTable& target, bool by_name) {
  ContentItem item;
  item.name = source.name;
  item.key = source.key;
  item.size = source.size;
  for (const auto& name : source.key) {
    const auto place = std::find(source.columns.begin(), source.columns.end(), name);
    item.key_fields.push_back(static_cast<std::size_t>(place - source.columns.begin()));
  }
  item.source_sql = copy(source, source.columns, true);
  item.target_sql = copy(target, source.columns, !by_name && source.columns == target.columns);
  return item;
}

ContentItem large_object_owners(const Dialect& source, const Dialect& target) {
  const auto sql = [](const Dialect& dialect) {
    return "COPY (SELECT m.oid, quote_ident(pg_get_userbyid(m.lomowner)), " +
           catalogue::privileges(dialect, "coalesce(m.lomacl, acldefault('L', m.lomowner))", "m.lomowner") +
           " FROM pg_catalog.pg_largeobject_metadata m) TO STDOUT";
  };
  ContentItem item{"large object", "owners and privileges", sql(source), sql(target), {"oid"}, {0}};
  return item;
}

// Nobody but a superuser may read the catalogue of pages; whoever may read a large object gets the same pages from its
// functions. A descriptor is closed again once its size is known.
ContentItem large_object_pages(bool superusers) {
  const std::string sql =
      superusers ? "COPY (SELECT loid, pageno, data FROM pg_catalog.pg_largeobject ORDER BY loid, pageno) TO STDOUT"
                 : "COPY (SELECT m.oid, p.page, lo_get(m.oid, p.page * 2048, 2048) FROM pg_catalog.pg_largeobject_metadata m,"
                   " LATERAL (SELECT lo_open(m.oid, 262144) AS descriptor OFFSET 0) o,"
                   " LATERAL (SELECT lo_lseek64(o.descriptor, 0, 2) AS size OFFSET 0) s,"
                   " LATERAL (SELECT lo_close(CASE WHEN s.size >= 0 THEN o.descriptor END) AS closed OFFSET 0) c,"
                   " LATERAL generate_series(0::bigint, CASE WHEN c.closed = 0 THEN (s.size + 2047) / 2048 - 1 END) p(page)"
                   " ORDER BY m.oid, p.page) TO STDOUT";
  ContentItem item{"large object", "content", sql, sql, {"oid", "page"}, {0, 1}, true};
  return item;
}

}  // namespace

std::vector<ContentItem> plan_content(const std::vector<ContentTable>& source, const std::vector<ContentTable>& target,
                                      const Dialect& source_dialect, const Dialect& target_dialect, bool by_name) {
  std::map<std::string, const ContentTable*> named;
  for (const auto& table : target) named.emplace(table.name, &table);
  std::vector<ContentItem> items;
  for (const auto& table : source) {
    const auto found = named.find(table.name);
    if (found == named.end()) continue;
    auto ours = table.columns, theirs = found->second->columns;
    std::sort(ours.begin(), ours.end());
    std::sort(theirs.begin(), theirs.end());
    if (ours != theirs) continue;
    if (table.generated == found->second->generated) {
      items.push_back(item_of(table, *found->second, by_name));
    } else {  // then all columns are named on both sides
      auto left = table, right = *found->second;
      left.generated = right.generated = true;
      items.push_back(item_of(left, right, by_name));
    }
  }
  std::sort(items.begin(), items.end(), [](const ContentItem& a, const ContentItem& b) {
    return a.size != b.size ? a.size > b.size : a.name < b.name;
  });
  items.push_back(large_object_owners(source_dialect, target_dialect));
  items.push_back(large_object_pages(source_dialect.superusers));
  return items;
}

}  // namespace pgconvoy

// Which indexes there are whose entries may be too large, and the SELECT that measures the values of one.
#include <fmt/format.h>

#include <algorithm>

#include "engine/facts/index_columns.hpp"
#include "engine/facts/row_reader.hpp"

namespace pgconvoy {

namespace {

constexpr std::int64_t kLongestMeasured = 1000000;  // bytes of a value that is compressed here to see how far it goes

// What all values of fixed length, headers and padding can add at most.
std::int64_t overhead(const MeasuredIndex& index) {
  std::int64_t most = 16;
  for (const IndexColumn& column : index.columns) most += column.length >= 0 ? column.length + 7 : 4 + 7;
  return most;
}

// Bytes of a value's data, as plain text would bring them. An array makes a plain copy of an element of any type.
std::string plain_size(const IndexColumn& column) {
  const std::string value = "(" + column.name + ")";
  if (column.text || column.type == "bpchar") return fmt::format("octet_length{}", value);
  const bool array = column.type.starts_with("_");
  return fmt::format("pg_column_size(array[{}]) - {}", value, array ? 12 : 28);
}

bool compressible(const IndexColumn& column) { return column.storage == "x" || column.storage == "m"; }

}  // namespace

std::string indexes_sql(int version, bool superuser) {
  const std::string compression = version >= 140000 ? "coalesce(nullif(a.attcompression::text, ''), '')" : "''";
  // btm_version on the metapage: entries of indexes that came with pg_upgrade from 11 or older may be 8 bytes longer.
  const std::string old_layout =
      superuser ? "case when m.amname = 'btree' then get_byte(pg_read_binary_file(pg_relation_filepath(i.indexrelid), 28, 4, true), 0) < 4 end"
                : "false";
  const std::string stored = "(i.amname = 'btree' or o.opckeytype = 0 or o.opckeytype = o.opcintype or k.number > i.indnkeyatts)";
  return fmt::format(R"sql(
with recursive {0},
  candidates as materialized (
    select i.indexrelid, i.indrelid, i.indkey, i.indnkeyatts, i.indpred, m.amname, c.relnamespace, c.relkind, x.relname as index_name, c.relname as table_name,
           coalesce({1}, false) as old_layout
      from pg_index i
      join pg_class c on c.oid = i.indrelid
      join pg_class x on x.oid = i.indexrelid
      join pg_am m on m.oid = x.relam
     where i.indrelid >= 16384 and i.indisvalid and i.indisready and c.relkind in ('r', 'm') and c.relpersistence <> 't'
       and c.oid not in (select h.oid from held h) and m.amname in ('btree', 'gin', 'gist')
       and exists (select from pg_attribute a where a.attrelid = i.indexrelid and a.attlen = -1)
       and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = i.indrelid and d.deptype = 'e')),
  based (type, base) as (
    select t.oid, t.oid from pg_type t where t.typtype <> 'd'
    union all
    select d.oid, b.base from based b join pg_type d on d.typbasetype = b.type and d.typtype = 'd'),
  columns as (
    select i.indexrelid, k.number, b.typlen, b.typname,
           case when b.oid in ('varchar'::regtype, 'bpchar'::regtype) and x.atttypmod > 4
                then (x.atttypmod - 4)::bigint * pg_encoding_max_length((select encoding from pg_database where datname = current_database())) end as most,
           json_build_object(
             'name', pg_get_indexdef(i.indexrelid, k.number::integer, false), 'type', b.typname,
             'length', case when {2} then b.typlen else x.attlen end, 'align', case when {2} then b.typalign else x.attalign end,
             'storage', coalesce(a.attstorage, b.typstorage), 'compression', case {3} when 'p' then 'pglz' when 'l' then 'lz4' else '' end,
             'column', a.attnum is not null,
             'stored', {2},
             'text', b.oid in ('text'::regtype, 'varchar'::regtype, 'bytea'::regtype),
             'tenants_code', a.attnum is null and exists (select from tenants_code d where d.classid = 'pg_class'::regclass and d.objid = i.indexrelid)) as facts
      from candidates i
      join pg_index p on p.indexrelid = i.indexrelid
      cross join lateral unnest(i.indkey::int2[]) with ordinality k(attribute, number)
      join pg_attribute x on x.attrelid = i.indexrelid and x.attnum = k.number
      left join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.attribute and k.attribute > 0
      left join pg_opclass o on k.number <= i.indnkeyatts and o.oid = (p.indclass::oid[])[k.number - 1]
      join based s on s.type = coalesce(a.atttypid, x.atttypid)
      join pg_type b on b.oid = s.base),
  entries as materialized (
    select c.indexrelid, json_agg(c.facts order by c.number) as facts,
           sum(case when c.typlen >= 0 then c.typlen + 8 else coalesce(c.most, 1000000) + 12 end) as most
      from columns c group by c.indexrelid),
  in_line as materialized (
    select c.oid, c.relname, c.relnamespace from pg_class c
     where c.oid >= 16384 and c.relkind = 'r' and c.relpersistence <> 't'
       and exists (select from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attlen = -1 and a.attstorage = 'p')
       and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e'))
select format('%I.%I', n.nspname, i.index_name), format('%I.%I', n.nspname, i.table_name), i.amname, i.old_layout,
       coalesce(pg_get_expr(i.indpred, i.indrelid), ''),
       exists (select from unsafe u where u.table_oid = i.indrelid), f.facts, i.relkind = 'm'
  from candidates i
  join pg_namespace n on n.oid = i.relnamespace
  join entries f on f.indexrelid = i.indexrelid
 where f.most > 600
union all
select '', format('%I.%I', n.nspname, c.relname), 'heap', false, '', exists (select from unsafe u where u.table_oid = c.oid), f.facts, false
  from in_line c
  join pg_namespace n on n.oid = c.relnamespace
  cross join lateral (
    select json_agg(json_build_object('name', quote_ident(a.attname), 'type', t.typname, 'length', a.attlen, 'align', a.attalign, 'storage', a.attstorage,
                                      'stored', a.attstorage = 'p', 'text', a.atttypid in ('text'::regtype, 'varchar'::regtype, 'bytea'::regtype)) order by a.attnum) as facts
      from pg_attribute a join pg_type t on t.oid = a.atttypid
     where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped) f
 order by 2, 1)sql",
                     tenants_code_sql(), old_layout, stored, compression);
}

std::vector<MeasuredIndex> indexes_of(const Rows& rows) {
  std::vector<MeasuredIndex> indexes;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    MeasuredIndex index;
    index.name = rows.text(i, 0);
    index.table = rows.text(i, 1);
    index.method = rows.text(i, 2);
    index.old_layout = rows.truth(i, 3);
    index.predicate = rows.text(i, 4);
    index.tenants_code = rows.truth(i, 5);
    index.columns = json::parse(rows.text(i, 6)).get<std::vector<IndexColumn>>();
    index.recomputed = rows.truth(i, 7);
    indexes.push_back(std::move(index));
  }
  return indexes;
}

std::string measuring_sql(const MeasuredIndex& index, const Measure& measure) {
  std::string list = "ctid", sizes, alone;
  for (std::size_t i = 0; i < index.columns.size(); ++i) {
    const IndexColumn& column = index.columns[i];
    const std::string value = "(" + column.name + ")";
    if (column.length >= 0 || !column.stored) {
      list += fmt::format(", {0} is null as n{1}, 0 as p{1}, 0 as s{1}, null as b{1}", value, i);
      continue;
    }
    const std::string plain = plain_size(column);
    std::string bytes = "null";
    if (column.text && compressible(column)) {
      const std::string data = column.type == "bytea" ? value : fmt::format("convert_to{}", "(" + value + ", getdatabaseencoding())");
      bytes = fmt::format("case when {0} between {1} and {2}{3} then encode({4}, 'hex') end", plain, compressed_above(measure.block_size) - 4,
                          kLongestMeasured, measure.method_of(column) == "pglz" ? fmt::format(" and pg_column_size({}) >= {}", value, plain) : "", data);
    }
    list += fmt::format(", {0} is null as n{1}, {2} as p{1}, pg_column_size({0}) as s{1}, {3} as b{1}", value, i, plain, bytes);
    // What can't be more than this needn't be looked at. A value that is stored compressed by the same method stays so.
    const std::string size = compressible(column) && measure.same_method(column) && !column.tenants_code
                                 ? fmt::format("greatest(pg_column_size({}), least({}, {}))", value, plain, compressed_above(measure.block_size))
                                 : plain;
    sizes += fmt::format("{}coalesce({}, 0)", sizes.empty() ? "" : " + ", size);
    alone += fmt::format("{}{} > {}", alone.empty() ? "" : " or ", size, measure.limit - 16 - 11 - 8);
  }
  const std::string filter = index.method == "gin" ? alone : fmt::format("{} > {}", sizes, measure.limit - overhead(index));
  return fmt::format("select {} from only {} where ({}){}", list, index.table, filter,
                     index.predicate.empty() ? "" : fmt::format(" and ({})", index.predicate));
}

}  // namespace pgconvoy

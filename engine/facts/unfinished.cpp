#include "engine/facts/unfinished.hpp"

namespace pgconvoy {

PGCONVOY_JSON_FIELDS(InvalidIndexFact, index, table, unique, ready)
PGCONVOY_JSON_FIELDS(UnfinishedFact, invalid_indexes, invalid_count, not_valid, not_valid_count)

std::string unfinished_sql(int) {
  const std::string invalid = R"sql(
        from pg_index i join pg_class c on c.oid = i.indexrelid join pg_class t on t.oid = i.indrelid
        join pg_namespace n on n.oid = c.relnamespace join pg_namespace m on m.oid = t.relnamespace
       where not i.indisvalid and c.relkind = 'i' and n.nspname !~ '^pg_')sql";
  const std::string unchecked = R"sql(
        from pg_constraint k left join pg_class t on t.oid = k.conrelid left join pg_namespace n on n.oid = t.relnamespace
       where not k.convalidated)sql";
  return R"sql((
  select json_build_object(
    'invalid_indexes', coalesce((select json_agg(x.entry) from (
      select json_build_object('index', format('%I.%I', n.nspname, c.relname), 'table', format('%I.%I', m.nspname, t.relname),
                               'unique', i.indisunique, 'ready', i.indisready) as entry )sql" + invalid + R"sql( order by n.nspname, c.relname limit 100) x), '[]'),
    'invalid_count', (select count(*) )sql" + invalid + R"sql(),
    'not_valid', coalesce((select json_agg(x.entry) from (
      select format('constraint %I on %s', k.conname, case when k.contypid <> 0 then format_type(k.contypid, null) else format('%I.%I', n.nspname, t.relname) end) as entry )sql" +
         unchecked + R"sql( order by 1 limit 50) x), '[]'),
    'not_valid_count', (select count(*) )sql" + unchecked + ")))";
}

}  // namespace pgconvoy

#include "engine/facts/extension_traits.hpp"

namespace pgconvoy {

PGCONVOY_JSON_FIELDS(ExtensionTraits, version, schema, needs)
PGCONVOY_JSON_FIELDS(ExtensionTableFact, extension, table)

std::string extension_traits_sql(int) {
  return R"sql((
  select coalesce(json_object_agg(e.name, json_build_object(
           'version', coalesce(e.default_version, ''), 'schema', coalesce(v.schema, ''), 'needs', coalesce(to_json(v.requires), '[]'))), '{}')
    from pg_available_extensions e
    join pg_available_extension_versions v on v.name = e.name and v.version = e.default_version))sql";
}

// An estimate of rows takes no lock on the table; before the first ANALYZE only the counters know of some.
std::string extension_tables_sql(int) {
  return R"sql((
  select coalesce(json_agg(json_build_object('extension', t.extname, 'table', t.name)), '[]')
    from (select e.extname, format('%I.%I', n.nspname, c.relname) as name
            from pg_depend d
            join pg_extension e on d.refclassid = 'pg_extension'::regclass and d.refobjid = e.oid
            join pg_class c on d.classid = 'pg_class'::regclass and d.objid = c.oid
            join pg_namespace n on n.oid = c.relnamespace
           where d.deptype = 'e' and c.relkind = 'r' and not c.oid = any (coalesce(e.extconfig, '{}'))
             and n.nspname !~ '^(pg_|_?timescaledb|citus|columnar)' and n.nspname <> 'information_schema'
             and (c.reltuples > 0 or c.relpages > 0 or coalesce(pg_stat_get_live_tuples(c.oid), 0) > 0)
           order by 1, 2 limit 50) t))sql";
}

}  // namespace pgconvoy

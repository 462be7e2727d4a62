#include "engine/facts/system_objects.hpp"

#include "engine/facts/code.hpp"
#include "engine/facts/part.hpp"

namespace pgconvoy {
namespace {

// Collations are no matter of this: pg_import_system_collations() puts them into pg_catalog, where they belong.
constexpr const char* kSystemObjects = R"sql(
  with recursive schemas as materialized (
    select oid, nspname from pg_namespace where nspname = 'information_schema' or (nspname ~ '^pg_' and nspname !~ '^pg_(toast|temp|toast_temp)(_|$)')),
  placed(class, id, name) as (
    select 'pg_proc'::regclass, p.oid, format('%s %I.%I(%s)', case p.prokind when 'a' then 'aggregate' when 'p' then 'procedure' else 'function' end, s.nspname, p.proname, oidvectortypes(p.proargtypes))
      from pg_proc p join schemas s on s.oid = p.pronamespace where p.oid >= 16384
    union all
    select 'pg_class'::regclass, c.oid, format('%s %I.%I', case c.relkind when 'v' then 'view' when 'm' then 'materialized view' when 'S' then 'sequence' when 'c' then 'type' else 'table' end, s.nspname, c.relname)
      from pg_class c join schemas s on s.oid = c.relnamespace where c.oid >= 16384 and c.relkind in ('r', 'p', 'v', 'm', 'f', 'S', 'c')
    union all
    select 'pg_type'::regclass, t.oid, format('type %I.%I', s.nspname, t.typname)
      from pg_type t join schemas s on s.oid = t.typnamespace where t.oid >= 16384 and t.typrelid = 0 and t.typcategory <> 'A'
    union all
    select 'pg_operator'::regclass, o.oid, 'operator ' || s.nspname || '.' || o.oid::regoperator::text
      from pg_operator o join schemas s on s.oid = o.oprnamespace where o.oid >= 16384
    union all
    select 'pg_ts_config'::regclass, t.oid, format('text search configuration %I.%I', s.nspname, t.cfgname)
      from pg_ts_config t join schemas s on s.oid = t.cfgnamespace where t.oid >= 16384
    union all
    select 'pg_ts_dict'::regclass, t.oid, format('text search dictionary %I.%I', s.nspname, t.dictname)
      from pg_ts_dict t join schemas s on s.oid = t.dictnamespace where t.oid >= 16384),
  misplaced as materialized (
    select name from placed p where not exists (select from pg_depend e where e.classid = p.class and e.objid = p.id and e.deptype in ('e', 'i'))),
  typed(type, relation) as (
    select c.reltype, c.relname::text from pg_class c where c.oid < 16384 and c.relkind in ('r', 'v') and c.reltype <> 0
       and c.reltype in (select a.atttypid from pg_attribute a where a.attrelid >= 16384
                          union select t.typelem from pg_attribute a join pg_type t on t.oid = a.atttypid where a.attrelid >= 16384 and t.typelem <> 0
                          union select t.typbasetype from pg_type t where t.oid >= 16384 and t.typbasetype <> 0)
    union
    select x.type, t.relation from typed t, lateral (
      select y.oid from pg_type y where y.typelem = t.type or y.typbasetype = t.type
      union all
      select c.reltype from pg_attribute a join pg_class c on c.oid = a.attrelid where a.atttypid = t.type and c.relkind = 'c' and not a.attisdropped) x(type)),
  locked(oid) as materialized (
    select l.relation from pg_locks l where l.mode = 'AccessExclusiveLock' and l.relation is not null
       and l.database = (select oid from pg_database where datname = current_database()))
  select json_build_object(
    'misplaced', coalesce((select json_agg(name) from (select name from misplaced order by name limit 100) m), '[]'),
    'more_misplaced', greatest((select count(*) from misplaced) - 100, 0),
    'columns', coalesce((
      select json_agg(json_build_object('column', format('%s.%I', c.oid::regclass, a.attname), 'relation', t.relation, 'type', format_type(a.atttypid, null),
                                        'has_rows', case when c.oid in (select oid from locked) then true else pg_relation_size(c.oid) > 0 end)
                      order by c.oid::regclass::text, a.attnum)
        from typed t join pg_attribute a on a.atttypid = t.type join pg_class c on c.oid = a.attrelid
       where c.oid >= 16384 and c.relkind in ('r', 'm') and a.attnum > 0 and not a.attisdropped
         and not exists (select from pg_depend e where e.classid = 'pg_class'::regclass and e.objid = c.oid and e.deptype = 'e')), '[]'),
    'conversions', coalesce((
      select json_agg(json_build_object('name', format('%I.%I', n.nspname, c.conname), 'function', c.conproc::oid::regprocedure::text, 'arguments', p.pronargs,
                                        'own_function', p.oid >= 16384) order by n.nspname, c.conname)
        from pg_conversion c join pg_namespace n on n.oid = c.connamespace join pg_proc p on p.oid = c.conproc
       where c.oid >= 16384
         and not exists (select from pg_depend e where e.classid = 'pg_conversion'::regclass and e.objid = c.oid and e.deptype = 'e')), '[]')))sql";

}  // namespace

PGCONVOY_JSON_FIELDS(SystemRowColumn, column, relation, type, has_rows)
PGCONVOY_JSON_FIELDS(ConversionFact, name, function, arguments, own_function)
PGCONVOY_JSON_FIELDS(SystemObjectsFacts, misplaced, more_misplaced, columns, conversions)

Task<Result<json>> read_system_objects(const InquiryContext& context) {
  const auto code = shared_part<CodeFacts>(context.database().parts, kCodePart);
  if (!code) co_return Error(ErrorKind::refused, "what is in the system's schemas was not read");
  json nothing = SystemObjectsFacts{};
  if (!code->has_system_objects) co_return nothing;
  std::string sql = kSystemObjects;
  co_return co_await read_catalogue_document(context, std::move(sql));
}

}  // namespace pgconvoy

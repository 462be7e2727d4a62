#include "engine/facts/load_order.hpp"

#include "engine/facts/code.hpp"
#include "engine/facts/part.hpp"

namespace pgconvoy {
namespace {

// pg_relation_size() waits for a lock on the table, so what somebody holds exclusively is taken for one with rows.
// Until 14, what a generated column calls is noted for the column, since then for its default.
constexpr const char* kLoadOrder = R"sql(
  with recursive member(class, id) as materialized (select classid, objid from pg_depend where deptype = 'e'),
  own as materialized (
    select p.oid, p.proname, p.prosrc, p.prosecdef, p.proconfig, p.proretset, p.prokind, l.lanname from pg_proc p join pg_language l on l.oid = p.prolang
     where p.oid >= 16384 and not exists (select from member m where m.class = 'pg_proc'::regclass and m.id = p.oid)),
  called(function, class, id, part) as (
    select o.oid, d.classid, d.objid, d.objsubid from own o join pg_depend d on d.refclassid = 'pg_proc'::regclass and d.refobjid = o.oid
    union
    select o.oid, d.classid, d.objid, d.objsubid from own o join pg_operator x on x.oprcode = o.oid
      join pg_depend d on d.refclassid = 'pg_operator'::regclass and d.refobjid = x.oid),
  evaluated(object, kind, expression, function, relation, type) as materialized (
    select format('constraint %I on %s', c.conname, c.conrelid::regclass), 'check', pg_get_constraintdef(c.oid), k.function, c.conrelid, 0::oid
      from called k join pg_constraint c on k.class = 'pg_constraint'::regclass and c.oid = k.id
     where c.contype = 'c' and c.convalidated and c.contypid = 0 and not exists (select from member m where m.class = 'pg_class'::regclass and m.id = c.conrelid)
    union all
    select format('constraint %I of domain %s', c.conname, c.contypid::regtype), 'domain', pg_get_constraintdef(c.oid), k.function, 0, c.contypid
      from called k join pg_constraint c on k.class = 'pg_constraint'::regclass and c.oid = k.id
     where c.contype = 'c' and c.convalidated and c.contypid <> 0 and not exists (select from member m where m.class = 'pg_type'::regclass and m.id = c.contypid)
    union all
    select format('column %s.%I', a.attrelid::regclass, a.attname), 'generated', '', k.function, a.attrelid, 0
      from called k left join pg_attrdef f on k.class = 'pg_attrdef'::regclass and f.oid = k.id
      join pg_attribute a on a.attrelid = coalesce(f.adrelid, case k.class when 'pg_class'::regclass then k.id end) and a.attnum = coalesce(f.adnum, k.part)
     where a.attgenerated <> '' and a.attnum > 0 and not exists (select from member m where m.class = 'pg_class'::regclass and m.id = a.attrelid)
    union all
    select 'materialized view ' || c.oid::regclass::text, 'materialized view', '', k.function, c.oid, 0
      from called k join pg_rewrite r on k.class = 'pg_rewrite'::regclass and r.oid = k.id join pg_class c on c.oid = r.ev_class
     where c.relkind = 'm' and c.relispopulated and not exists (select from member m where m.class = 'pg_class'::regclass and m.id = c.oid)),
  reached(oid) as (
    select function from evaluated
    union
    select n.oid from reached r join own o on o.oid = r.oid join own n on n.oid <> o.oid and position(lower(n.proname) in lower(o.prosrc)) > 0
     where n.lanname in ('sql', 'plpgsql') and o.lanname in ('sql', 'plpgsql')),
  functions as materialized (select o.* from reached r join own o using (oid) where o.lanname in ('sql', 'plpgsql') limit 200),
  named(function, relation) as materialized (
    select f.oid, c.oid from functions f join pg_class c on position(lower(c.relname) in lower(f.prosrc)) > 0
      join pg_namespace s on s.oid = c.relnamespace
     where c.oid >= 16384 and c.relkind in ('r', 'p', 'v', 'm') and c.relpersistence <> 't' and s.nspname !~ '^pg_toast'),
  holds(relation, held) as (
    select distinct relation, relation from named
    union
    select h.relation, x.held from holds h, lateral (
      select i.inhrelid from pg_inherits i where i.inhparent = h.held
      union all
      select d.refobjid from pg_rewrite r join pg_depend d on d.classid = 'pg_rewrite'::regclass and d.objid = r.oid and d.refclassid = 'pg_class'::regclass
       where r.ev_class = h.held and d.refobjid <> h.held and d.refobjid >= 16384 and d.deptype = 'n'
         and exists (select from pg_class v where v.oid = h.held and v.relkind = 'v')) x(held)),
  typed(type, used) as (
    select distinct type, type from evaluated where type <> 0
    union
    select t.type, x.used from typed t, lateral (
      select y.oid from pg_type y where y.typelem = t.used or y.typbasetype = t.used
      union all
      select c.reltype from pg_attribute a join pg_class c on c.oid = a.attrelid where a.atttypid = t.used and c.relkind = 'c' and not a.attisdropped) x(used)),
  evaluated_for(object, relation) as (
    select distinct object, relation from evaluated where relation <> 0
    union
    select distinct e.object, a.attrelid from evaluated e join typed t using (type) join pg_attribute a on a.atttypid = t.used and not a.attisdropped where e.type <> 0),
  locked(oid) as materialized (
    select l.relation from pg_locks l where l.mode = 'AccessExclusiveLock' and l.relation is not null
       and l.database = (select oid from pg_database where datname = current_database())),
  loaded(oid, fact) as materialized (
    select c.oid, json_build_object('schema', s.nspname, 'name', c.relname, 'owner', pg_get_userbyid(c.relowner), 'shown', c.oid::regclass::text,
                                    'materialized', c.relkind = 'm',
                                    'has_rows', case when c.relkind not in ('r', 'm') then false when c.oid in (select oid from locked) then true
                                                     else pg_relation_size(c.oid) > 0 end)
      from pg_class c join pg_namespace s on s.oid = c.relnamespace
     where c.relkind in ('r', 'm', 'p', 'v') and c.oid in (select held from holds union select relation from evaluated_for)),
  objects as (select object, kind, expression, json_agg(distinct function::text) as functions from evaluated group by object, kind, expression),
  most as (select * from objects order by object limit 200)
  select json_build_object(
    'more', (select count(*) from objects) - (select count(*) from most),
    'evaluated', coalesce((
      select json_agg(json_build_object('object', o.object, 'kind', o.kind, 'expression', o.expression, 'functions', o.functions, 'tables', coalesce((
               select json_agg(l.fact) from (select l.fact from evaluated_for e join loaded l on l.oid = e.relation join pg_class c on c.oid = l.oid
                                              where e.object = o.object and c.relkind in ('r', 'm') limit 100) l), '[]')) order by o.object) from most o), '[]'),
    'functions', coalesce((
      select json_agg(json_build_object('oid', f.oid::text, 'name', f.proname, 'shown', f.oid::regprocedure::text, 'language', f.lanname,
               'source', left(f.prosrc, 65536),
               'may_be_inlined', f.lanname = 'sql' and not f.prosecdef and f.proconfig is null and not f.proretset and f.prokind = 'f',
               'relations', coalesce((
                 select json_agg(json_build_object('name', c.relname, 'shown', c.oid::regclass::text, 'is_view', c.relkind in ('v', 'm'), 'itself', i.fact, 'holds', coalesce((
                          select json_agg(l.fact) from (select l.fact from holds h join loaded l on l.oid = h.held join pg_class r on r.oid = l.oid
                                                         where h.relation = n.relation and r.relkind in ('r', 'm') limit 100) l), '[]')))
                   from named n join pg_class c on c.oid = n.relation join loaded i on i.oid = c.oid where n.function = f.oid), '[]'))) from functions f), '[]')))sql";

}  // namespace

PGCONVOY_JSON_FIELDS(LoadedRelation, schema, name, owner, shown, has_rows, materialized)
PGCONVOY_JSON_FIELDS(NamedRelation, name, shown, is_view, itself, holds)
PGCONVOY_JSON_FIELDS(ReachedFunction, oid, name, shown, language, source, may_be_inlined, relations)
PGCONVOY_JSON_FIELDS(EvaluatedObject, object, kind, expression, functions, tables)
PGCONVOY_JSON_FIELDS(LoadOrderFacts, evaluated, functions, more)

Task<Result<json>> read_load_order(const InquiryContext& context) {
  const auto code = shared_part<CodeFacts>(context.database().parts, kCodePart);
  if (!code) co_return Error(ErrorKind::refused, "what the database evaluates was not read");
  json found = LoadOrderFacts{};
  if (!code->evaluates_functions) co_return found;
  std::string sql = kLoadOrder;
  co_return co_await read_catalogue_document(context, std::move(sql));
}

}  // namespace pgconvoy

#include "engine/facts/document.hpp"
#include "engine/facts/gather.hpp"

namespace pgconvoy {
namespace {

// What a new database of this server does not have: objects of its own (from the first normal oid on, members of
// extensions and parts of other objects left out), and rights or an owner of the built-in ones that were changed since
// initdb (pg_init_privs; it knows nothing of information_schema, nor do dumps): a dump carries both, so a restored
// database would not be equal to its source with them.
// A database's own row, its settings among them, is not inside.
constexpr const char* kObjects = R"sql(
with own(class, object) as (
  select 'pg_class'::regclass, oid from pg_class where relpersistence <> 't'
  union all select 'pg_proc'::regclass, oid from pg_proc
  union all select 'pg_type'::regclass, oid from pg_type
  union all select 'pg_namespace'::regclass, oid from pg_namespace where nspname !~ '^pg_(toast|temp)'
  union all select 'pg_language'::regclass, oid from pg_language
  union all select 'pg_foreign_server'::regclass, oid from pg_foreign_server
  union all select 'pg_foreign_data_wrapper'::regclass, oid from pg_foreign_data_wrapper
  union all select 'pg_largeobject_metadata'::regclass, oid from pg_largeobject_metadata
  union all select 'pg_operator'::regclass, oid from pg_operator
  union all select 'pg_opclass'::regclass, oid from pg_opclass
  union all select 'pg_opfamily'::regclass, oid from pg_opfamily
  union all select 'pg_am'::regclass, oid from pg_am
  union all select 'pg_cast'::regclass, oid from pg_cast
  union all select 'pg_collation'::regclass, oid from pg_collation where collnamespace <> 'pg_catalog'::regnamespace
  union all select 'pg_conversion'::regclass, oid from pg_conversion
  union all select 'pg_transform'::regclass, oid from pg_transform
  union all select 'pg_ts_dict'::regclass, oid from pg_ts_dict
  union all select 'pg_ts_config'::regclass, oid from pg_ts_config
  union all select 'pg_ts_parser'::regclass, oid from pg_ts_parser
  union all select 'pg_ts_template'::regclass, oid from pg_ts_template
  union all select 'pg_event_trigger'::regclass, oid from pg_event_trigger
  union all select 'pg_publication'::regclass, oid from pg_publication
  union all select 'pg_default_acl'::regclass, oid from pg_default_acl
  union all select 'pg_user_mapping'::regclass, umid from pg_user_mappings
), built_in(class, object, acl) as (
  select 'pg_class'::regclass, oid, relacl from pg_class where oid < 16384 and relnamespace = 'pg_catalog'::regnamespace
  union all select 'pg_proc'::regclass, oid, proacl from pg_proc where oid < 16384 and pronamespace = 'pg_catalog'::regnamespace
  union all select 'pg_namespace'::regclass, oid, nspacl from pg_namespace where oid < 16384 and nspname <> 'information_schema'
  union all select 'pg_language'::regclass, oid, lanacl from pg_language where oid < 16384
)
select json_build_object(
  'objects', (select count(*) from own o
               where o.object >= 16384
                 and not exists (select 1 from pg_depend p
                                  where p.classid = o.class and p.objid = o.object and p.deptype in ('e', 'i')))
           + (select count(*) from built_in b
               where b.acl is distinct from (select i.initprivs from pg_init_privs i
                                              where i.classoid = b.class and i.objoid = b.object and i.objsubid = 0))
           + (select count(*) from pg_namespace where nspname = 'public' and pg_get_userbyid(nspowner) <> 'pg_database_owner'
                                                  and nspowner <> 10)
           + (select case when count(*) = 1 then 0 else 1 end from pg_namespace where nspname = 'public')
           + (select count(*) from pg_namespace where nspname = 'public'
                                                  and obj_description(oid, 'pg_namespace') is distinct from 'standard public schema')
           + (select count(*) from pg_subscription s
               where s.subdbid = (select oid from pg_database where datname = current_database())),
  'extensions', coalesce((
    select json_agg(json_build_object('name', e.extname, 'version', e.extversion, 'schema', n.nspname) order by e.extname)
      from pg_extension e join pg_namespace n on n.oid = e.extnamespace), '[]'))
)sql";

}  // namespace

Task<Result<DatabaseFacts>> gather_objects(Session& inside, DatabaseFacts facts) {
  std::string sql = kObjects;
  CO_TRY(Rows answer, co_await inside.query(std::move(sql)));
  CO_TRY(DatabaseFacts found, decode_document<DatabaseFacts>(
                                  fmt::format("objects of database \"{}\" on server {}", facts.database, facts.server), answer));
  facts.objects = found.objects;
  facts.extensions = std::move(found.extensions);
  co_return facts;
}

}  // namespace pgconvoy

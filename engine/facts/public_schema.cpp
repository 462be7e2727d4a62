#include "engine/facts/public_schema.hpp"

namespace pgconvoy {

PGCONVOY_JSON_FIELDS(PublicSchemaFact, exists, everybody_creates, strangers)

std::string public_schema_sql(int) {
  return R"sql((
  select json_build_object(
    'exists', count(*) > 0,
    'everybody_creates', coalesce(bool_or(exists (
       select 1 from aclexplode(coalesce(n.nspacl, acldefault('n', n.nspowner))) a where a.grantee = 0 and a.privilege_type = 'CREATE')), false),
    'strangers', coalesce((
       select json_agg(r.rolname order by r.rolname) from (
         select r.rolname from pg_roles r
          where not r.rolsuper and r.oid in (select c.relowner from pg_class c where c.relnamespace = (select p.oid from pg_namespace p where p.nspname = 'public'))
            and not exists (select 1 from pg_namespace p, aclexplode(coalesce(p.nspacl, acldefault('n', p.nspowner))) a
                             where p.nspname = 'public' and a.privilege_type = 'CREATE' and a.grantee <> 0 and pg_has_role(r.oid, a.grantee, 'usage'))
          order by 1 limit 20) r), '[]'))
    from pg_namespace n where n.nspname = 'public'))sql";
}

}  // namespace pgconvoy

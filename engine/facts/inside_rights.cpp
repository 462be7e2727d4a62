#include "engine/facts/inside_rights.hpp"

namespace pgconvoy {
namespace {

constexpr const char* kUnreadable = R"sql(
case when (select rolsuper from pg_roles where rolname = current_user) then '[]'::json else coalesce((
  select json_agg(x.line order by x.line) from (
    select format('%s %I.%I (owner %s)', case c.relkind when 'S' then 'sequence' else 'table' end, n.nspname, c.relname,
                  pg_get_userbyid(c.relowner)) as line
      from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where c.relkind in ('r', 'p', 'S') and c.relpersistence <> 't' and n.nspname !~ '^pg_(toast|temp)'
       and n.nspname not in ('pg_catalog', 'information_schema') and not has_table_privilege(c.oid, 'select')
       and (not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
            or exists (select from pg_extension e where c.oid = any (e.extconfig)))
    union all
    select format('row security of table %I.%I (owner %s)', n.nspname, c.relname, pg_get_userbyid(c.relowner))
      from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where c.relkind in ('r', 'p') and c.relrowsecurity and row_security_active(c.oid)
    union all
    select format('schema %I (owner %s)', n.nspname, pg_get_userbyid(n.nspowner))
      from pg_namespace n
     where n.nspname !~ '^pg_' and n.nspname <> 'information_schema' and not has_schema_privilege(n.oid, 'usage')
       and exists (select from pg_class c where c.relnamespace = n.oid and c.relkind in ('r', 'p', 'S'))
    union all
    select 'subscription ' || quote_ident(s.subname)
      from pg_subscription s where s.subdbid = (select oid from pg_database where datname = current_database())
    union all
    select format('%s large objects (owner %s)', count(*), pg_get_userbyid(m.lomowner))
      from pg_largeobject_metadata m
     where not exists (select from aclexplode(coalesce(m.lomacl, acldefault('L', m.lomowner))) a
                        where a.privilege_type = 'SELECT' and (a.grantee = 0 or pg_has_role(a.grantee, 'usage')))
     group by m.lomowner) x), '[]') end)sql";

// A mapping is shown to its own user, and one for everybody to those who own the server (pg_user_mappings).
constexpr const char* kHiddenUserMappings = R"sql(
coalesce((
  select json_agg(format('server %s for %s', m.srvname, case m.umuser when 0 then 'public' else m.usename end) order by 1)
    from pg_user_mappings m join pg_foreign_server s on s.oid = m.srvid
   where not (select rolsuper from pg_roles where rolname = current_user)
     and not (m.umuser = 0 and pg_has_role(s.srvowner, 'usage'))
     and not (m.usename = current_user and (pg_has_role(s.srvowner, 'usage') or has_server_privilege(s.oid, 'usage')))), '[]'))sql";

// Settings that the server doesn't know, an application's own, only a superuser may give to roles, databases and functions.
// {schemas}: publications for schemas came with 15. {trusted}: condition on a row e of pg_extension.
constexpr const char* kSuperuserOnly = R"sql(
coalesce((
  select json_agg(x.line order by x.line) from (
    select distinct y.line from (
    select 'pg_event_trigger'::regclass::oid as class, oid as object, 'event trigger ' || quote_ident(evtname) as line from pg_event_trigger
    union all
    select 'pg_publication'::regclass, p.oid, format('publication %I for all tables', p.pubname) from pg_publication p where p.puballtables
    {schemas}
    union all
    select 'pg_subscription'::regclass, s.oid, 'subscription ' || quote_ident(s.subname) from (
      select 0::oid as oid, subname from pg_subscription where subdbid = (select oid from pg_database where datname = current_database())) s
    union all
    select 'pg_proc'::regclass, p.oid, case when l.lanpltrusted then 'leakproof function ' else 'function ' end || p.oid::regprocedure
           || case when l.lanpltrusted then '' else ' in language ' || l.lanname end
      from pg_proc p join pg_language l on l.oid = p.prolang
     where p.oid >= 16384 and (not l.lanpltrusted or p.proleakproof) and not exists (select from pg_aggregate g where g.aggfnoid = p.oid)
    union all
    select 'pg_proc'::regclass, p.oid, format('function %s sets %s', p.oid::regprocedure, split_part(c.line, '=', 1))
      from pg_proc p, unnest(p.proconfig) c(line) left join pg_settings g on lower(g.name) = lower(split_part(c.line, '=', 1))
     where p.oid >= 16384 and coalesce(g.context, 'superuser') in ('superuser', 'superuser-backend')
    union all
    select 0, 0, format('setting %s of %s', split_part(c.line, '=', 1), case s.setrole when 0 then 'the database' else 'role ' || quote_ident(pg_get_userbyid(s.setrole)) end)
      from pg_database d, pg_db_role_setting s, unnest(s.setconfig) c(line) left join pg_settings g on lower(g.name) = lower(split_part(c.line, '=', 1))
     where d.datname = current_database() and coalesce(g.context, 'superuser') in ('superuser', 'superuser-backend')
       and (s.setdatabase = d.oid
            or s.setdatabase = 0 and (s.setrole = d.datdba or s.setrole in (
                 select refobjid from pg_shdepend where dbid = d.oid and refclassid = 'pg_authid'::regclass)))
    union all
    select 'pg_extension'::regclass, e.oid, format('extension %I, which is not trusted', e.extname)
      from pg_extension e where e.extname <> 'plpgsql' and {untrusted}
    union all
    select 'pg_type'::regclass, t.oid, 'base type ' || format_type(t.oid, null) from pg_type t
     where t.oid >= 16384 and t.typtype in ('b', 'p') and t.typcategory <> 'A'
    union all
    select 'pg_opclass'::regclass, oid, 'operator class ' || quote_ident(opcname) from pg_opclass
    union all
    select 'pg_opfamily'::regclass, oid, 'operator family ' || quote_ident(opfname) from pg_opfamily
    union all
    select 'pg_cast'::regclass, oid, format('cast from %s to %s without a function', format_type(castsource, null), format_type(casttarget, null))
      from pg_cast where oid >= 16384 and castmethod = 'b'
    union all
    select 'pg_transform'::regclass, oid, 'transform for type ' || format_type(trftype, null) from pg_transform
    union all
    select 'pg_am'::regclass, oid, 'access method ' || quote_ident(amname) from pg_am
    union all
    select 'pg_ts_parser'::regclass, oid, 'text search parser ' || quote_ident(prsname) from pg_ts_parser
    union all
    select 'pg_ts_template'::regclass, oid, 'text search template ' || quote_ident(tmplname) from pg_ts_template
    union all
    select 'pg_language'::regclass, oid, 'language ' || quote_ident(lanname) from pg_language
    union all
    select 'pg_foreign_data_wrapper'::regclass, oid, 'foreign-data wrapper ' || quote_ident(fdwname) from pg_foreign_data_wrapper
    union all
    select 0, 0, 'things in tablespace ' || quote_ident(t.spcname) from pg_class c join pg_tablespace t on t.oid = c.reltablespace
     where c.oid >= 16384 and c.relkind in ('r', 'p', 'm', 'i', 'I')
    union all
    select o.class, o.object, case when o.class = 'pg_largeobject_metadata'::regclass then 'large objects'
                                   else pg_describe_object(case o.class when 'pg_largeobject_metadata'::regclass then 'pg_largeobject'::regclass
                                                           else o.class end, o.object, 0) end
                              || ' of superuser ' || quote_ident(pg_get_userbyid(o.owner))
      from owned o
     where o.owner in (select r.oid from pg_roles r where r.rolsuper) and o.class not in ('pg_event_trigger'::regclass, 'pg_foreign_data_wrapper'::regclass, 'pg_language'::regclass,
                           'pg_opclass'::regclass, 'pg_opfamily'::regclass, 'pg_extension'::regclass)
       and not (o.class = 'pg_class'::regclass and (select relkind from pg_class where oid = o.object) in ('i', 'I', 't', 'c'))
       and not (o.class = 'pg_publication'::regclass and (select puballtables from pg_publication where oid = o.object))
    union all
    select o.class, o.object, format('privileges on %s that %I granted', pg_describe_object(o.class, o.object, 0), pg_get_userbyid(a.grantor))
      from owned o, aclexplode(o.acl) a
     where a.grantor <> o.owner and o.class not in ('pg_largeobject_metadata'::regclass, 'pg_default_acl'::regclass)
    union all
    select 'pg_class'::regclass, t.attrelid, format('privileges on columns of %s that %I granted', t.attrelid::regclass, pg_get_userbyid(a.grantor))
      from pg_attribute t join pg_class c on c.oid = t.attrelid, aclexplode(t.attacl) a
     where t.attacl is not null and t.attrelid >= 16384 and a.grantor <> c.relowner
    ) y
    where (y.object = 0 or y.object >= 16384)
      and not exists (select from pg_depend d where d.classid = y.class and d.objid = y.object and d.deptype in ('e', 'i'))
    order by 1 limit 200) x), '[]'))sql";

constexpr const char* kSchemas = R"sql(
    union all
    select 'pg_publication'::regclass, p.oid, format('publication %I for tables in schemas', p.pubname) from pg_publication p
     where p.oid in (select pnpubid from pg_publication_namespace))sql";

constexpr const char* kByControlFile = R"sql(
      coalesce((select bool_or(v.superuser and not v.trusted) from pg_available_extension_versions v where v.name = e.extname), true))sql";

constexpr const char* kByName = R"sql(
      e.extname not in ('bool_plperl', 'btree_gin', 'btree_gist', 'citext', 'cube', 'dict_int', 'fuzzystrmatch', 'hstore', 'intarray',
        'isn', 'jsonb_plperl', 'lo', 'ltree', 'pgcrypto', 'pg_trgm', 'plperl', 'pltcl', 'seg', 'tablefunc', 'tcn', 'tsm_system_rows',
        'tsm_system_time', 'unaccent', 'uuid-ossp'))sql";

}  // namespace

std::string unreadable_sql() { return kUnreadable; }

std::string hidden_user_mappings_sql() { return kHiddenUserMappings; }

std::string superuser_only_sql(int version, bool reads_control_files) {
  std::string sql = kSuperuserOnly;
  const auto fill = [&sql](const std::string& place, const char* text) { sql.replace(sql.find(place), place.size(), text); };
  fill("{schemas}", version >= 150000 ? kSchemas : "");
  fill("{untrusted}", reads_control_files && version >= 130000 ? kByControlFile : kByName);
  return sql;
}

}  // namespace pgconvoy

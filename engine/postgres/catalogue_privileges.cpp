// Privileges, default privileges, comments and security labels.
#include "engine/postgres/catalogue.hpp"

namespace pgconvoy::catalogue {

namespace {

// Rows (kind, identity, acl, fallback, owner, initial, own): whatever can have privileges.
std::string grantable() {
  const std::string relation = "format('%I.%I', n.nspname, c.relname)";
  const auto initial = [](const char* catalogue, const char* oid, const char* column = "0") {
    return std::string("(select i.initprivs from pg_init_privs i where i.classoid = '") + catalogue +
           "'::regclass and i.objoid = " + oid + " and i.objsubid = " + column + ")";
  };
  const std::string ours = user_schema("n");
  return R"(
  select 'schema' as kind, quote_ident(n.nspname) as identity, n.nspacl as acl, acldefault('n', n.nspowner) as fallback, n.nspowner as owner,
         )" + initial("pg_namespace", "n.oid") + R"( as initial, )" + ours + " and " + own("pg_namespace", "n.oid") + R"( as own
    from pg_namespace n where n.nspacl is not null and n.nspname !~ '^(pg_toast|pg_temp|information_schema$)'
  union all
  select )" + relation_kind("c") + ", " + relation + R"(, c.relacl, acldefault(case when c.relkind = 'S' then 's' else 'r' end::"char", c.relowner), c.relowner,
         )" + initial("pg_class", "c.oid") + ", " + ours + " and " + own("pg_class", "c.oid") + R"(
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
   where c.relacl is not null and c.relkind in ('r', 'p', 'v', 'm', 'f', 'S') and n.nspname !~ '^(pg_toast|pg_temp|information_schema$)'
  union all
  select 'column', )" + relation + R"( || '.' || quote_ident(a.attname), a.attacl, acldefault('c', c.relowner), c.relowner,
         )" + initial("pg_class", "c.oid", "a.attnum") + ", " + ours + " and " + own("pg_class", "c.oid") + R"(
    from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
   where a.attacl is not null and not a.attisdropped and n.nspname !~ '^(pg_toast|pg_temp|information_schema$)'
  union all
  select 'function', p.oid::regprocedure::text, p.proacl, acldefault('f', p.proowner), p.proowner,
         )" + initial("pg_proc", "p.oid") + ", " + ours + " and " + own("pg_proc", "p.oid") + R"(
    from pg_proc p join pg_namespace n on n.oid = p.pronamespace
   where p.proacl is not null and n.nspname !~ '^(pg_toast|pg_temp|information_schema$)'
  union all
  select 'type', format('%I.%I', n.nspname, t.typname), t.typacl, acldefault('T', t.typowner), t.typowner,
         )" + initial("pg_type", "t.oid") + ", " + ours + " and " + own("pg_type", "t.oid") + R"(
    from pg_type t join pg_namespace n on n.oid = t.typnamespace
   where t.typacl is not null and t.typtype <> 'm' and n.nspname !~ '^(pg_toast|pg_temp|information_schema$)'
  union all
  select 'language', quote_ident(l.lanname), l.lanacl, acldefault('l', l.lanowner), l.lanowner, )" + initial("pg_language", "l.oid") + R"(, false
    from pg_language l where l.lanacl is not null
  union all
  select 'foreign-data wrapper', quote_ident(w.fdwname), w.fdwacl, acldefault('F', w.fdwowner), w.fdwowner, )" + initial("pg_foreign_data_wrapper", "w.oid") + R"(,
         )" + own("pg_foreign_data_wrapper", "w.oid") + R"(
    from pg_foreign_data_wrapper w where w.fdwacl is not null
  union all
  select 'server', quote_ident(s.srvname), s.srvacl, acldefault('S', s.srvowner), s.srvowner, )" + initial("pg_foreign_server", "s.oid") + R"(,
         )" + own("pg_foreign_server", "s.oid") + R"(
    from pg_foreign_server s where s.srvacl is not null)";
}

}  // namespace

// Of the system's and of extensions' objects only what was changed since they were created is compared: the
// privileges they come with differ between versions.
std::string privileges_sql(const Dialect& dialect) {
  const auto lines = [&](const char* acl) {
    return "select e.grantee || ': ' || e.privilege from (" + privilege_lines(dialect, acl, "g.owner") + ") e";
  };
  const std::string now = "coalesce(g.acl, g.fallback)", before = "coalesce(g.initial, g.fallback)";
  const std::string change =
      "(select string_agg(line, '; ' order by line collate \"C\") from ("
      "(select 'granted ' || q.line as line from (" + lines(now.c_str()) + " except " + lines(before.c_str()) + ") as q(line))"
      " union all (select 'revoked ' || q.line from (" + lines(before.c_str()) + " except " + lines(now.c_str()) + ") as q(line))) as c)";
  return "\nwith grantable as " + dialect.since(12, "materialized", "") + " (" + grantable() + R"(
)
select 'acl' as kind, v.kind || ' ' || v.identity as identity, v.kind || ' ' || v.identity as parent, v.text as definition, null as hidden
  from (select g.kind, g.identity, )" + privileges(dialect, "g.acl", "g.owner") + " as text, " +
         privileges(dialect, "g.fallback", "g.owner") + R"( as usual from grantable g where g.own) v
 where v.text <> v.usual
union all
select 'acl', v.kind || ' ' || v.identity, '', v.text, null
  from (select g.kind, g.identity, )" + change + R"( as text from grantable g
         where not g.own and g.acl::text[] is distinct from g.initial::text[] offset 0) v
 where v.text is not null;

select 'default acl' as kind, concat_ws(' ', 'for role ' || quote_ident(pg_get_userbyid(d.defaclrole)), 'in schema ' || quote_ident(n.nspname),
         'on ' || case d.defaclobjtype when 'r' then 'tables' when 'S' then 'sequences' when 'f' then 'functions' when 'T' then 'types'
                  when 'n' then 'schemas' else d.defaclobjtype::text end) as identity,
       coalesce('schema ' || quote_ident(n.nspname), '') as parent,
       )" + privileges(dialect, "d.defaclacl", "d.defaclrole") + R"( as definition, null as hidden
  from pg_default_acl d left join pg_namespace n on n.oid = d.defaclnamespace
 where pg_get_userbyid(d.defaclrole) !~ '^pgconvoy_';
)";
}

// Comments that a server or an extension brings are left out; `public` is the one built-in object that pg_dump keeps.
std::string comments_sql(const Dialect&) {
  const auto select = [](const std::string& kind, const std::string& extra, const std::string& text, const std::string& from) {
    return "select '" + kind + R"(' as kind,
       o.type || case when d.objsubid > 0 then ' column ' else ' ' end || replace(o.identity, 'pg_catalog.', '')
         || coalesce('.' || (select quote_ident(a.attname) from pg_attribute a
              where d.classoid = 'pg_class'::regclass and a.attrelid = d.objoid and a.attnum = d.objsubid and d.objsubid > 0), '')
         || )" + extra + R"( as identity,
       case o.type when 'table constraint' then 'constraint' when 'domain constraint' then 'constraint' else o.type end || ' '
         || replace(o.identity, 'pg_catalog.', '') as parent,
       )" + text + R"( as definition, null as hidden
  from )" + from + R"( d, lateral pg_identify_object(d.classoid, d.objoid, 0) o
 where (d.objoid >= 16384 or d.classoid = 'pg_largeobject'::regclass or d.classoid = 'pg_namespace'::regclass and d.objoid = to_regnamespace('public'))
   and not exists (select from pg_depend m where m.classid = d.classoid and m.objid = d.objoid and m.deptype = 'e')
   and not (d.classoid = 'pg_extension'::regclass and o.identity = 'plpgsql')
   and coalesce(o.schema, '') !~ '^pg_(temp|toast)')";
  };
  return "\n" + select("comment", "''", "d.description", "pg_description") + "\nunion all\n" +
         select("security label", "' by ' || d.provider", "d.label", "pg_seclabel") + ";\n";
}

}  // namespace pgconvoy::catalogue

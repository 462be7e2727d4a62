// What belongs to the database and not to a schema: extensions, languages, event triggers, foreign data, replication.
#include "engine/postgres/catalogue.hpp"

namespace pgconvoy::catalogue {

namespace {

// The version is an entry of its own: a newer one on the target is no difference. plpgsql comes with every database.
std::string extensions() {
  return R"(
select 'extension' as kind, quote_ident(e.extname) as identity, '' as parent, 'schema ' || quote_ident(n.nspname) as definition, null as hidden
  from pg_extension e join pg_namespace n on n.oid = e.extnamespace where e.extname <> 'plpgsql'
union all
select 'extension version', quote_ident(e.extname), 'extension ' || quote_ident(e.extname), e.extversion, null
  from pg_extension e where e.extname <> 'plpgsql';
)";
}

std::string languages() {
  return R"(
select 'language' as kind, quote_ident(l.lanname) as identity, '' as parent,
       concat_ws('; ', )" + owner("l.lanowner") + R"(, case when l.lanpltrusted then 'trusted' end, 'handler ' || nullif(l.lanplcallfoid, 0)::regproc::text,
         'inline ' || nullif(l.laninline, 0)::regproc::text, 'validator ' || nullif(l.lanvalidator, 0)::regproc::text) as definition, null as hidden
  from pg_language l where l.oid >= 16384 and )" + own("pg_language", "l.oid") + R"(
union all
select 'transform', format_type(t.trftype, null) || ' for ' || quote_ident(l.lanname), '',
       concat_ws('; ', 'from ' || nullif(t.trffromsql::oid, 0)::regproc::text, 'to ' || nullif(t.trftosql::oid, 0)::regproc::text), null
  from pg_transform t join pg_language l on l.oid = t.trflang where )" + own("pg_transform", "t.oid") + R"(
union all
select 'access method', quote_ident(a.amname), '', 'type ' || a.amtype::text || ' handler ' || a.amhandler::text, null
  from pg_am a where a.oid >= 16384 and )" + own("pg_am", "a.oid") + R"(
union all
select 'event trigger', quote_ident(e.evtname), '',
       concat_ws('; ', )" + owner("e.evtowner") + R"(, 'on ' || e.evtevent, 'tags ' || array_to_string(e.evttags, ', '), 'function ' || e.evtfoid::regprocedure::text,
         case e.evtenabled when 'D' then 'disabled' when 'R' then 'enabled on replicas' when 'A' then 'enabled always' end), null
  from pg_event_trigger e where )" + own("pg_event_trigger", "e.oid") + ";\n";
}

// Options of servers are compared unseen; of user mappings only the names of the options leave the server.
std::string foreign_data() {
  return R"(
select 'foreign-data wrapper' as kind, quote_ident(w.fdwname) as identity, '' as parent,
       concat_ws('; ', )" + owner("w.fdwowner") + R"(, 'handler ' || nullif(w.fdwhandler, 0)::regproc::text, 'validator ' || nullif(w.fdwvalidator, 0)::regproc::text) as definition,
       )" + sorted_options("w.fdwoptions", "options") + R"( as hidden
  from pg_foreign_data_wrapper w where )" + own("pg_foreign_data_wrapper", "w.oid") + R"(
union all
select 'server', quote_ident(s.srvname), '', concat_ws('; ', )" + owner("s.srvowner") + R"(, 'wrapper ' || quote_ident(w.fdwname), 'type ' || s.srvtype, 'version ' || s.srvversion),
       )" + sorted_options("s.srvoptions", "options") + R"(
  from pg_foreign_server s join pg_foreign_data_wrapper w on w.oid = s.srvfdw where )" + own("pg_foreign_server", "s.oid") + R"(
union all
select 'user mapping', format('%s on server %I', case when u.umuser = 0 then 'public' else quote_ident(pg_get_userbyid(u.umuser)) end, s.srvname),
       'server ' || quote_ident(s.srvname),
       'options named ' || coalesce((select string_agg(split_part(o, '=', 1), ', ' order by split_part(o, '=', 1) collate "C") from unnest(u.umoptions) o), 'nothing'), null
  from pg_user_mappings u join pg_foreign_server s on s.oid = u.srvid;
)";
}

// Whether a subscription is enabled is the fence's business, and its conninfo holds a password.
std::string replication(const Dialect& dialect) {
  const std::string table = dialect.both_since(15,
      "|| coalesce(' (' || (select string_agg(quote_ident(a.attname), ', ' order by a.attnum) from pg_attribute a"
      " where a.attrelid = c.oid and a.attnum = any (r.prattrs::int2[])) || ')', '') || coalesce(' where ' || pg_get_expr(r.prqual, c.oid), '')", "");
  return R"(
select 'publication' as kind, quote_ident(p.pubname) as identity, '' as parent,
       concat_ws('; ', )" + owner("p.pubowner") + R"(, case when p.puballtables then 'all tables' end,
         'publishes' || case when p.pubinsert then ' insert' else '' end || case when p.pubupdate then ' update' else '' end
                     || case when p.pubdelete then ' delete' else '' end)" +
         dialect.both_since(11, " || case when p.pubtruncate then ' truncate' else '' end", "") +
         dialect.both_since(13, ", case when p.pubviaroot then 'via root' end", "") + R"(,
         (select 'tables ' || string_agg(format('%I.%I', n.nspname, c.relname))" + table + R"(, ', ' order by n.nspname::text collate "C", c.relname::text collate "C")
            from pg_publication_rel r join pg_class c on c.oid = r.prrelid join pg_namespace n on n.oid = c.relnamespace where r.prpubid = p.oid))" +
         dialect.both_since(15, ", (select 'schemas ' || string_agg(quote_ident(n.nspname), ', ' order by n.nspname::text collate \"C\")"
                                " from pg_publication_namespace s join pg_namespace n on n.oid = s.pnnspid where s.pnpubid = p.oid)", "") +
         R"() as definition, null as hidden
  from pg_publication p where )" + own("pg_publication", "p.oid") + R"(
union all
select 'subscription', quote_ident(s.subname), '',
       concat_ws('; ', )" + owner("s.subowner") + R"(, 'publications ' || array_to_string(s.subpublications, ', '), 'slot ' || s.subslotname)" +
         std::string(dialect.superusers ? ", 'synchronous commit ' || s.subsynccommit" : "") + R"(), null
  from pg_subscription s where s.subdbid = (select d.oid from pg_database d where d.datname = current_database());
)";
}

}  // namespace

std::string rare_objects_sql(const Dialect& dialect) {
  return extensions() + languages() + foreign_data() + replication(dialect);
}

}  // namespace pgconvoy::catalogue

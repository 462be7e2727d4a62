#include <algorithm>

#include "engine/facts/document.hpp"
#include "engine/facts/gather.hpp"
#include "engine/facts/inside_rights.hpp"
#include "engine/facts/part.hpp"

namespace pgconvoy {
namespace {

// Temporary relations are left out, they end with their session.
constexpr const char* kInside = R"sql(
with relations as (
  select c.oid, c.relkind, {bytes} as bytes
    from pg_class c join pg_namespace n on n.oid = c.relnamespace {files}
   where c.relpersistence <> 't' and n.nspname !~ '^pg_(toast|temp)' and n.nspname not in ('pg_catalog', 'information_schema')
)
{owned}
select json_build_object(
  'extensions', coalesce((
    select json_agg(json_build_object('name', e.extname, 'version', e.extversion, 'schema', n.nspname) order by e.extname)
      from pg_extension e join pg_namespace n on n.oid = e.extnamespace), '[]'),
  'tables', (select count(*) from relations where relkind in ('r', 'p')),
  'indexes', (select count(*) from relations where relkind in ('i', 'I')),
  'sequences', (select count(*) from relations where relkind = 'S'),
  'relations', (select count(*) from relations),
  'table_bytes', (select coalesce(sum(bytes), 0)::bigint from relations where relkind in ('r', 'm')),
  'index_bytes', (select coalesce(sum(bytes), 0)::bigint from relations where relkind = 'i'),
  'large_objects', (select count(*) from pg_largeobject_metadata),
  'large_object_bytes', pg_table_size('pg_largeobject'),
  'evaluating_tables', coalesce((
    select json_agg(distinct t.oid::bigint)
      from (select case d.classid when 'pg_class'::regclass then d.objid else a.adrelid end as oid
              from pg_depend d left join pg_attrdef a on d.classid = 'pg_attrdef'::regclass and a.oid = d.objid
             where d.classid in ('pg_class'::regclass, 'pg_attrdef'::regclass) and d.refobjid >= 16384
               and d.refclassid in ('pg_proc'::regclass, 'pg_operator'::regclass)) t
      join pg_class c on c.oid = t.oid
     where c.relkind in ('r', 'p')
       and (c.relkind = 'p' or exists (select 1 from pg_attribute g where g.attrelid = c.oid and {generated}))), '[]'),
  'unreadable', {unreadable},
  'superuser_only', {superuser_only},
  'hidden_user_mappings', {hidden})
)sql";

// pg_table_size() waits for a lock on the table, so what somebody holds exclusively is counted from the catalog's estimate instead:
// reading facts must not hang behind a tenant's migration.
constexpr const char* kMeasured = R"sql(
         case when c.relkind not in ('r', 'm', 'i') then 0
              {small}
              when c.oid in (select l.relation from pg_locks l
                              where l.mode = 'AccessExclusiveLock' and l.relation is not null
                                and l.database = (select oid from pg_database where datname = current_database()))
                then greatest(c.relpages, 0)::bigint * current_setting('block_size')::bigint
              when c.relkind = 'i' then pg_relation_size(c.oid)
              else pg_table_size(c.oid) end)sql";

// Those functions open every relation, which is a third of what the whole statement takes. A superuser may look at the files: the first
// one of the relation and of its TOAST table, without free space and visibility maps. One that is full has others beside it.
constexpr const char* kSmall = "when f.main < f.full and f.toast < f.full then f.main + f.toast";
constexpr const char* kFiles = R"sql(
    left join lateral (
      select coalesce((pg_stat_file(pg_relation_filepath(c.oid), true)).size, 0) as main,
             coalesce((pg_stat_file(pg_relation_filepath(c.reltoastrelid), true)).size, 0) as toast,
             pg_size_bytes(current_setting('segment_size')) as full) f on c.relkind in ('r', 'm', 'i'))sql";

// What has an owner, and its privileges.
constexpr const char* kOwned = R"sql(
owned(class, object, owner, acl) as (
  select 'pg_class'::regclass, oid, relowner, relacl from pg_class where relpersistence <> 't' and oid >= 16384
  union all select 'pg_proc'::regclass, oid, proowner, proacl from pg_proc where oid >= 16384
  union all select 'pg_type'::regclass, oid, typowner, typacl from pg_type where oid >= 16384
  union all select 'pg_namespace'::regclass, oid, nspowner, nspacl from pg_namespace where nspname !~ '^pg_(toast|temp)' and oid >= 16384
  union all select 'pg_language'::regclass, oid, lanowner, lanacl from pg_language where oid >= 16384
  union all select 'pg_foreign_server'::regclass, oid, srvowner, srvacl from pg_foreign_server where oid >= 16384
  union all select 'pg_foreign_data_wrapper'::regclass, oid, fdwowner, fdwacl from pg_foreign_data_wrapper where oid >= 16384
  union all select 'pg_largeobject_metadata'::regclass, oid, lomowner, lomacl from pg_largeobject_metadata where oid >= 16384
  union all select 'pg_operator'::regclass, oid, oprowner, null from pg_operator where oid >= 16384
  union all select 'pg_opclass'::regclass, oid, opcowner, null from pg_opclass where oid >= 16384
  union all select 'pg_opfamily'::regclass, oid, opfowner, null from pg_opfamily where oid >= 16384
  union all select 'pg_collation'::regclass, oid, collowner, null from pg_collation where oid >= 16384
  union all select 'pg_conversion'::regclass, oid, conowner, null from pg_conversion where oid >= 16384
  union all select 'pg_ts_dict'::regclass, oid, dictowner, null from pg_ts_dict where oid >= 16384
  union all select 'pg_ts_config'::regclass, oid, cfgowner, null from pg_ts_config where oid >= 16384
  union all select 'pg_statistic_ext'::regclass, oid, stxowner, null from pg_statistic_ext where oid >= 16384
  union all select 'pg_event_trigger'::regclass, oid, evtowner, null from pg_event_trigger where oid >= 16384
  union all select 'pg_publication'::regclass, oid, pubowner, null from pg_publication where oid >= 16384
  union all select 'pg_extension'::regclass, oid, 0::oid, null from pg_extension where oid >= 16384
  union all select 'pg_default_acl'::regclass, oid, defaclrole, defaclacl from pg_default_acl where oid >= 16384
))sql";

// Whether the first superuser (oid 10, pinned, so not in pg_shdepend) owns or may use an object that a dump would carry, and
// its name; members of extensions are not carried.
constexpr const char* kBootstrap = R"sql(
with {owned}
select json_build_object('name', pg_get_userbyid(10), 'needed', exists (
    select 1 from owned o
     where (o.owner = 10 or exists (select 1 from aclexplode(o.acl) x where x.grantee = 10 and o.owner <> 10))
       and not exists (select 1 from pg_depend p
                        where p.classid = o.class and p.objid = o.object and p.deptype in ('e', 'i'))))
)sql";

constexpr int kStatements = 3;

std::string statement_inside(int version, const InsideRequest& request, bool reads_control_files) {
  std::string sql = kInside, bootstrap = kBootstrap;
  const auto fill = [&sql](const std::string& place, const std::string& text) { sql.replace(sql.find(place), place.size(), text); };
  fill("{bytes}", kMeasured);
  fill("{small}", request.sizes_of_files ? kSmall : "");
  fill("{files}", request.sizes_of_files ? kFiles : "");
  fill("{owned}", request.superuser_only ? std::string(",") + kOwned : "");
  const std::string place = "{owned}";
  bootstrap.replace(bootstrap.find(place), place.size(), kOwned);
  // Generated columns came with 12.
  fill("{generated}", version >= 120000 ? "g.attgenerated <> ''" : "false");
  const std::string none = "'[]'::json";
  fill("{unreadable}", request.unreadable ? unreadable_sql() : none);
  fill("{superuser_only}", request.superuser_only ? superuser_only_sql(version, reads_control_files) : none);
  fill("{hidden}", request.unreadable ? hidden_user_mappings_sql() : none);
  // One after the other in one message: planned in one piece they take the server more memory, and time.
  return fmt::format("{};\nselect {};\n{};", sql, presence_sql(database_parts(), request.parts), bootstrap);
}

Result<DatabaseFacts> complete(DatabaseFacts facts, const InsideRequest& request, const std::vector<Rows>& answers) {
  const std::string what = fmt::format("facts of database \"{}\" on server {}", facts.database, facts.server);
  if (answers.size() != kStatements)
    return Error(ErrorKind::corrupt, fmt::format("{}: the server answered {} statements of {}", what, answers.size(), kStatements));
  TRY(DatabaseFacts inside, decode_document<DatabaseFacts>(what, answers[0]));
  TRY(const json presence, decode_document<json>(what, answers[1]));
  TRY(const json bootstrap, decode_document<json>(what, answers[2]));
  facts.extensions = std::move(inside.extensions);
  facts.tables = inside.tables;
  facts.indexes = inside.indexes;
  facts.sequences = inside.sequences;
  facts.relations = inside.relations;
  facts.table_bytes = inside.table_bytes;
  facts.index_bytes = inside.index_bytes;
  facts.large_objects = inside.large_objects;
  facts.large_object_bytes = inside.large_object_bytes;
  facts.unreadable = std::move(inside.unreadable);
  facts.superuser_only = std::move(inside.superuser_only);
  facts.hidden_user_mappings = std::move(inside.hidden_user_mappings);
  facts.evaluating_tables = std::move(inside.evaluating_tables);
  facts.parts = absent_parts(database_parts(), request.parts, presence);
  if (bootstrap.at("needed") == true) {
    const std::string name = bootstrap.at("name").get<std::string>();
    auto place = std::lower_bound(facts.roles.begin(), facts.roles.end(), name);
    if (std::find(facts.roles.begin(), facts.roles.end(), name) == facts.roles.end()) facts.roles.insert(place, name);
  }
  return facts;
}

}  // namespace

Task<Result<DatabaseFacts>> gather_inside(Session& inside, DatabaseFacts facts, InsideRequest request) {
  bool reads_control_files = true;
  for (;;) {
    std::string sql = statement_inside(inside.server_version(), request, reads_control_files);
    auto answer = co_await inside.script(std::move(sql));
    if (answer) co_return complete(std::move(facts), request, *answer);
    const std::string state = answer.error().sqlstate;
    // A control file of an extension that can't be parsed: all else can still be read.
    if (state == "42601" && reads_control_files && inside.usable())
      reads_control_files = false;
    // A setting of the database (ALTER DATABASE ... SET role) may make even a superuser's session another's.
    else if (state == "42501" && request.sizes_of_files && inside.usable())
      request.sizes_of_files = false;
    else
      co_return std::move(answer).error();
  }
}

}  // namespace pgconvoy

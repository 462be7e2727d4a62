#include "engine/facts/document.hpp"
#include "engine/facts/gather.hpp"

namespace pgconvoy {
namespace {

// A database takes as many connections as its limit promises it, or as it has, whichever is more. Sizes are read from
// the file system by the server: a second for a thousand databases.
constexpr const char* kRoom = R"sql(
select json_build_object(
  'sessions', coalesce(sum(greatest(case when d.datallowconn then d.datconnlimit else 0 end, coalesce(a.sessions, 0), 0)), 0)::bigint,
  'database_bytes', coalesce(sum(case when has_database_privilege(d.oid, 'connect') or pg_has_role('pg_read_all_stats', 'usage')
                                      then coalesce(pg_database_size(d.oid), 0) else 0 end), 0)::bigint,
  'settings', (select json_object_agg(name, setting) from pg_settings
                where name in ('superuser_reserved_connections', 'reserved_connections')))
  from pg_database d
  left join (select datid, count(*) as sessions from pg_stat_activity
              where coalesce(backend_type, 'client backend') = 'client backend'
                and coalesce(application_name, '') not like 'pgconvoy%' group by datid) as a on a.datid = d.oid
)sql";

}  // namespace

Task<Result<ServerFacts>> gather_room(Session& maintenance, ServerFacts facts) {
  std::string sql = kRoom;
  CO_TRY(Rows answer, co_await maintenance.query(std::move(sql), {}, Seconds(120)));
  CO_TRY(ServerFacts room, decode_document<ServerFacts>("room on server " + facts.server, answer));
  facts.sessions = room.sessions;
  facts.database_bytes = room.database_bytes;
  for (auto& [name, setting] : room.settings) facts.settings[name] = std::move(setting);
  co_return facts;
}

}  // namespace pgconvoy

#include "engine/facts/client_sessions.hpp"

namespace pgconvoy {

PGCONVOY_JSON_FIELDS(ClientSession, role, application_name, address, tls, count, hidden)

std::string client_sessions_sql(int) {
  return R"sql((
  select coalesce(json_agg(s), '[]') from (
    select a.usename::text as role, a.application_name, coalesce(host(a.client_addr), '') as address,
           coalesce(t.version, '') as tls, count(*) as count, a.backend_type is null as hidden
      from pg_stat_activity a left join pg_stat_ssl t on t.pid = a.pid
     where a.datname = current_database() and a.usename is not null and a.pid <> pg_backend_pid()
       and coalesce(a.backend_type, 'client backend') = 'client backend'
       and coalesce(a.application_name, '') not like 'pgconvoy%'
     group by 1, 2, 3, 4, 6 order by 5 desc, 1, 2, 3, 4 limit 100) s))sql";
}

}  // namespace pgconvoy

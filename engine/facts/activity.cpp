#include "engine/facts/activity.hpp"

#include <map>
#include <tuple>

namespace pgconvoy {

PGCONVOY_JSON_FIELDS(ClientFact, role, application, address, kind, sessions, superuser)
PGCONVOY_JSON_FIELDS(OpenTransactionFact, pid, role, application, address, state, seconds, exclusive_locks, locked)

std::string clients_sql(int) {
  return R"sql((
  select coalesce(json_agg(json_build_object('role', s.role, 'application', s.application, 'address', s.address, 'kind', s.kind,
                                             'sessions', s.sessions, 'superuser', s.superuser)), '[]')
    from (select coalesce(a.usename, '') as role, coalesce(a.application_name, '') as application,
                 coalesce(host(a.client_addr), case when a.client_port = -1 then 'local' end, '') as address,
                 coalesce(a.backend_type, 'client backend') as kind, count(*) as sessions,
                 coalesce(bool_or(a.usesysid in (select oid from pg_roles where rolsuper)), false) as superuser
            from pg_stat_activity a
           where a.datname = current_database() and a.pid <> pg_backend_pid()
             and coalesce(a.backend_type, 'client backend') in ('client backend', 'walsender')
             and coalesce(a.application_name, '') not like 'pgconvoy%'
           group by 1, 2, 3, 4 order by 5 desc, 1, 2, 3 limit 100) s))sql";
}

std::string open_transactions_sql(int) {
  return R"sql((
  select coalesce(json_agg(json_build_object('pid', s.pid, 'role', s.role, 'application', s.application, 'address', s.address,
                    'state', s.state, 'seconds', s.seconds, 'exclusive_locks', coalesce(s.locks, 0), 'locked', coalesce(s.locked, ''))
                  order by s.seconds desc), '[]')
    from (select a.pid, coalesce(a.usename, '') as role, coalesce(a.application_name, '') as application,
                 coalesce(host(a.client_addr), case when a.client_port = -1 then 'local' end, '') as address,
                 coalesce(a.state, '') as state, coalesce(extract(epoch from clock_timestamp() - a.xact_start), 0)::bigint as seconds,
                 l.locks, l.locked
            from pg_stat_activity a
            left join (select k.pid, count(*) as locks, min(format('%I.%I', n.nspname, c.relname)) as locked
                         from pg_locks k join pg_class c on c.oid = k.relation join pg_namespace n on n.oid = c.relnamespace
                        where k.granted and k.mode = 'AccessExclusiveLock' and c.relkind in ('r', 'p', 'm', 'v', 'S')
                          and k.database = (select oid from pg_database where datname = current_database())
                        group by k.pid) l on l.pid = a.pid
           where a.datname = current_database() and a.pid <> pg_backend_pid()
             and coalesce(a.backend_type, 'client backend') in ('client backend', 'walsender')
             and coalesce(a.application_name, '') not like 'pgconvoy%'
             and (a.xact_start < clock_timestamp() - interval '2 s' or (a.xact_start is null and l.locks > 0))
           order by a.xact_start limit 20) s))sql";
}

Task<Result<json>> read_observed_clients(const InquiryContext& context) {
  json found = json::array();
  const double seconds = context.arguments.value("observe", 0.0);
  if (seconds <= 0) co_return found;
  SessionOptions options;
  options.application_name = "pgconvoy/facts";
  options.statement_limit = Seconds(10);
  options.lock_limit = Seconds(2);
  options.settings = {{"default_transaction_read_only", "on"}};
  const std::string database = context.database().database;
  CO_TRY(SessionPtr session, co_await context.open_source(database, std::move(options)));
  std::map<std::tuple<std::string, std::string, std::string, std::string>, ClientFact> seen;
  const std::string sql = "select " + clients_sql(session->server_version());
  for (double waited = 0; waited <= seconds; waited += 1) {
    if (waited > 0) co_await sleep_for(Seconds(1));
    std::vector<Value> none;
    CO_TRY(const Rows answer, co_await session->query(sql, none));
    for (ClientFact& client : json::parse(answer.text(0, 0)).get<std::vector<ClientFact>>()) {
      ClientFact& known = seen[{client.role, client.application, client.address, client.kind}];
      client.sessions = std::max(client.sessions, known.sessions);
      known = std::move(client);
    }
  }
  for (const auto& [key, client] : seen) found.push_back(client);
  co_return found;
}

}  // namespace pgconvoy

#include "engine/facts/foreign_data.hpp"

#include <fmt/format.h>

#include "engine/facts/part.hpp"

namespace pgconvoy {

PGCONVOY_JSON_FIELDS(ForeignServerFact, name, wrapper, host, port, database, tables)
PGCONVOY_JSON_FIELDS(ForeignFileFact, table, file)
PGCONVOY_JSON_FIELDS(ForeignDataFact, servers, files)
PGCONVOY_JSON_FIELDS(ForeignLeadFact, name, server, database)
PGCONVOY_JSON_FIELDS(ForeignPlacesFact, leads, stale, missing_files, files_unknown_because)

std::string foreign_data_sql(int) {
  return R"sql((
  select json_build_object(
    'servers', coalesce((select json_agg(json_build_object('name', x.name, 'wrapper', x.wrapper, 'host', x.host, 'port', x.port,
                                                           'database', x.database, 'tables', x.tables)) from (
      select quote_ident(s.srvname) as name, w.fdwname as wrapper,
             coalesce((select o.option_value from pg_options_to_table(s.srvoptions) o where o.option_name in ('host', 'hostaddr', 'servername') limit 1), '') as host,
             coalesce((select o.option_value from pg_options_to_table(s.srvoptions) o where o.option_name = 'port'), '') as port,
             coalesce((select o.option_value from pg_options_to_table(s.srvoptions) o where o.option_name in ('dbname', 'database') limit 1), '') as database,
             (select count(*) from pg_foreign_table t where t.ftserver = s.oid) as tables
        from pg_foreign_server s join pg_foreign_data_wrapper w on w.oid = s.srvfdw
       order by 1 limit 100) x), '[]'),
    'files', coalesce((select json_agg(json_build_object('table', x.name, 'file', x.file)) from (
      select format('%I.%I', n.nspname, c.relname) as name, o.option_value as file
        from pg_foreign_table t join pg_class c on c.oid = t.ftrelid join pg_namespace n on n.oid = c.relnamespace
        join pg_foreign_server s on s.oid = t.ftserver join pg_foreign_data_wrapper w on w.oid = s.srvfdw,
             pg_options_to_table(t.ftoptions) o
       where w.fdwname = 'file_fdw' and o.option_name = 'filename' order by 1 limit 100) x), '[]'))))sql";
}

namespace {

bool is_own_host(const std::string& host) {
  return host.empty() || host == "localhost" || host.starts_with("127.") || host == "::1" || host.starts_with("/");
}

std::string with_default(const std::map<std::string, std::string>& keywords, const char* name, const char* fallback) {
  const auto held = keywords.find(name);
  return held == keywords.end() || held->second.empty() ? std::string(fallback) : held->second;
}

// Which of the fleet's servers it leads to that the run leaves: of the same service as the one that the database is on.
std::string left_server_of(const InquiryContext& context, const ForeignServerFact& foreign) {
  const std::string own_id = context.source().server, service = context.source().service;
  if (foreign.wrapper != "postgres_fdw" && foreign.wrapper != "dblink_fdw") return "";
  const std::string port = foreign.port.empty() ? "5432" : foreign.port;
  for (const auto& [id, server] : context.fleet.servers) {
    if (server.service != service) continue;
    const auto parsed = parse_connection(id, server.url);
    if (!parsed) continue;
    const std::string host = with_default(parsed->keywords, "host", ""), server_port = with_default(parsed->keywords, "port", "5432");
    const auto settings = context.source().settings.find("port");
    // Seen from the server itself: a socket or a loopback is the server's own, under the port that it listens on.
    const bool own = id == own_id && is_own_host(foreign.host) && settings != context.source().settings.end() && port == settings->second;
    if (own || (port == server_port && host == foreign.host && !is_own_host(host))) return id;
  }
  return "";
}

}  // namespace

Task<Result<json>> read_foreign_places(const InquiryContext& context) {
  ForeignPlacesFact fact;
  const auto data = part<ForeignDataFact>(context.database().parts, kForeignDataPart);
  if (!data) co_return json(fact);
  for (const ForeignServerFact& foreign : data->servers)
    if (const std::string left = left_server_of(context, foreign); !left.empty()) {
      fact.leads.push_back({foreign.name, left, foreign.database});
      fact.stale.push_back(fmt::format("server {}: {} of {}", foreign.name,
                                       foreign.database.empty() ? std::string("a database") : "database " + foreign.database, left));
    }
  if (data->files.empty()) co_return json(fact);
  SessionOptions options;
  options.application_name = "pgconvoy/facts";
  options.statement_limit = Seconds(10);
  options.lock_limit = Seconds(2);
  options.settings = {{"default_transaction_read_only", "on"}};
  const std::string maintenance;
  CO_TRY(SessionPtr session, co_await context.open_target(maintenance, std::move(options)));
  for (const ForeignFileFact& file : data->files) {
    std::vector<Value> parameters{file.file};
    const std::string sql = "select (pg_stat_file($1, true)).size is null";
    auto looked = co_await session->query(sql, std::move(parameters));
    if (!looked && !session->usable()) co_return looked.error();
    if (!looked) {
      fact.files_unknown_because = looked.error().message;
      break;
    }
    if (looked->truth(0, 0)) fact.missing_files.push_back(fmt::format("{}: {}", file.table, file.file));
  }
  co_return json(fact);
}

}  // namespace pgconvoy

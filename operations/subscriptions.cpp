#include "operations/subscriptions.hpp"

#include <fmt/format.h>

namespace pgconvoy {
namespace {

// Their functions may be the tenant's, and would run with our rights.
Task<Result<void>> silence_event_triggers(Session& inside) {
  CO_TRY(Rows rows, co_await inside.query("select quote_ident(evtname) from pg_event_trigger where evtenabled <> 'D'"));
  std::string sql;
  for (std::size_t i = 0; i < rows.size(); ++i) sql += fmt::format("alter event trigger {} disable;\n", rows.text(i, 0));
  if (sql.empty()) co_return Result<void>();
  auto done = co_await inside.script(std::move(sql));
  if (!done) co_return std::move(done).error();
  co_return Result<void>();
}

Task<Result<SessionPtr>> open_as_administrator(StepContext& context, std::string server, std::string database) {
  SessionOptions options = changing_options(context.application_name());
  co_return co_await context.open(std::move(server), std::move(database), std::move(options));
}

}  // namespace

SessionOptions changing_options(std::string application_name) {
  SessionOptions options;
  options.application_name = std::move(application_name);
  options.settings = {{"default_transaction_read_only", "off"}};
  return options;
}

OpenDatabase opener(StepContext& context, const std::string& server) {
  return [&context, server](std::string database) { return open_as_administrator(context, server, std::move(database)); };
}

Task<Result<void>> switch_subscriptions(Session& inside, std::vector<std::string> subscriptions, bool enable) {
  for (const std::string& name : subscriptions) {
    auto done = co_await inside.script(
        fmt::format("alter subscription {} {}", inside.quote_identifier(name), enable ? "enable" : "disable"));
    if (!done) co_return done.error();
  }
  for (int n = 0; !enable; ++n) {
    CO_TRY(Rows rows, co_await inside.query(
                          "select 1 from pg_stat_subscription s join pg_subscription p on p.oid = s.subid "
                          "join pg_database d on d.oid = p.subdbid where d.datname = current_database() and "
                          "not p.subenabled and s.pid is not null"));
    if (rows.empty()) break;
    if (n == 100)
      co_return Error(ErrorKind::timeout, "apply workers still run 10 s after their subscriptions were disabled",
                      "look at pg_stat_subscription there, then pgconvoy retry")
          .on(inside.server());
    co_await sleep_for(Seconds(0.1));
  }
  co_return Result<void>();
}

Task<Result<int>> drop_subscriptions(Session& maintenance, ExactDatabase which, OpenDatabase open) {
  std::vector<Value> parameters{std::to_string(which.oid), which.name, which.system_identifier};
  CO_TRY(Rows rows, co_await maintenance.query("select d.datname, d.datallowconn, s.subname from pg_control_system() c, pg_database d "
                                               "join pg_subscription s on s.subdbid = d.oid where d.oid = $1::oid and "
                                               "d.datname = $2 and c.system_identifier::text = $3 order by 3",
                                               parameters));
  if (rows.empty()) co_return 0;
  const std::string name = rows.text(0, 0);
  if (!rows.truth(0, 1)) {
    auto opened = co_await maintenance.script(
        fmt::format("alter database {} allow_connections true", maintenance.quote_identifier(name)));
    if (!opened) co_return std::move(opened).error();
  }
  CO_TRY(SessionPtr inside, co_await open(name));
  CO_TRY_VOID(co_await silence_event_triggers(*inside));
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const std::string subscription = inside->quote_identifier(rows.text(i, 2));
    // Without a slot there is nothing that DROP would tell the publisher.
    std::string sql = fmt::format("alter subscription {0} disable;\nalter subscription {0} set (slot_name = none);\n"
                                  "drop subscription {0};\n",
                                  subscription);
    auto dropped = co_await inside->script(std::move(sql));
    if (!dropped)
      co_return std::move(dropped).error().within(fmt::format("subscription {} keeps database \"{}\" from being dropped", subscription, name))
          .on(maintenance.server());
  }
  inside->close();
  co_return static_cast<int>(rows.size());
}

}  // namespace pgconvoy

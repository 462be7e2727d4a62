#include "operations/subscriptions.hpp"

#include <fmt/format.h>

namespace pgconvoy {

Task<Result<void>> forget_subscriptions(SessionFactory& sessions, ConnectionSpec inside, Session& maintenance, ForgetOrder order) {
  std::vector<Value> parameters{std::to_string(order.oid), order.name};
  CO_TRY(Rows rows, co_await maintenance.query("select s.subname, d.datallowconn from pg_subscription s join pg_database d on d.oid = s.subdbid "
                                               "where d.oid = $1::oid and d.datname = $2 order by 1",
                                               parameters));
  if (rows.empty()) co_return Result<void>();
  if (!rows.truth(0, 1)) {
    auto opened = co_await maintenance.script(fmt::format("alter database {} allow_connections true", maintenance.quote_identifier(order.name)));
    if (!opened) co_return opened.error();
  }
  SessionOptions options;
  options.application_name = order.application_name;
  options.settings = {{"session_replication_role", "replica"}};  // no event trigger of the database stands in the way
  auto session = co_await sessions.open(std::move(inside), std::move(options));
  if (!session) co_return std::move(session).error().within(fmt::format("the subscriptions in \"{}\" can't be dropped", order.name));
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const std::string name = maintenance.quote_identifier(rows.text(i, 0));
    for (const char* statement : {"alter subscription {} disable", "alter subscription {} set (slot_name = none)", "drop subscription {}"}) {
      auto done = co_await (*session)->script(fmt::format(fmt::runtime(statement), name));
      if (!done) co_return done.error();
    }
  }
  (*session)->close();
  co_return Result<void>();
}

}  // namespace pgconvoy

#include "cli/journal_apart.hpp"

#include <fmt/format.h>

#include <set>

#include "cli/output.hpp"
#include "engine/journal/postgres_address.hpp"
#include "engine/journal/postgres_journal.hpp"

namespace pgconvoy::cli {
namespace {

// "": it may not be asked.
Task<Result<std::string>> system_of(Services services, Server server) {
  CO_TRY(ConnectionSpec connection, co_await services.credentials.administrator(server));
  SessionOptions options;
  options.application_name = "pgconvoy/plan";
  CO_TRY(SessionPtr session, co_await services.sessions.open(std::move(connection), std::move(options)));
  std::vector<Value> none;
  auto rows = co_await session->query("select system_identifier::text from pg_control_system()", std::move(none));
  session->close();
  if (!rows) co_return rows.error();
  co_return rows->text(0, 0);
}

}  // namespace

Result<void> check_journal_is_apart(Application& application, const GlobalOptions& globals, const Plan& plan) {
  if (!is_postgres_journal(globals.journal_uri())) return {};
  TRY(const std::string ours, system_of_journal(globals.journal_uri()));
  std::set<std::string> servers;
  for (const PlannedTarget& planned : plan.targets)
    for (const auto& [instance, placement] : planned.placements) {
      servers.insert(placement.source_server);
      servers.insert(placement.target_server);
    }
  for (const std::string& id : servers) {
    auto theirs = application.wait(system_of(application.services(), plan.fleet.servers.at(id)));
    if (ours.empty() || !theirs)
      write_error(fmt::format("warning: it can't be told whether the journal is on server {}: {}\n", id,
                              theirs ? "its role may not call pg_control_system()" : theirs.error().message));
    else if (*theirs == ours)
      return Error(ErrorKind::refused,
                   fmt::format("the journal is on server {}, which is in the run: what happens to that server would happen to the journal", id),
                   "give a journal on another server with --journal or PGCONVOY_JOURNAL");
  }
  return {};
}

}  // namespace pgconvoy::cli

// The survey's inquiries: each with its way to the servers, in sessions that they take turns in.
#include <algorithm>

#include "engine/facts/inquiry.hpp"
#include "engine/postgres/session_loans.hpp"
#include "engine/run/survey.hpp"
#include "engine/run/try_logins.hpp"

namespace pgconvoy {
namespace {

bool is_read_only(const SessionOptions& options) {
  const std::pair<std::string, std::string> wanted{"default_transaction_read_only", "on"};
  return std::find(options.settings.begin(), options.settings.end(), wanted) != options.settings.end();
}

}  // namespace

// An inquiry that fails leaves the reason where its facts would be.
Task<Result<void>> Survey::inquire(SessionLoans& loans, TargetFacts& facts, Target target, std::string id) {
  const DatabaseFacts& database = facts.databases.at(id);
  if (!database.exists || !database.unreachable_because.empty()) co_return Result<void>();
  const std::string source = facts.source_server.at(id), there = facts.target_server.at(id);
  InquiryContext context{request_.fleet, target, request_.fleet.instances.at(id), facts, {}, services_.pool, services_.processes,
                       {}, {}, {}, {}, {}, {}};
  const auto connection = [this](std::string server, std::string database) -> Task<Result<ConnectionSpec>> {
    CO_TRY(ConnectionSpec administrator, co_await services_.credentials.administrator(request_.fleet.servers.at(server)));
    if (!database.empty()) administrator = administrator.with_database(database);
    co_return administrator;
  };
  // Who may write, or says otherwise how the session is to be, gets one of its own.
  const auto open_with = [this, &loans](ConnectionSpec with, SessionOptions options) -> Task<Result<SessionPtr>> {
    if (is_read_only(options)) co_return co_await loans.open(with, options);
    co_return co_await services_.sessions.open(with, options);
  };
  const auto open_there = [&open_with, &connection](std::string server, std::string database, SessionOptions options) -> Task<Result<SessionPtr>> {
    CO_TRY(ConnectionSpec administrator, co_await connection(server, database));
    co_return co_await open_with(administrator, options);
  };
  context.source_connection = [&connection, source](std::string database) { return connection(source, database); };
  context.target_connection = [&connection, there](std::string database) { return connection(there, database); };
  context.open_source = [&open_there, source](std::string database, SessionOptions options) { return open_there(source, database, options); };
  context.open_target = [&open_there, there](std::string database, SessionOptions options) { return open_there(there, database, options); };
  context.open_with = open_with;
  context.logins = [this, target, id]() -> Task<std::vector<KnownLogin>> {
    std::vector<KnownLogin> known = co_await known_logins(services_, request_.fleet, target);
    std::erase_if(known, [&id](const KnownLogin& login) { return login.instance != id; });
    co_return known;
  };
  for (const Inquiry& inquiry : database_inquiries()) {
    const auto wanted = request_.needs.find(inquiry.name);
    if (wanted == request_.needs.end()) continue;
    context.arguments = wanted->second;
    auto found = co_await inquiry.read(context);
    if (!found && found.error().kind == ErrorKind::cancelled) co_return found.error();
    json document = found ? *std::move(found) : json{{"unreadable_because", describe(found.error())}};
    facts.databases.at(id).parts[inquiry.name] = std::move(document);
  }
  co_return Result<void>();
}

}  // namespace pgconvoy

// The survey's inquiries: each with its way to the servers, in sessions that they take turns in.
#include <boost/asio/experimental/awaitable_operators.hpp>

#include <algorithm>
#include <map>

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

// An inquiry that fails leaves the reason where its facts would be; only cancelled ends the survey.
Task<Result<void>> answer_inquiry(Inquiry inquiry, InquiryContext context, json arguments, std::map<std::string, json>& found) {
  context.arguments = std::move(arguments);
  auto document = co_await inquiry.read(context);
  if (!document && document.error().kind == ErrorKind::cancelled) co_return document.error();
  found[inquiry.name] = document ? *std::move(document) : json{{"unreadable_because", describe(document.error())}};
  co_return Result<void>();
}

// What it needs is read before and written down afterwards: while they run, none of them sees another's.
Task<Result<void>> answer_inquiries(std::vector<const Inquiry*> inquiries, const InquiryContext& context,
                                   const std::map<std::string, json>& needs, std::map<std::string, json>& found) {
  using namespace asio::experimental::awaitable_operators;
  if (inquiries.empty()) co_return Result<void>();
  const Inquiry& last = *inquiries.back();
  inquiries.pop_back();
  auto one = answer_inquiry(last, context, needs.at(last.name), found);
  auto others = answer_inquiries(std::move(inquiries), context, needs, found);
  auto [left, right] = co_await (std::move(one) && std::move(others));
  co_return left ? right : left;
}

}  // namespace

Task<Result<void>> Survey::inquire(SessionLoans& loans, TargetFacts& facts, Target target, std::string id) {
  const DatabaseFacts& database = facts.databases.at(id);
  if (!database.exists || !database.unreachable_because.empty()) co_return Result<void>();
  const std::string source = facts.source_server.at(id), there = facts.target_server.at(id);
  InquiryContext context{request_.fleet, target, request_.fleet.instances.at(id), facts, {}, services_.pool, services_.processes,
                       {}, {}, {}, {}, {}, {}};
  context.learnt = &learnt_;
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
  std::map<std::string, json> found;
  std::vector<const Inquiry*> of_rows;
  for (const Inquiry& inquiry : database_inquiries()) {
    if (!request_.needs.contains(inquiry.name)) continue;
    if (inquiry.reads_rows && context.has_much_to_read()) {
      of_rows.push_back(&inquiry);
      continue;
    }
    CO_TRY_VOID(co_await answer_inquiry(inquiry, context, request_.needs.at(inquiry.name), found));
    facts.databases.at(id).parts[inquiry.name] = found.at(inquiry.name);
  }
  CO_TRY_VOID(co_await answer_inquiries(std::move(of_rows), context, request_.needs, found));
  for (auto& [part, document] : found) facts.databases.at(id).parts[part] = std::move(document);
  co_return Result<void>();
}

}  // namespace pgconvoy

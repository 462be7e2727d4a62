#include "engine/facts/inquiry.hpp"

#include <fmt/format.h>

#include <set>

namespace pgconvoy {
namespace {

// Roles that `role` is a member of, itself included, however far.
std::set<std::string> roles_held(const ServerFacts& server, const std::string& role) {
  std::set<std::string> held;
  std::vector<std::string> left{role};
  while (!left.empty()) {
    const std::string next = std::move(left.back());
    left.pop_back();
    if (!held.insert(next).second) continue;
    const auto found = server.roles.find(next);
    if (found == server.roles.end()) continue;
    left.insert(left.end(), found->second.member_of.begin(), found->second.member_of.end());
  }
  return held;
}

}  // namespace

Task<Result<SessionPtr>> open_as_tenant(const InquiryContext& context, SessionOptions options) {
  const ServerFacts& server = context.source();
  const std::string owner = context.database().owner;
  std::string tried;
  std::vector<KnownLogin> logins = co_await context.logins();
  for (KnownLogin& login : logins) {
    const auto role = server.roles.find(login.role);
    if (role == server.roles.end() || role->second.superuser || !roles_held(server, login.role).contains(owner)) continue;
    CO_TRY(ConnectionSpec administrator, co_await context.source_connection(context.database().database));
    ConnectionSpec tenant = administrator.with_user(login.role, login.password);
    if (!login.passfile.empty()) tenant.keywords["passfile"] = login.passfile;
    SessionOptions wanted = options;
    auto session = co_await context.open_with(std::move(tenant), std::move(wanted));
    if (session) co_return session;
    tried += fmt::format("{}{}: {}", tried.empty() ? "" : "; ", login.role, session.error().message);
  }
  if (tried.empty())
    tried = fmt::format("nobody who may act for the owner \"{}\" is a login that a binding or the fleet knows", owner);
  co_return Error(ErrorKind::refused, "no login as the owner: " + tried,
                  "give the binding's variables, or the instance's role and password in the fleet file");
}

}  // namespace pgconvoy

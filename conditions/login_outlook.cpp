#include "conditions/login_outlook.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

namespace pgconvoy {
namespace {

using Asks = LoginOutlook::Asks;

std::vector<std::string> groups_of(const ServerFacts& server, const std::string& role) {
  std::vector<std::string> groups, left{role};
  while (!left.empty()) {
    const auto found = server.roles.find(left.back());
    left.pop_back();
    if (found == server.roles.end()) continue;
    for (const std::string& group : found->second.member_of)
      if (std::find(groups.begin(), groups.end(), group) == groups.end()) {
        groups.push_back(group);
        left.push_back(group);
      }
  }
  return groups;
}

std::vector<ClientSession> sessions_of(const Move& move, const std::string& role) {
  std::vector<ClientSession> found;
  for (const ClientSession& session : part<std::vector<ClientSession>>(move.database.parts, kClientSessionsPart).value_or(std::vector<ClientSession>{}))
    if (session.role == role) found.push_back(session);
  return found;
}

// How pg_hba.conf of the target lets the role in, from here and from where it is logged in now. Empty: not known.
std::set<std::string> methods_there(const Move& move, const AskedLogin& login, const std::string& database) {
  std::set<std::string> methods;
  const auto rules = part<AccessRules>(move.target.parts, kAccessRulesPart);
  if (!rules || rules->errors > 0) return methods;
  AccessRequest request{database, login.role, groups_of(move.source, login.role), rules->client, login.target.answer.tls};
  std::set<std::string> addresses{rules->client};
  for (const ClientSession& session : sessions_of(move, login.role))
    if (!session.hidden && !session.address.empty()) addresses.insert(session.address);
  for (const std::string& address : addresses) {
    request.address = address;
    const auto found = methods_for(*rules, request);
    if (found.empty() && address == rules->client) return {"reject"};
    methods.insert(found.begin(), found.end());
  }
  return methods;
}

// Sessions of people and of programs that stand between say nothing about the application.
bool is_a_tool(const std::string& name) {
  static const std::vector<std::string> kTools{"psql", "pg_", "pgAdmin", "DBeaver", "DataGrip", "Navicat", "TablePlus", "pgbench", "vacuumdb",
                                               "reindexdb", "clusterdb", "postgres_fdw", "dblink", "pgbouncer", "PgBouncer", "odyssey", "pgcat",
                                               "pgpool", "barman", "walreceiver"};
  return std::any_of(kTools.begin(), kTools.end(), [&name](const std::string& tool) { return name.starts_with(tool); });
}

std::string shown_client(const ImageClient& client) {
  return client.version.empty() ? client.kind : client.kind + " " + client.version;
}

}  // namespace

LoginOutlook outlook_of(const Move& move, const AskedLogin& login, AuthenticationPolicy policy, bool clear_text_known) {
  LoginOutlook outlook;
  const RoleFact& role = move.source.roles.at(login.role);
  const auto there = move.target.roles.find(login.role);
  const bool exists = there != move.target.roles.end();
  const NewVerifier verifier = new_verifier(policy, role, clear_text_known);
  const AuthAnswer& answer = login.target.answer;
  outlook.md5 = !exists && is_md5(verifier);
  outlook.as_before = login.source.not_asked_because.empty() && login.source.answer.asks == "scram-sha-256";
  if (!login.target.not_asked_because.empty()) {
    outlook.evidence = fmt::format("{} was not asked: {}", move.target.server, login.target.not_asked_because);
    return outlook;
  }
  const std::set<std::string> methods = methods_there(move, login, move.database.database);
  // The login before the pause goes to the database while it still has a temporary name.
  const bool refused_at_first = methods_there(move, login, "pgconvoy_not_yet_named") == std::set<std::string>{"reject"};
  outlook.evidence = fmt::format("{} asks for {}; on {} its verifier is {}, on {} {}", move.target.server,
                                 answer.asks == "nothing" ? "no password" : answer.asks, move.source.server, role.verifier, move.target.server,
                                 exists ? "it is there with " + there->second.verifier : outlook.md5 ? std::string("it will be md5") : std::string("it will be scram-sha-256"));
  if (answer.asks == "refused" && answer.sqlstate == "28000") {
    outlook.asks = Asks::refused;
    outlook.evidence = fmt::format("{} says to a login as it: {}", move.target.server, answer.refused_because);
  } else if (answer.asks == "refused") {
    outlook.evidence = fmt::format("{} could not be asked: {}", move.target.server, answer.refused_because);
  } else if (refused_at_first) {
    outlook.asks = Asks::refused;
    outlook.evidence = fmt::format("pg_hba.conf of {} has no line that lets it into a database under another name than {}", move.target.server,
                                   as_identifier(move.database.database));
  } else if (answer.asks != "md5" && answer.asks != "scram-sha-256") {
    outlook.asks = Asks::no_scram;
    outlook.md5 = false;
  } else {
    outlook.md5_possible = answer.asks == "md5" || methods == std::set<std::string>{"md5"};
    if (exists)
      outlook.asks = answer.asks == "md5" ? Asks::no_scram : Asks::scram;
    else if (!outlook.md5)
      outlook.asks = Asks::scram;
    else if (outlook.md5_possible)
      outlook.asks = Asks::no_scram;
    else
      outlook.asks = methods.empty() ? Asks::perhaps_in_vain : Asks::in_vain;
    if (!methods.empty()) outlook.evidence += fmt::format("; its pg_hba.conf says {}", fmt::join(methods, " or "));
  }
  return outlook;
}

ClientOutlook client_of(const Move& move, const std::string& environment, const std::string& role, bool behind_pooler) {
  ClientOutlook client;
  if (behind_pooler) {
    client.scram = ClientOutlook::Scram::yes;  // of the pooler: the same one logs in to both servers
    client.evidence = "a pooler logs in for it";
    return client;
  }
  const auto images = part<std::vector<ImageClients>>(move.database.parts, kImageClientsPart).value_or(std::vector<ImageClients>{});
  const auto image = std::find_if(images.begin(), images.end(), [&](const ImageClients& each) { return each.environment == environment; });
  client.evidence = environment.empty() ? "the fleet file names no environment that uses it" : "the fleet file names no image of it";
  if (image != images.end() && !image->unreadable_because.empty())
    client.evidence = fmt::format("image {} was not read: {}", shown_name(image->image), image->unreadable_because);
  else if (image != images.end() && !image->image.empty()) {
    std::vector<std::string> cannot, unsure, can;
    for (const ImageClient& each : image->clients) {
      auto& list = each.scram == "no" ? cannot : each.scram == "yes" ? can : unsure;
      list.push_back(fmt::format("{} ({}{})", shown_client(each), shown_name(each.path), each.because.empty() ? "" : ": " + each.because));
      if (each.scram == "no" && client.cause.empty()) client.cause = shown_client(each) + " can't speak scram-sha-256";
    }
    client.scram = !cannot.empty() ? ClientOutlook::Scram::no : unsure.empty() && !can.empty() ? ClientOutlook::Scram::yes : ClientOutlook::Scram::unknown;
    client.old = client.scram == ClientOutlook::Scram::unknown && !unsure.empty();
    const auto& shown = !cannot.empty() ? cannot : !unsure.empty() ? unsure : can;
    client.evidence = shown.empty() ? fmt::format("no client was found in image {}", shown_name(image->image))
                                    : fmt::format("image {} holds {}", shown_name(image->image), shortened(shown, 3));
  }
  if (client.scram != ClientOutlook::Scram::unknown) return client;
  for (const ClientSession& session : sessions_of(move, role))
    if (!is_a_tool(session.application_name) && (session.tls == "TLSv1" || session.tls == "TLSv1.1")) {
      client.old = true;
      client.evidence += fmt::format("; a session from {} uses {}", session.address.empty() ? "somewhere" : session.address, session.tls);
    }
  return client;
}

bool seen_logged_in(const Move& move, const std::string& role) {
  const auto sessions = sessions_of(move, role);
  return std::any_of(sessions.begin(), sessions.end(), [](const ClientSession& session) {
    return !session.hidden && !is_a_tool(session.application_name);
  });
}

}  // namespace pgconvoy

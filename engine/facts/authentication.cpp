#include "engine/facts/authentication.hpp"

#include <fmt/format.h>

#include <set>

#include "engine/facts/access_rules.hpp"
#include "engine/facts/part.hpp"

namespace pgconvoy {

PGCONVOY_JSON_FIELDS(AskedServer, answer, not_asked_because)
PGCONVOY_JSON_FIELDS(AskedLogin, role, source, target, by_passfile)

namespace {

Task<AskedServer> ask(Result<ConnectionSpec> place, std::string role, std::string database) {
  AskedServer asked;
  if (!place) {
    asked.not_asked_because = place.error().message;
    co_return asked;
  }
  AuthQuestion question;
  question.place = *std::move(place);
  question.role = std::move(role);
  question.database = std::move(database);
  auto answer = co_await ask_for_authentication(std::move(question));
  if (answer)
    asked.answer = *std::move(answer);
  else
    asked.not_asked_because = answer.error().message;
  co_return asked;
}

std::string verifier_of(const ServerFacts& server, const std::string& role) {
  const auto known = server.roles.find(role);
  return known == server.roles.end() ? "none" : known->second.verifier;
}

// What a server looks at in a role when it chooses how to ask: that there is one, and the kind of its verifier. "": that isn't known, or
// is another tomorrow (whose password has expired is asked like one who has none).
std::string kind_of(const ServerFacts& server, const std::string& role) {
  const auto known = server.roles.find(role);
  if (known == server.roles.end()) return "absent";
  const RoleFact& fact = known->second;
  const bool expires = !fact.valid_until.empty() && fact.valid_until != "infinity";
  return expires || fact.verifier == "unreadable" ? "" : fact.verifier;
}

Task<AskedServer> ask_once(const InquiryContext& context, std::string key, Result<ConnectionSpec> place, std::string role) {
  if (context.learnt != nullptr && !key.empty())
    if (const auto known = context.learnt->find(key); known != context.learnt->end()) co_return known->second.get<AskedServer>();
  AskedServer asked = co_await ask(std::move(place), std::move(role), context.instance.database);
  // A refusal may have been this moment's, or this one's.
  const bool holds = asked.not_asked_because.empty() && asked.answer.asks != "refused";
  if (holds && context.learnt != nullptr && !key.empty()) (*context.learnt)[key] = asked;
  co_return asked;
}

}  // namespace

std::string shared_answer_key(const ServerFacts& server, const std::string& role) {
  const auto rules = part<AccessRules>(server.parts, kAccessRulesPart);
  const std::string kind = kind_of(server, role);
  return rules && asks_all_alike(*rules) && !kind.empty() ? fmt::format("{}:{}:{}", kAuthenticationPart, server.server, kind) : "";
}

Task<Result<json>> read_authentication(const InquiryContext& context) {
  std::set<std::string> roles{context.instance.role};
  for (const BindingFact& binding : context.facts.bindings)
    if (binding.instance == context.instance.id) roles.insert(binding.role);
  roles.erase("");
  const std::string database = context.instance.database;
  std::vector<AskedLogin> asked;
  for (const std::string& role : roles) {
    AskedLogin login;
    login.role = role;
    login.by_passfile = role == context.instance.role && !context.instance.password.passfile.empty();
    const std::string verifier = verifier_of(context.source(), role);
    if (verifier == "scram-sha-256" || verifier == "unreadable") {
      auto source = co_await context.source_connection(database);
      login.source = co_await ask_once(context, shared_answer_key(context.source(), role), std::move(source), role);
    } else {
      login.source.not_asked_because = "its verifier there is " + verifier;
    }
    if (context.target_server().reachable) {
      auto target = co_await context.target_connection(database);
      std::string key = shared_answer_key(context.target_server(), role);
      login.target = co_await ask_once(context, std::move(key), std::move(target), role);
    } else {
      login.target.not_asked_because = context.target_server().unreachable_because;
    }
    asked.push_back(std::move(login));
  }
  co_return json(asked);
}

}  // namespace pgconvoy

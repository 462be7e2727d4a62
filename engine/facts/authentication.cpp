#include "engine/facts/authentication.hpp"

#include <set>

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

}  // namespace

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
    const auto known = context.source().roles.find(role);
    const std::string verifier = known == context.source().roles.end() ? "none" : known->second.verifier;
    if (verifier == "scram-sha-256" || verifier == "unreadable") {
      auto source = co_await context.source_connection(database);
      login.source = co_await ask(std::move(source), role, database);
    } else {
      login.source.not_asked_because = "its verifier there is " + verifier;
    }
    if (context.target_server().reachable) {
      auto target = co_await context.target_connection(database);
      login.target = co_await ask(std::move(target), role, database);
    } else {
      login.target.not_asked_because = context.target_server().unreachable_because;
    }
    asked.push_back(std::move(login));
  }
  co_return json(asked);
}

}  // namespace pgconvoy

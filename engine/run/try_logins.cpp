#include "engine/run/try_logins.hpp"

#include <set>

namespace pgconvoy {

Task<std::vector<KnownLogin>> known_logins(Services services, const Fleet& fleet, Target target) {
  std::vector<KnownLogin> found;
  for (const std::string& id : target.environments) {
    const Environment& environment = fleet.environments.at(id);
    for (const Binding& binding : environment.bindings) {
      Environment environment_copy = environment;
      Binding binding_copy = binding;
      auto held = co_await services.controllers.of(environment).read_binding(std::move(environment_copy), std::move(binding_copy));
      if (held && !held->password.empty()) found.push_back({binding.instance, held->keywords["user"], held->password, {}});
    }
  }
  for (const std::string& id : target.instances) {
    const Instance& instance = fleet.instances.at(id);
    PasswordSource where = instance.password;
    if (where == PasswordSource{}) continue;
    KnownLogin login{id, instance.role, {}, where.passfile};
    if (login.passfile.empty()) {
      auto secret = co_await services.credentials.password(std::move(where));
      if (!secret || secret->empty()) continue;
      login.password = *std::move(secret);
    }
    found.push_back(std::move(login));
  }
  co_return found;
}

namespace {

// "": it was let in, or can't be judged.
Task<std::string> refusal_of(Services services, Server server, KnownLogin login) {
  auto administrator = co_await services.credentials.administrator(std::move(server));
  if (!administrator) co_return std::string();
  ConnectionSpec attempt = administrator->with_user(login.role, login.password);
  if (!login.passfile.empty()) attempt.keywords["passfile"] = login.passfile;
  SessionOptions options;
  options.application_name = "pgconvoy/facts";
  auto session = co_await services.sessions.open(std::move(attempt), std::move(options));
  if (session) {
    (*session)->close();
    co_return std::string();
  }
  // Class 28: invalid authorization. pg_hba.conf that lacks the database is not the password's fault.
  if (session.error().sqlstate != "28P01") co_return std::string();
  co_return session.error().message;
}

}  // namespace

Task<std::map<std::string, std::string>> try_logins(Services services, const Fleet& fleet, Target target, TargetFacts facts) {
  std::map<std::string, std::string> refused;
  std::set<std::string> tried;
  std::vector<KnownLogin> logins = co_await known_logins(services, fleet, target);
  for (KnownLogin& login : logins) {
    const auto place = facts.target_server.find(login.instance);
    if (place == facts.target_server.end()) continue;
    const ServerFacts& server = facts.servers.at(place->second);
    const auto role = server.roles.find(login.role);
    if (!server.reachable || role == server.roles.end() || !role->second.login) continue;
    const std::string key = login.instance + "/" + login.role;
    if (!tried.insert(key).second) continue;
    Server copy = fleet.servers.at(place->second);
    std::string reason = co_await refusal_of(services, std::move(copy), std::move(login));
    if (!reason.empty()) refused[key] = std::move(reason);
  }
  co_return refused;
}

}  // namespace pgconvoy

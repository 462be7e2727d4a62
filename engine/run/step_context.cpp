#include "engine/run/step_context.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "engine/journal/step_path.hpp"

namespace pgconvoy {
namespace {

// A platform knows addresses, not the fleet's ids: which of the instance's two servers the connection leads to.
std::string server_behind(const ConnectionSpec& connection, const Server& source, const Server* target) {
  if (target)
    if (auto parsed = parse_connection(target->id, target->url); parsed && parsed->address() == connection.address())
      return target->id;
  return source.id;
}

}  // namespace

const Instance& StepContext::instance() const { return fleet().instances.at(step.subject); }

const Environment& StepContext::environment() const { return fleet().environments.at(step.subject); }

std::vector<std::pair<const Environment*, const Binding*>> StepContext::bindings_of(const std::string& instance) const {
  std::vector<std::pair<const Environment*, const Binding*>> result;
  for (const std::string& id : work.planned.target.environments) {
    const Environment& environment = fleet().environments.at(id);
    for (const Binding& binding : environment.bindings)
      if (binding.instance == instance) result.emplace_back(&environment, &binding);
  }
  return result;
}

std::vector<std::pair<const Pooler*, std::string>> StepContext::poolers_of(const std::string& instance) const {
  std::set<std::pair<std::string, std::string>> seen;
  std::vector<std::pair<const Pooler*, std::string>> result;
  for (const auto& [environment, binding] : bindings_of(instance))
    for (const auto& [pooler, alias] : binding->poolers)
      if (seen.emplace(pooler, alias).second) result.emplace_back(&fleet().poolers.at(pooler), alias);
  return result;
}

const Server& StepContext::source_server(const std::string& instance) const {
  const auto placed = work.planned.placements.find(instance);
  return fleet().servers.at(placed != work.planned.placements.end() ? placed->second.source_server
                                                                    : fleet().instances.at(instance).server);
}

const Server& StepContext::target_server(const std::string& instance) const {
  return fleet().servers.at(work.planned.placements.at(instance).target_server);
}

const DatabaseFacts& StepContext::database_facts(const std::string& instance) const {
  return work.facts.databases.at(instance);
}

std::string StepContext::application_name() const {
  return fmt::format("pgconvoy/{}-r{}/t{}/e{}", work.journal_token, work.run, work.planned.number, work.record.epoch);
}

CallIdentity StepContext::identity() const {
  CallIdentity who;
  who.run = fmt::format("{}-r{}", work.journal_token, work.run);
  who.target = work.planned.number;
  who.step = step.path;
  who.epoch = work.record.epoch;
  return who;
}

std::string StepContext::created_database_name(const std::string& instance) const {
  const auto& instances = work.planned.target.instances;
  const auto index = std::find(instances.begin(), instances.end(), instance) - instances.begin() + 1;
  return fmt::format("pgconvoy_{}_r{}_t{}_i{}_e{}", work.journal_token, work.run, work.planned.number, index,
                     work.record.epoch);
}

std::string StepContext::fenced_database_name(const std::string& instance) const {
  return created_database_name(instance) + "_old";
}

Task<Result<Session*>> StepContext::maintenance(std::string server_id) {
  if (const auto known = work.maintenance.find(server_id);
      known != work.maintenance.end() && known->second && known->second->usable())
    co_return known->second.get();
  const auto server = fleet().servers.find(server_id);
  if (server == fleet().servers.end())
    co_return Error(ErrorKind::not_found, fmt::format("server {} is not in the fleet", server_id));
  Server copy = server->second;
  CO_TRY(ConnectionSpec connection, co_await services.credentials.administrator(std::move(copy)));
  SessionOptions options;
  options.application_name = application_name();
  // Advisory locks belong to a database: all who may meet on a server take them in the same one, whatever their URL names.
  ConnectionSpec common = connection.with_database("postgres");
  auto opening = co_await services.sessions.open(std::move(common), options);
  if (!opening && opening.error().sqlstate == "3D000") {
    ConnectionSpec always_there = connection.with_database("template1");
    opening = co_await services.sessions.open(std::move(always_there), std::move(options));
  }
  if (!opening) co_return std::move(opening).error();
  SessionPtr opened = *std::move(opening);
  SessionPtr& kept = work.maintenance[server_id];
  kept = std::move(opened);
  co_return kept.get();
}

Task<Result<ConnectionSpec>> StepContext::administrator(std::string server_id, std::string database) {
  const auto server = fleet().servers.find(server_id);
  if (server == fleet().servers.end())
    co_return Error(ErrorKind::not_found, fmt::format("server {} is not in the fleet", server_id));
  Server copy = server->second;
  CO_TRY(ConnectionSpec connection, co_await services.credentials.administrator(std::move(copy)));
  co_return connection.with_database(database);
}

Task<Result<SessionPtr>> StepContext::open(std::string server_id, std::string database, SessionOptions options) {
  CO_TRY(ConnectionSpec connection, co_await administrator(std::move(server_id), std::move(database)));
  if (options.application_name == SessionOptions{}.application_name) options.application_name = application_name();
  co_return co_await services.sessions.open(std::move(connection), std::move(options));
}

Task<Result<std::vector<ConnectionSpec>>> StepContext::app_connections(std::string instance) {
  const Server& source = source_server(instance);
  const auto placed = work.planned.placements.find(instance);
  const Server* target = placed == work.planned.placements.end() ? nullptr : &target_server(instance);
  std::vector<ConnectionSpec> found;
  std::set<std::string> logins;
  std::optional<Error> failure;
  for (const auto& [environment, binding] : bindings_of(instance)) {
    Environment environment_copy = *environment;
    Binding binding_copy = *binding;
    auto read = co_await controller(*environment).read_binding(std::move(environment_copy), std::move(binding_copy));
    if (!read) {
      if (read.error().kind != ErrorKind::not_found && !failure) failure = read.error();
      continue;
    }
    if (read->password.empty() || !logins.insert(read->keywords["user"]).second) continue;
    if (read->server.empty()) read->server = server_behind(*read, source, target);
    found.push_back(*std::move(read));
  }

  const Instance& held = fleet().instances.at(instance);
  PasswordSource where = held.password;
  const std::string passfile = where.passfile;
  if (passfile.empty() && where == PasswordSource{}) {
    // A binding that can't be read may still hold the password: that isn't "nobody knows it".
    if (found.empty() && failure) co_return *std::move(failure);
    co_return found;
  }
  if (logins.contains(held.role)) co_return found;
  Secret password;
  if (passfile.empty()) {
    CO_TRY(password, co_await services.credentials.password(std::move(where)));
  }
  CO_TRY(ConnectionSpec server, parse_connection(source.id, source.url));
  ConnectionSpec own = server.with_database(held.database).with_user(held.role, std::move(password));
  if (!passfile.empty()) own.keywords["passfile"] = passfile;
  found.push_back(std::move(own));
  co_return found;
}

json StepContext::intent_of(const std::string& operation, const std::string& subject) const {
  const StepRecord* record = find_step(operation, subject);
  return record ? record->intent : json();
}

json StepContext::outcome_of(const std::string& operation, const std::string& subject) const {
  const StepRecord* record = find_step(operation, subject);
  return record ? record->outcome : json();
}

const StepRecord* StepContext::find_step(const std::string& operation, const std::string& subject) const {
  const StepRecord* latest = nullptr;
  for (const auto& [path, record] : work.record.steps) {
    if (operation_of(path) != operation || subject_of(path) != subject) continue;
    if (record.status == StepStatus::none || record.status == StepStatus::undone) continue;
    if (!latest || record.first_started > latest->first_started) latest = &record;
  }
  return latest;
}

}  // namespace pgconvoy

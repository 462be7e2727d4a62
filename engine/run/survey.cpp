#include "engine/run/survey.hpp"

#include <fmt/format.h>

#include <set>

#include "engine/facts/gather.hpp"
#include "engine/facts/needed_roles.hpp"
#include "engine/platform/places.hpp"
#include "engine/run/try_logins.hpp"

namespace pgconvoy {
namespace {

// "postgresql-database-15" -> 15; 0 when the service's name doesn't end in a number.
int major_of_service(const std::string& service) {
  std::size_t digits = service.size();
  while (digits > 0 && std::isdigit(static_cast<unsigned char>(service[digits - 1]))) --digits;
  if (digits == service.size() || service.size() - digits > 3) return 0;
  return std::stoi(service.substr(digits));
}

SessionOptions reading_options() {
  SessionOptions options;
  options.application_name = "pgconvoy/facts";
  options.statement_limit = Seconds(30);
  options.lock_limit = Seconds(5);
  options.settings = {{"default_transaction_read_only", "on"}};
  return options;
}

// The fleet's name of the instance's server at an address, or the address when it is none of them.
std::string place_in_fleet(const Fleet& fleet, const std::map<std::string, std::string>& servers, const std::string& address) {
  for (const auto& [instance, id] : servers) {
    const auto parsed = parse_connection(id, fleet.servers.at(id).url);
    if (parsed && same_address(parsed->address(), address)) return id;
  }
  return address;
}

std::map<std::string, std::string> servers_of(const TargetFacts& facts, const std::string& instance) {
  std::map<std::string, std::string> servers;
  if (const auto source = facts.source_server.find(instance); source != facts.source_server.end()) servers["source"] = source->second;
  if (const auto target = facts.target_server.find(instance); target != facts.target_server.end()) servers["target"] = target->second;
  return servers;
}

}  // namespace

Survey::Survey(Services services, SurveyRequest request) : services_(services), request_(std::move(request)) {}

Task<Result<void>> Survey::read_server(std::string server_id, std::vector<Instance> instances) {
  ServerFacts facts;
  facts.server = server_id;
  const Server& server = request_.fleet.servers.at(server_id);
  facts.service = server.service;
  auto connection = co_await services_.credentials.administrator(server);
  Error failure;
  bool failed = false;
  if (!connection) {
    failure = connection.error();
    failed = true;
  } else {
    auto options = reading_options();
    auto session = co_await services_.sessions.open(*connection, options);
    if (!session) {
      failure = session.error();
      failed = true;
    } else {
      auto read = co_await gather_server(**session, server_id);
      if (!read) {
        failure = read.error();
        failed = true;
      } else {
        facts = *read;
        facts.service = server.service;
        facts.reachable = true;
      }
      if (!failed && !instances.empty()) {
        CO_TRY(auto databases, co_await gather_databases(**session, instances));
        for (auto& [id, database] : databases) databases_[id] = std::move(database);
      }
    }
  }
  if (failed) {
    facts.reachable = false;
    facts.unreachable_because = describe(failure);
    for (const Instance& instance : instances) {
      DatabaseFacts& database = databases_[instance.id];
      database.instance = instance.id;
      database.server = server_id;
      database.database = instance.database;
      database.unreachable_because = facts.unreachable_because;
    }
  }
  servers_[server_id] = std::move(facts);
  co_return Result<void>();
}

Task<Result<void>> Survey::begin(std::vector<Target> targets,
                                 std::vector<std::map<std::string, Placement>> placements) {
  std::map<std::string, std::vector<Instance>> by_server;
  for (std::size_t i = 0; i < targets.size(); ++i)
    for (const auto& [instance, placement] : placements[i]) {
      by_server[placement.source_server].push_back(request_.fleet.instances.at(instance));
      by_server[placement.target_server];
    }
  for (auto& [server, instances] : by_server) CO_TRY_VOID(co_await read_server(server, instances));
  const int wanted = major_of_service(request_.requirements.target_service);
  CO_TRY(host_, co_await gather_host(services_.pool, services_.processes, request_.backup_directory, wanted));
  host_.missing_programs = missing_programs(request_.fleet.backups);
  host_.backup_encrypted = !request_.fleet.backups.encrypt.empty();
  co_return Result<void>();
}

Task<DatabaseFacts> Survey::read_inside(DatabaseFacts facts) {
  if (!facts.exists || !facts.allows_connections || !facts.unreachable_because.empty()) co_return facts;
  auto connection = co_await services_.credentials.administrator(request_.fleet.servers.at(facts.server));
  if (!connection) {
    facts.unreachable_because = describe(connection.error());
    co_return facts;
  }
  auto options = reading_options();
  auto inside = connection->with_database(facts.database);
  auto session = co_await services_.sessions.open(inside, options);
  if (!session) {
    facts.unreachable_because = describe(session.error());
    co_return facts;
  }
  auto complete = co_await gather_inside(**session, facts);
  if (!complete) {
    facts.unreachable_because = describe(complete.error());
    co_return facts;
  }
  co_return *std::move(complete);
}

Task<void> Survey::read_poolers(TargetFacts& facts, const Target& target) {
  std::set<std::pair<std::string, std::string>> seen;
  for (const std::string& id : target.environments)
    for (const Binding& binding : request_.fleet.environments.at(id).bindings)
      for (const auto& [pooler_id, alias] : binding.poolers) {
        if (!facts.databases.contains(binding.instance) || !seen.emplace(pooler_id, alias).second) continue;
        const Pooler& pooler = request_.fleet.poolers.at(pooler_id);
        PoolerFacts fact;
        auto looked = co_await services_.poolers.of(pooler).inspect(pooler, alias);
        if (looked)
          fact = *std::move(looked);
        else
          fact.unreadable_because = describe(looked.error());
        fact.pooler = pooler_id;
        fact.kind = pooler.kind;
        fact.alias = alias;
        fact.instance = binding.instance;
        fact.environment = id;
        fact.address = address_of(pooler);
        if (!fact.leads_to.empty())
          fact.leads_to = place_in_fleet(request_.fleet, servers_of(facts, binding.instance), fact.leads_to);
        facts.poolers.push_back(std::move(fact));
      }
}

Task<Result<void>> Survey::read_applications(TargetFacts& facts, const Target& target) {
  for (const std::string& id : target.environments) {
    const Environment& environment = request_.fleet.environments.at(id);
    AppController& controller = services_.controllers.of(environment);
    auto seen = co_await controller.inspect(environment);
    ApplicationFacts application;
    application.environment = id;
    application.controller = environment.controller.kind;
    if (seen)
      application = *seen;
    else
      application.detail = describe(seen.error());
    facts.applications[id] = std::move(application);
    for (const Binding& binding : environment.bindings) {
      if (!facts.databases.contains(binding.instance)) continue;
      BindingFact fact;
      fact.environment = id;
      fact.instance = binding.instance;
      auto held = co_await controller.read_binding(environment, binding);
      if (held) {
        const auto keyword = [&held](const char* name) {
          const auto found = held->keywords.find(name);
          return found == held->keywords.end() ? std::string() : found->second;
        };
        fact.role = keyword("user");
        fact.database = keyword("dbname");
        fact.address = held->address();
        fact.has_password = !held->password.empty();
      } else if (controller.controls_application() && !binding.variables.empty()) {
        fact.unreadable_because = describe(held.error());
      }
      if (held && binding.variables.size() == 1)
        fact.places[binding.variables.begin()->first] =
            place_in_fleet(request_.fleet, servers_of(facts, binding.instance), held->address());
      else if (auto places = co_await places_of_variables(controller, environment, binding))
        for (const auto& [variable, place] : *places)
          fact.places[variable] = place_in_fleet(request_.fleet, servers_of(facts, binding.instance), place.address());
      facts.bindings.push_back(std::move(fact));
    }
  }
  for (const std::string& id : target.instances) {
    const Instance& instance = request_.fleet.instances.at(id);
    bool& known = facts.clear_password_known[id];
    for (const BindingFact& binding : facts.bindings)
      known |= binding.instance == id && binding.has_password && (binding.role.empty() || binding.role == instance.role);
    if (known || instance.password == PasswordSource{}) continue;
    auto secret = co_await services_.credentials.password(instance.password);
    known = secret && !secret->empty();
  }
  co_return Result<void>();
}

Task<Result<TargetFacts>> Survey::gather(Target target, std::map<std::string, Placement> placements) {
  TargetFacts facts;
  facts.target = target.id;
  facts.host = host_;
  for (const std::string& id : target.instances) {
    const Instance& instance = request_.fleet.instances.at(id);
    const Placement& placement = placements.at(id);
    facts.source_server[id] = placement.source_server;
    facts.target_server[id] = placement.target_server;
    facts.role_of[id] = instance.role;
    facts.servers[placement.source_server] = servers_.at(placement.source_server);
    facts.servers[placement.target_server] = servers_.at(placement.target_server);
    DatabaseFacts known = databases_[id];
    known.state = instance.state;
    facts.databases[id] = co_await read_inside(std::move(known));
  }
  CO_TRY_VOID(co_await read_applications(facts, target));
  co_await read_poolers(facts, target);
  facts.refused_logins = co_await try_logins(services_, request_.fleet, target, facts);
  co_return facts;
}

Task<Result<TargetFacts>> survey_target(Services services, const Plan& plan, const PlannedTarget& planned) {
  SurveyRequest request{plan.fleet, plan.options.backup_directory, plan.requirements};
  Survey survey(services, request);
  std::vector<Target> targets{planned.target};
  std::vector<std::map<std::string, Placement>> placements{planned.placements};
  CO_TRY_VOID(co_await survey.begin(targets, placements));
  co_return co_await survey.gather(planned.target, planned.placements);
}

std::vector<Finding> evaluate(const Runbook& runbook, const ConditionRegistry& conditions, const TargetFacts& facts,
                              const std::map<std::string, std::string>& overrides) {
  std::vector<Finding> findings;
  for (const RunbookNode& node : runbook.preconditions) {
    const Condition* condition = conditions.find(node.name);
    if (!condition) {
      findings.push_back({Severity::block, node.name, "runbook " + runbook.name, "no such condition in this program",
                          "a condition that can't be evaluated doesn't hold", "pgconvoy runbook validate", false});
      continue;
    }
    auto arguments = complete_arguments(node.name, condition->parameters(), node.arguments);
    if (!arguments) {
      findings.push_back({Severity::block, node.name, "runbook " + runbook.name, arguments.error().message,
                          "a condition that can't be evaluated doesn't hold", "pgconvoy runbook validate", false});
      continue;
    }
    auto overridden = overrides.find(node.name);
    for (Finding& finding : condition->evaluate(facts, *arguments)) {
      if (finding.severity == Severity::block && overridden != overrides.end()) {
        finding.severity = Severity::warn;
        finding.evidence += fmt::format(" (overridden: {})", overridden->second);
      }
      findings.push_back(std::move(finding));
    }
  }
  return findings;
}

TargetFacts reduced(const TargetFacts& facts) {
  TargetFacts small = facts;
  std::set<std::string> used;
  for (const auto& [instance, database] : facts.databases)
    for (const NeededRole& needed : needed_roles(facts, instance)) used.insert(needed.name);
  for (auto& [id, server] : small.servers) {
    server.extensions.clear();
    server.locales.clear();
    server.databases.clear();
    std::erase_if(server.roles, [&](const auto& entry) { return !used.contains(entry.first); });
  }
  return small;
}

}  // namespace pgconvoy

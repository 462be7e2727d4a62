#include "engine/run/survey.hpp"

#include <fmt/format.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <algorithm>
#include <exception>
#include <set>

#include "engine/facts/care.hpp"
#include "engine/facts/gather.hpp"
#include "engine/facts/needed_roles.hpp"
#include "engine/facts/part.hpp"
#include "engine/fleet/service.hpp"
#include "engine/platform/exec_platform.hpp"
#include "engine/plan/in_place.hpp"
#include "engine/plan/pause.hpp"
#include "engine/platform/places.hpp"
#include "engine/postgres/session_loans.hpp"
#include "engine/run/try_logins.hpp"

namespace pgconvoy {
namespace {

SessionOptions reading_options() {
  SessionOptions options;
  options.application_name = "pgconvoy/facts";
  options.statement_limit = Seconds(30);
  options.lock_limit = Seconds(5);
  options.settings = {{"default_transaction_read_only", "on"}};
  return options;
}

// Of sessions that read catalogues: they are small, and compiling a plan or starting workers for them costs more than it saves.
std::vector<std::pair<std::string, std::string>> base_settings(const TargetFacts& facts) {
  std::vector<std::pair<std::string, std::string>> settings{{"default_transaction_read_only", "on"}, {"max_parallel_workers_per_gather", "0"}};
  const bool know_jit = std::all_of(facts.servers.begin(), facts.servers.end(), [](const auto& entry) { return entry.second.version_number >= 110000; });
  if (know_jit) settings.emplace_back("jit", "off");
  return settings;
}

std::set<std::string> names_of(const std::map<std::string, json>& needs) {
  std::set<std::string> names;
  for (const auto& [name, arguments] : needs) names.insert(name);
  return names;
}

}  // namespace

Survey::Survey(Services services, SurveyRequest request) : services_(services), request_(std::move(request)) {}

// As the administrator; "" is the maintenance database.
Task<Result<SessionPtr>> Survey::open(std::string server_id, std::string database) {
  CO_TRY(ConnectionSpec connection, co_await services_.credentials.administrator(request_.fleet.servers.at(server_id)));
  if (!database.empty()) connection = connection.with_database(database);
  auto options = reading_options();
  co_return co_await services_.sessions.open(connection, options);
}

Task<Result<void>> Survey::read_server(std::string server_id, ServerRequest request) {
  ServerFacts facts;
  facts.server = server_id;
  const Server& server = request_.fleet.servers.at(server_id);
  facts.service = server.service;
  std::optional<Error> failure;
  auto session = co_await open(server_id, "");
  if (!session) {
    failure = session.error();
  } else {
    auto read = co_await gather_server(**session, server_id);
    if (read && request.room) read = co_await gather_room(**session, *read);
    if (!read) {
      failure = read.error();
    } else {
      auto parts = co_await read_parts(**session, server_parts(), names_of(request_.needs));
      if (parts) read->parts = *std::move(parts);
      facts = *std::move(read);
      facts.service = server.service;
      facts.reachable = true;
      if (!server.care.command.empty() && request_.needs.contains(kSiteCarePart)) {
        auto care = co_await ask_care(services_.processes, server, {});
        SiteCareFact said;
        if (care) said = *std::move(care);
        else said.unknown_because = describe(care.error());
        facts.parts[kSiteCarePart] = json(said);
      }
    }
    if (!failure && !request.instances.empty()) {
      CO_TRY(auto databases, co_await gather_databases(**session, request.instances));
      for (auto& [id, database] : databases) databases_[id] = std::move(database);
    }
  }
  if (failure) {
    facts.reachable = false;
    facts.unreachable_because = describe(*failure);
    for (const Instance& instance : request.instances) {
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

Task<void> Survey::read_some(std::map<std::string, ServerRequest>& wanted) {
  while (!wanted.empty() && !failure_) {
    auto next = wanted.extract(wanted.begin());
    std::string id = next.key();
    ServerRequest request = std::move(next.mapped());
    auto read = co_await read_server(id, request);
    if (!read) failure_ = read.error();
  }
}

Task<Result<void>> Survey::read_servers(std::map<std::string, ServerRequest> wanted) {
  constexpr int kAtATime = 8;
  std::erase_if(wanted, [this](const auto& entry) { return servers_.contains(entry.first); });
  auto executor = co_await asio::this_coro::executor;
  asio::steady_timer finished(executor, asio::steady_timer::time_point::max());
  int working = std::min<int>(kAtATime, static_cast<int>(wanted.size()));
  std::exception_ptr thrown;
  for (int i = 0, count = working; i < count; ++i)
    asio::co_spawn(executor, read_some(wanted), [&](std::exception_ptr exception) {
      if (exception && !thrown) thrown = exception;
      if (--working == 0) finished.cancel();
    });
  while (working > 0) {
    boost::system::error_code ignored;
    co_await finished.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
  if (thrown) std::rethrow_exception(thrown);
  if (failure_) co_return *failure_;
  co_return Result<void>();
}

// What is in it is looked at when its target is gathered.
Task<Result<void>> Survey::read_in_the_way(std::string server_id, std::vector<Instance> instances) {
  auto session = co_await open(server_id, "");
  if (!session) co_return Result<void>();  // it went away a moment ago: the condition says that nobody looked
  CO_TRY(auto databases, co_await gather_databases(**session, instances));
  for (auto& [id, database] : databases) {
    database.server = server_id;
    in_the_way_[id] = std::move(database);
  }
  co_return Result<void>();
}

Task<Result<void>> Survey::begin(std::vector<Target> targets,
                                 std::vector<std::map<std::string, Placement>> placements) {
  std::map<std::string, ServerRequest> by_server;
  for (std::size_t i = 0; i < targets.size(); ++i)
    for (const auto& [instance, placement] : placements[i]) {
      by_server[placement.source_server].instances.push_back(request_.fleet.instances.at(instance));
      by_server[placement.target_server];
    }
  CO_TRY_VOID(co_await read_servers(std::move(by_server)));
  std::map<std::string, std::vector<Instance>> taken;  // by target server
  for (const auto& of_target : placements)
    for (const auto& [id, placement] : of_target) {
      const Instance& instance = request_.fleet.instances.at(id);
      if (is_in_place(placement)) continue;  // it would be in its own way
      if (servers_.at(placement.target_server).databases.contains(instance.database))
        taken[placement.target_server].push_back(instance);
    }
  for (auto& [server, instances] : taken) CO_TRY_VOID(co_await read_in_the_way(server, instances));
  const int wanted = major_of_service(request_.requirements.target_service);
  CO_TRY(host_, co_await gather_host(services_.pool, services_.processes, request_.backup_directory, wanted));
  host_.missing_programs = missing_programs(request_.fleet.backups);
  host_.backup_encrypted = !request_.fleet.backups.encrypt.empty();
  co_return Result<void>();
}

Task<DatabaseFacts> Survey::read_objects(DatabaseFacts facts) {
  if (!facts.exists || !facts.allows_connections) co_return facts;
  auto session = co_await open(facts.server, facts.database);
  if (!session) {
    facts.unreachable_because = describe(session.error());
    co_return facts;
  }
  auto complete = co_await gather_objects(**session, facts);
  if (complete) co_return *std::move(complete);
  facts.unreachable_because = describe(complete.error());
  co_return facts;
}

Task<DatabaseFacts> Survey::read_inside(SessionLoans& loans, DatabaseFacts facts, std::string target_server) {
  if (!facts.exists || !facts.allows_connections || !facts.unreachable_because.empty()) co_return facts;
  auto connection = co_await services_.credentials.administrator(request_.fleet.servers.at(facts.server));
  if (!connection) {
    facts.unreachable_because = describe(connection.error());
    co_return facts;
  }
  auto options = reading_options();
  auto inside = connection->with_database(facts.database);
  auto session = co_await loans.open(inside, options);
  if (!session) {
    facts.unreachable_because = describe(session.error());
    co_return facts;
  }
  InsideRequest request;
  request.unreadable = !servers_.at(facts.server).superuser;
  request.superuser_only = !servers_.at(target_server).superuser;
  request.sizes_of_files = !request.unreadable;
  request.parts = names_of(request_.needs);
  auto complete = co_await gather_inside(**session, facts, request);
  if (!complete) {
    facts.unreachable_because = describe(complete.error());
    co_return facts;
  }
  std::set<std::string> left = std::move(request.parts);
  for (const auto& [name, document] : complete->parts) left.erase(name);
  auto parts = co_await read_parts(**session, database_parts(), std::move(left));
  if (parts) complete->parts.merge(*parts);
  co_return *std::move(complete);
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
  }
  SessionLoans loans(services_.sessions, base_settings(facts));
  for (const std::string& id : target.instances) {
    DatabaseFacts known = databases_[id];
    known.state = request_.fleet.instances.at(id).state;
    facts.databases[id] = co_await read_inside(loans, std::move(known), facts.target_server.at(id));
    if (const auto there = in_the_way_.find(id); there != in_the_way_.end()) {
      DatabaseFacts taken = there->second;
      facts.in_the_way[id] = co_await read_objects(std::move(taken));
    }
  }
  CO_TRY_VOID(co_await read_applications(facts, target));
  co_await read_poolers(facts, target);
  facts.refused_logins = co_await try_logins(services_, request_.fleet, target, facts);
  for (const std::string& id : target.instances) CO_TRY_VOID(co_await inquire(loans, facts, target, id));
  co_return facts;
}

std::map<std::string, json> needs_of(const Runbook& runbook, const ConditionRegistry& conditions) {
  std::map<std::string, json> needs;
  for (const RunbookNode& node : runbook.preconditions) {
    const Condition* condition = conditions.find(node.name);
    if (!condition) continue;
    const auto arguments = complete_arguments(node.name, condition->parameters(), node.arguments);
    for (const std::string& need : condition->needs()) needs.emplace(need, arguments ? *arguments : json::object());
  }
  return needs;
}

Task<Result<TargetFacts>> survey_target(Services services, const Plan& plan, const PlannedTarget& planned,
                                        const ConditionRegistry& conditions) {
  SurveyRequest request{plan.fleet, plan.options.backup_directory, plan.requirements, needs_of(plan.runbook, conditions)};
  Survey survey(services, request);
  std::vector<Target> targets{planned.target};
  std::vector<std::map<std::string, Placement>> placements{planned.placements};
  CO_TRY_VOID(co_await survey.begin(targets, placements));
  CO_TRY(TargetFacts facts, co_await survey.gather(planned.target, planned.placements));
  facts.pause = pause_of(plan.fleet, planned);
  co_return facts;
}

TargetFacts reduced(const TargetFacts& facts) {
  TargetFacts small = facts;
  for (auto& [id, database] : small.databases) database.parts.clear();
  std::set<std::string> used;
  for (const auto& [instance, database] : facts.databases)
    for (const NeededRole& needed : needed_roles(facts, instance)) used.insert(needed.name);
  for (auto& [id, server] : small.servers) {
    server.extensions = {};
    server.locales = {};
    server.databases = {};
    server.parts.clear();
    std::map<std::string, RoleFact> roles;
    for (const std::string& name : used)
      if (const auto role = server.roles.find(name); role != server.roles.end()) roles.insert(*role);
    server.roles = std::move(roles);
  }
  return small;
}

}  // namespace pgconvoy

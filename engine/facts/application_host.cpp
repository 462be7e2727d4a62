#include "engine/facts/application_host.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <system_error>

#include "engine/core/spawn.hpp"

namespace pgconvoy {

PGCONVOY_JSON_FIELDS(HardWiredVariable, variable, what)
PGCONVOY_JSON_FIELDS(ApplicationHostFact, environment, obstacles, hard_wired, unreadable_because)

namespace {

bool is_part_of_name(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '.' || c == '-' || c == '_'; }

// `text` where no name or number goes on before or behind it.
bool stands_alone_in(std::string_view value, std::string_view text) {
  for (std::size_t at = value.find(text); at != std::string_view::npos; at = value.find(text, at + 1)) {
    const std::size_t end = at + text.size();
    const bool before = at > 0 && is_part_of_name(value[at - 1]);
    const bool behind = end < value.size() && std::isdigit(static_cast<unsigned char>(value[end])) != 0;
    if (!before && !behind) return true;
  }
  return false;
}

bool is_loopback(const std::string& host) {
  return host.empty() || host == "localhost" || host.starts_with("127.") || host == "::1" || host.starts_with("/");
}

bool is_named_like_a_database(std::string name) {
  std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::toupper(c); });
  if (name.find("PORT") == std::string::npos) return false;
  for (const char* word : {"PG", "DB", "DATABASE", "POSTGRES", "SQL"})
    if (name.find(word) != std::string::npos) return true;
  return false;
}

std::string failure_of(const std::string& path) { return fmt::format("{}: {}", path, std::generic_category().message(errno)); }

// The program that start would run, as the controller does: a path with a slash is seen from the directory.
void look_for_program(const ControllerSpec& controller, std::vector<std::string>& obstacles) {
  if (controller.start.empty()) return;
  std::filesystem::path program = controller.start.front();
  if (controller.start.front().find('/') == std::string::npos) {
    const auto found = prepare_program(controller.start, {}, controller.directory);
    if (!found) {
      obstacles.push_back(fmt::format("its start program can't be found: {}", found.error().message));
      return;
    }
    program = found->path;
  }
  if (program.is_relative()) program = std::filesystem::path(controller.directory) / program;
  struct stat entry {};
  if (::stat(program.c_str(), &entry) != 0)
    obstacles.push_back("its start program is missing: " + failure_of(program.string()));
  else if (!S_ISREG(entry.st_mode) || (entry.st_mode & 0111) == 0)
    obstacles.push_back(fmt::format("its start program is no executable file: {}", program.string()));
}

// The env file is replaced by a new one beside it.
void look_for_env_file(const ControllerSpec& controller, std::vector<std::string>& obstacles) {
  if (controller.env_file.empty()) return;
  const auto folder = std::filesystem::path(controller.env_file).parent_path();
  if (::access(controller.env_file.c_str(), R_OK) != 0)
    obstacles.push_back("its env file can't be read: " + failure_of(controller.env_file));
  else if (::access(folder.c_str(), W_OK | X_OK) != 0)
    obstacles.push_back("its env file can't be replaced: " + failure_of(folder.string()));
}

struct HostAndPort {
  std::string host, port;
};

ApplicationHostFact look_at(const Environment& environment, const std::vector<HostAndPort>& places) {
  const ControllerSpec& controller = environment.controller;
  ApplicationHostFact fact;
  fact.environment = environment.id;
  struct stat entry {};
  if (!controller.directory.empty() && (::stat(controller.directory.c_str(), &entry) != 0 || !S_ISDIR(entry.st_mode)))
    fact.obstacles.push_back(fmt::format("its directory is missing: {}", controller.directory));
  look_for_program(controller, fact.obstacles);
  look_for_env_file(controller, fact.obstacles);
  if (controller.env_file.empty()) return fact;
  std::ifstream file(controller.env_file);
  if (!file) {
    fact.unreadable_because = failure_of(controller.env_file);
    return fact;
  }
  std::ostringstream text;
  text << file.rdbuf();
  std::vector<std::string> bound;
  for (const Binding& binding : environment.bindings)
    for (const auto& [variable, part_of_url] : binding.variables) bound.push_back(variable);
  for (const HostAndPort& place : places)
    for (HardWiredVariable& variable : hard_wired_variables(text.str(), bound, place.host, place.port)) {
      bound.push_back(variable.variable);  // said once
      fact.hard_wired.push_back(std::move(variable));
    }
  return fact;
}

bool leads_to_pooler(const InquiryContext& context, const BindingFact& held) {
  return std::any_of(context.facts.poolers.begin(), context.facts.poolers.end(), [&](const PoolerFacts& pooler) {
    return pooler.environment == held.environment && pooler.instance == held.instance && pooler.address == held.address;
  });
}

}  // namespace

std::vector<HardWiredVariable> hard_wired_variables(const std::string& env_file, const std::vector<std::string>& bound,
                                                    const std::string& host, const std::string& port) {
  std::vector<HardWiredVariable> found;
  std::vector<std::string> addresses;
  if (!port.empty()) {
    if (!host.empty()) addresses.push_back(host + ":" + port);
    if (is_loopback(host))
      for (const char* name : {"localhost:", "127.0.0.1:", "[::1]:"}) addresses.push_back(name + port);
  }
  std::istringstream lines(env_file);
  for (std::string line; std::getline(lines, line);) {
    const auto equals = line.find('=');
    if (equals == std::string::npos || equals == 0 || line[0] == '#') continue;
    const std::string name = line.substr(0, equals), value = line.substr(equals + 1);
    if (std::find(bound.begin(), bound.end(), name) != bound.end()) continue;
    const auto address = std::find_if(addresses.begin(), addresses.end(), [&](const std::string& each) { return stands_alone_in(value, each); });
    if (address != addresses.end())
      found.push_back({name, "the address " + *address});
    else if (!is_loopback(host) && value == host)
      found.push_back({name, "the host " + host});
    else if (!port.empty() && value == port && is_named_like_a_database(name))
      found.push_back({name, "the port " + port});
  }
  return found;
}

Task<Result<json>> read_application_host(const InquiryContext& context) {
  json found = json::array();
  std::vector<Environment> environments;
  for (const std::string& id : context.target.environments) {
    const Environment& environment = context.fleet.environments.at(id);
    const bool is_bound = std::any_of(environment.bindings.begin(), environment.bindings.end(),
                                      [&](const Binding& binding) { return binding.instance == context.instance.id; });
    if (is_bound && environment.controller.kind == "local") environments.push_back(environment);
  }
  if (environments.empty()) co_return found;
  const std::string database;
  CO_TRY(const ConnectionSpec source, co_await context.source_connection(database));
  const auto keyword = [&source](const char* name) {
    const auto held = source.keywords.find(name);
    return held == source.keywords.end() ? std::string() : held->second;
  };
  // The server under the fleet's name for it, and as the applications' bindings call it when no pooler is in between.
  std::vector<HostAndPort> places{{keyword("host"), keyword("port").empty() ? "5432" : keyword("port")}};
  for (const BindingFact& held : context.facts.bindings) {
    const auto colon = held.address.rfind(':');
    if (held.instance != context.instance.id || colon == std::string::npos || leads_to_pooler(context, held)) continue;
    places.push_back({held.address.substr(0, colon), held.address.substr(colon + 1)});
  }
  std::function<Result<json>()> look = [environments, places]() -> Result<json> {
    json list = json::array();
    for (const Environment& environment : environments) list.push_back(look_at(environment, places));
    return list;
  };
  co_return co_await run_blocking(context.pool, look);
}

}  // namespace pgconvoy

#include "cli/platform_doctor.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "engine/core/printable.hpp"
#include "engine/fleet/nearest.hpp"

namespace pgconvoy::cli {
namespace {

constexpr const char* kRemedy = "docs/platform.md says what the verb is to do";

template <class Things, class HasProgram>
Result<void> check_names(const char* kind, const std::set<std::string>& named, const Things& things, HasProgram has_program) {
  std::vector<std::string_view> known;
  for (const auto& [id, thing] : things)
    if (has_program(thing)) known.push_back(id);
  for (const std::string& id : named) {
    const auto found = things.find(id);
    if (found == things.end())
      return Error(ErrorKind::not_found, fmt::format("the fleet has no {} {}{}", kind, in_quotes(id), did_you_mean(id, known)));
    if (!has_program(found->second))
      return Error(ErrorKind::usage, fmt::format("{} {} has no program of its own to test", kind, in_quotes(id)),
                   known.empty() ? fmt::format("no {} of the fleet has one", kind)
                                 : fmt::format("those with one: {}", fmt::join(known, ", ")));
  }
  return {};
}

bool has_controller(const Environment& environment) { return environment.controller.kind == "exec"; }
bool has_program(const Pooler& pooler) { return pooler.kind == "exec"; }
bool has_provisioner(const Server& server) { return !server.provisioner.command.empty(); }
bool has_care(const Server& server) { return !server.care.command.empty(); }

// Aliases of a pooler that bindings name.
std::set<std::string> aliases_of(const Fleet& fleet, const std::string& pooler) {
  std::set<std::string> aliases;
  for (const auto& [id, environment] : fleet.environments)
    for (const Binding& binding : environment.bindings)
      if (const auto alias = binding.poolers.find(pooler); alias != binding.poolers.end()) aliases.insert(alias->second);
  return aliases;
}

}  // namespace

PlatformProbe::PlatformProbe(Services services_, ProgramLog log_)
    : services(services_), log(std::move(log_)), token_(random_token(6)) {}

CallIdentity PlatformProbe::at_epoch(int epoch, const std::string& verb) const {
  return {"doctor-" + token_, 1, "doctor/" + verb, epoch};
}

void PlatformProbe::good(const std::string& what, const std::string& detail) {
  found.push_back({Diagnosis::Verdict::good, what, detail, ""});
}

void PlatformProbe::warning(const std::string& what, const std::string& detail, const std::string& remedy) {
  found.push_back({Diagnosis::Verdict::warning, what, detail, remedy});
}

void PlatformProbe::bad(const std::string& what, const std::string& detail, const std::string& remedy) {
  found.push_back({Diagnosis::Verdict::bad, what, detail, remedy.empty() ? kRemedy : remedy});
}

std::string PlatformProbe::describe_shortly(const Error& error) { return error.message; }

void PlatformProbe::judge_lower_epoch(const std::string& what, const Result<void>& call) {
  if (call)
    bad(what, "a call of epoch 1 was carried out after one of epoch 2",
        "remember the highest epoch of each run and target, durably, and refuse lower ones with kind \"conflict\"");
  else if (call.error().kind != ErrorKind::conflict)
    bad(what, fmt::format("it was refused with kind \"{}\", not \"conflict\": {}", to_string(call.error().kind), call.error().message),
        "answer {\"error\": {\"kind\": \"conflict\", ...}} and another exit code than 0 and 75");
  else
    good(what, "refused");
}

Result<void> check_named(const Fleet& fleet, const PlatformTest& test) {
  TRY_VOID(check_names("environment", test.environments, fleet.environments, has_controller));
  TRY_VOID(check_names("server", test.servers, fleet.servers, [](const Server& server) { return has_provisioner(server) || has_care(server); }));
  TRY_VOID(check_names("pooler", test.poolers, fleet.poolers, has_program));
  const bool named = !test.environments.empty() || !test.servers.empty() || !test.poolers.empty();
  if (test.changes && !named)
    return Error(ErrorKind::usage, "--changes stops and starts what it is pointed at, so it wants a name",
                 "--environment ID, --server ID or --pooler ID; take one that may be down for a minute");
  const auto any = [](const auto& things, auto has) {
    return std::any_of(things.begin(), things.end(), [&](const auto& entry) { return has(entry.second); });
  };
  if (!any(fleet.environments, has_controller) && !any(fleet.servers, has_provisioner) && !any(fleet.servers, has_care) && !any(fleet.poolers, has_program))
    return Error(ErrorKind::usage, "no environment, server or pooler of the fleet has a program of its own to test",
                 "controller: {kind: exec, command: [...]}; docs/platform.md says how it is called");
  return {};
}

Task<std::vector<Diagnosis>> test_platform(Services services, ProgramLog log, Fleet fleet, PlatformTest test) {
  PlatformProbe probe(services, std::move(log));
  const bool all = test.environments.empty() && test.servers.empty() && test.poolers.empty();
  std::map<std::pair<std::string, std::vector<std::string>>, bool> tried;  // kind and command -> can be talked to
  for (const auto& [id, environment] : fleet.environments) {
    if (!has_controller(environment) || !(all || test.environments.contains(id))) continue;
    const auto [known, first] = tried.try_emplace({"controller", environment.controller.program.command}, false);
    if (first) known->second = co_await test_protocol(probe, request_for(environment, "describe"), "controller", controller_verbs());
    if (known->second) co_await test_controller(probe, environment, test.changes);
  }
  for (const auto& [id, pooler] : fleet.poolers) {
    if (!has_program(pooler) || !(all || test.poolers.contains(id))) continue;
    const auto aliases = aliases_of(fleet, id);
    const auto [known, first] = tried.try_emplace({"pooler", pooler.program.command}, false);
    if (first)
      known->second = co_await test_protocol(probe, request_for(pooler, aliases.empty() ? "" : *aliases.begin(), "describe"), "pooler",
                                            pooler_verbs());
    if (!known->second) continue;
    for (const std::string& alias : aliases) co_await test_pooler(probe, pooler, alias, test.changes);
    if (aliases.empty())
      probe.warning("pooler " + id, "no binding of the fleet leads through it, so no alias was looked at",
                    "name it in the `poolers` of a binding");
  }
  for (const auto& [id, server] : fleet.servers) {
    if (!has_provisioner(server) || !(all || test.servers.contains(id))) continue;
    const auto [known, first] = tried.try_emplace({"provisioner", server.provisioner.command}, false);
    if (first) known->second = co_await test_protocol(probe, request_for(server, "describe"), "provisioner", provisioner_verbs());
    if (known->second && test.changes) co_await test_provisioner(probe, server);
  }
  for (const auto& [id, server] : fleet.servers) {
    if (!has_care(server) || !(all || test.servers.contains(id))) continue;
    const auto [known, first] = tried.try_emplace({"care", server.care.command}, false);
    if (first) known->second = co_await test_protocol(probe, request_for_care(server, "describe"), "care", care_verbs());
    if (!known->second) continue;
    auto said = co_await ask_care(services.processes, server, probe.log);
    if (!probe.passed("server " + id + ": care", said)) continue;
    probe.good("server " + id + ": care", fmt::format("{}, {}{}", said->backed_up ? "backed up" : "not backed up", said->monitored ? "monitored" : "not monitored",
                                                      said->detail.empty() ? "" : ": " + printable(said->detail)));
  }
  co_return std::move(probe.found);
}

}  // namespace pgconvoy::cli

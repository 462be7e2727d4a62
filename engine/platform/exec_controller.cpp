// Controller `exec`: an application that a program of the site starts, stops, binds and hides.
//
// The program only knows variables and their values. What they mean (a URL, a host) and how one value is made from the
// other stays here, so that every platform does it alike.
#include <fmt/format.h>

#include <algorithm>

#include "engine/platform/env_file.hpp"
#include "engine/platform/exec_platform.hpp"
#include "engine/platform/local_binding.hpp"

namespace pgconvoy {
namespace {

// Health is asked again and again while an application starts.
constexpr Seconds kLongestHealth{10};

std::string variables_of(const Environment& environment) {
  return fmt::format("environment {}: its variables", environment.id);
}

const char* const kCorrectVariables = "correct the variables on the platform, or the binding in the fleet file";

class ExecController final : public AppController {
 public:
  ExecController(ProcessLauncher& launcher, ProgramLog log) : launcher_(launcher), log_(std::move(log)) {}

  bool controls_application() const override { return true; }

  Task<Result<ApplicationFacts>> inspect(Environment environment) override {
    ApplicationFacts facts;
    facts.environment = environment.id;
    facts.controller = environment.controller.kind;
    facts.bound_to = co_await learn(environment);
    ProgramRequest request = request_of(environment, "inspect");
    CO_TRY(const ProgramAnswer answer, co_await call_program(launcher_, std::move(request), log_));
    CO_TRY(facts.running, answer.truth("running"));
    CO_TRY(facts.healthy, answer.truth("healthy"));
    CO_TRY(facts.page_is_on, answer.truth("page_is_on"));
    facts.detail = answer.text_or("detail", "");
    co_return facts;
  }

  Task<Result<Health>> health(Environment environment) override {
    co_await know_passwords(environment);
    ProgramRequest request = request_of(environment, "health");
    request.program.limit = std::min(request.program.limit, kLongestHealth);
    CO_TRY(const ProgramAnswer answer, co_await call_program(launcher_, std::move(request), log_));
    Health health;
    CO_TRY(health.healthy, answer.truth("healthy"));
    health.detail = answer.text_or("detail", health.healthy ? "healthy" : "not healthy");
    co_return health;
  }

  Task<Result<bool>> page_is_on(Environment environment) override {
    co_await know_passwords(environment);
    ProgramRequest request = request_of(environment, "page_is_on");
    CO_TRY(const ProgramAnswer answer, co_await call_program(launcher_, std::move(request), log_));
    co_return answer.truth("page_is_on");
  }

  Task<Result<bool>> is_running(Environment environment) override {
    co_await know_passwords(environment);
    ProgramRequest request = request_of(environment, "is_running");
    CO_TRY(const ProgramAnswer answer, co_await call_program(launcher_, std::move(request), log_));
    co_return answer.truth("running");
  }

  Task<Result<void>> page_on(CallIdentity who, Environment environment) override {
    return change(std::move(who), std::move(environment), "page_on");
  }
  Task<Result<void>> page_off(CallIdentity who, Environment environment) override {
    return change(std::move(who), std::move(environment), "page_off");
  }
  Task<Result<void>> stop(CallIdentity who, Environment environment) override {
    return change(std::move(who), std::move(environment), "stop");
  }
  Task<Result<void>> start(CallIdentity who, Environment environment) override {
    return change(std::move(who), std::move(environment), "start");
  }

  Task<Result<ConnectionSpec>> read_binding(Environment environment, Binding binding) override {
    CO_TRY(const EnvFile held, co_await held_by(environment, binding));
    auto connection = read_from(held, binding, variables_of(environment));
    if (connection) remember(environment, connection->password);
    if (!connection) {
      Error error = std::move(connection).error();
      error.remedy = kCorrectVariables;
      co_return error;
    }
    co_return connection;
  }

  Task<Result<void>> write_binding(CallIdentity who, Environment environment, Binding binding,
                                   ConnectionSpec connection) override {
    CO_TRY(EnvFile held, co_await held_by(environment, binding));
    if (const auto before = read_from(held, binding, variables_of(environment))) remember(environment, before->password);
    remember(environment, connection.password);
    CO_TRY_VOID(write_into(held, binding, connection, variables_of(environment)));
    ProgramRequest request = request_of(environment, "write_binding");
    request.who = std::move(who);
    request.document["binding"] = {{"instance", binding.instance}, {"variables", binding.variables}};
    for (const auto& [variable, part] : binding.variables)
      if (const auto value = held.get(variable)) request.secrets[variable] = Secret(*value);
    CO_TRY_VOID(co_await call_program(launcher_, std::move(request), log_));
    co_return Result<void>();
  }

 private:
  // With the passwords that its bindings are known to hold: a program that starts the application may print them.
  ProgramRequest request_of(const Environment& environment, const std::string& verb) const {
    ProgramRequest request = request_for(environment, verb);
    if (const auto known = passwords_.find(environment.id); known != passwords_.end()) request.hidden = known->second;
    return request;
  }

  // Before a program says anything: it may print what its bindings hold. Once; what can't be read is said where the
  // binding is needed.
  Task<void> know_passwords(Environment environment) {
    if (!passwords_.contains(environment.id)) co_await learn(environment);
  }

  // Where the variables of the bindings lead, by "environment/VARIABLE".
  Task<std::map<std::string, std::string>> learn(Environment environment) {
    std::map<std::string, std::string> places;
    passwords_[environment.id];
    for (const Binding& binding : environment.bindings) {
      if (binding.variables.empty()) continue;
      auto held = co_await held_by(environment, binding);
      if (!held) continue;
      if (const auto connection = read_from(*held, binding, variables_of(environment))) remember(environment, connection->password);
      for (const auto& [variable, place] : places_in(*held, binding)) places[environment.id + "/" + variable] = place;
    }
    co_return places;
  }

  void remember(const Environment& environment, const Secret& password) {
    auto& known = passwords_[environment.id];
    if (!password.empty() && std::find(known.begin(), known.end(), password) == known.end()) known.push_back(password);
  }

  Task<Result<void>> change(CallIdentity who, Environment environment, std::string verb) {
    co_await know_passwords(environment);
    ProgramRequest request = request_of(environment, verb);
    request.who = std::move(who);
    CO_TRY_VOID(co_await call_program(launcher_, std::move(request), log_));
    co_return Result<void>();
  }

  // Of the binding's variables those that are set. The result is a secret.
  Task<Result<EnvFile>> held_by(Environment environment, Binding binding) {
    ProgramRequest request = request_of(environment, "read_binding");
    request.document["binding"] = {{"instance", binding.instance}, {"variables", binding.variables}};
    request.answers_secrets = true;
    CO_TRY(const ProgramAnswer answer, co_await call_program(launcher_, std::move(request), log_));
    CO_TRY(const auto values, answer.secrets("variables"));
    EnvFile held("");
    for (const auto& [variable, part] : binding.variables) {
      const auto found = values.find(variable);
      if (found == values.end()) continue;
      if (!EnvFile::can_hold(found->second.reveal()))
        co_return Error(ErrorKind::corrupt,
                        fmt::format("{}: {} contains a line break or a zero byte", variables_of(environment), variable),
                        kCorrectVariables);
      held.set(variable, found->second.reveal());
    }
    co_return held;
  }

  ProcessLauncher& launcher_;
  ProgramLog log_;
  std::map<std::string, std::vector<Secret>> passwords_;  // by environment
};

}  // namespace

ProgramRequest request_for(const Environment& environment, const std::string& verb) {
  ProgramRequest request;
  request.program = environment.controller.program;
  request.subject = "environment " + environment.id;
  request.verb = verb;
  request.document["environment"] = {{"id", environment.id},       {"application", environment.application},
                                     {"stage", environment.stage}, {"region", environment.region},
                                     {"public_url", environment.controller.public_url}};
  return request;
}

const std::vector<std::string>& controller_verbs() {
  static const std::vector<std::string> verbs{"inspect", "health", "page_is_on",   "is_running",   "page_on",
                                              "page_off", "stop",  "start", "read_binding", "write_binding"};
  return verbs;
}

std::unique_ptr<AppController> make_exec_controller(ProcessLauncher& launcher, ProgramLog log) {
  return std::make_unique<ExecController>(launcher, std::move(log));
}

}  // namespace pgconvoy

// Controller `local`: an application that runs on this host out of a directory, behind a proxy that shows a maintenance
// page while a file exists.
#include <fmt/format.h>

#include "engine/platform/atomic_file.hpp"
#include "engine/platform/env_file.hpp"
#include "engine/platform/epoch_guard.hpp"
#include "engine/platform/exec_call.hpp"
#include "engine/platform/http_health.hpp"
#include "engine/platform/local_binding.hpp"
#include "engine/platform/local_process.hpp"
#include "engine/platform/platform.hpp"

namespace pgconvoy {
namespace {

constexpr Seconds kHealthLimit{3};
constexpr Seconds kStopGrace{10};
constexpr Seconds kGuardPatience{30};

std::string env_file_of(const Environment& environment) {
  return fmt::format("environment {}: {}", environment.id, environment.controller.env_file);
}

Error environment_failed(const Environment& environment, const char* attempt, Error error) {
  return std::move(error).within(fmt::format("environment {}: can't {}", environment.id, attempt));
}

Result<EnvFile> load_env_file(const Environment& environment) {
  auto text = read_file(environment.controller.env_file);
  if (!text) return environment_failed(environment, "read its variables", std::move(text).error());
  return EnvFile(*text);
}

std::vector<Secret> secrets_of(const EnvFile& file, const Environment& environment) {
  std::vector<Secret> secrets = file.secrets();
  for (const Binding& binding : environment.bindings)
    for (const auto& [variable, part] : binding.variables)
      if (part == "url" || part == "password")
        if (auto value = file.get(variable)) secrets.emplace_back(*std::move(value));
  return secrets;
}

Result<bool> file_exists(const std::string& path) {
  std::error_code code;
  const bool there = std::filesystem::exists(path, code);
  if (code) return Error(ErrorKind::io, fmt::format("can't look for {}: {}", path, code.message()));
  return there;
}

Result<void> turn_page_on(const CallIdentity& who, const ControllerSpec& spec) {
  const auto note = fmt::format("pgconvoy run {} target {} epoch {}\n", who.run, who.target, who.epoch);
  auto made = ensure_file(spec.maintenance_file, note, 0644);
  if (!made && made.error().kind == ErrorKind::not_found)
    return Error(ErrorKind::not_found, fmt::format("the folder of {} doesn't exist", spec.maintenance_file),
                 "make it, let the proxy look there, or correct `maintenance_file` in the fleet file");
  return made;
}

Result<void> rewrite_binding(const Environment& environment, const Binding& binding, const ConnectionSpec& connection) {
  TRY(const EnvFile before, load_env_file(environment));
  EnvFile after = before;
  TRY_VOID(write_into(after, binding, connection, env_file_of(environment)));
  if (after.text() == before.text()) return {};
  auto written = replace_file(environment.controller.env_file, after.text(), 0600);
  if (!written)
    return environment_failed(environment, "write its variables, which are as before", std::move(written).error());
  return {};
}

class LocalController final : public AppController {
 public:
  explicit LocalController(asio::thread_pool& pool) : pool_(pool) {}

  bool controls_application() const override { return true; }

  Task<Result<ApplicationFacts>> inspect(Environment environment) override {
    ApplicationFacts facts;
    facts.environment = environment.id;
    facts.controller = environment.controller.kind;
    CO_TRY(facts.running, co_await is_running(environment));
    CO_TRY(facts.page_is_on, co_await page_is_on(environment));
    CO_TRY(const Health seen, co_await health(environment));
    facts.healthy = seen.healthy;
    facts.detail = seen.detail;
    auto read = [&environment] { return load_env_file(environment); };
    CO_TRY(const EnvFile file, co_await run_blocking(pool_, read));
    for (const Binding& binding : environment.bindings)
      for (const auto& [variable, place] : places_in(file, binding))
        facts.bound_to[environment.id + "/" + variable] = place;
    co_return facts;
  }

  Task<Result<Health>> health(Environment environment) override {
    // Some applications print their variables while they fail. Whose file can't be read keeps them elsewhere.
    std::vector<Secret> hidden;
    auto read = [&environment] { return load_env_file(environment); };
    if (auto file = co_await run_blocking(pool_, read)) hidden = traces_of(secrets_of(*file, environment));
    auto seen = co_await ask_health(environment.controller.health_url, kHealthLimit, std::move(hidden));
    if (!seen) co_return environment_failed(environment, "ask for its health", std::move(seen).error());
    co_return seen;
  }

  Task<Result<bool>> page_is_on(Environment environment) override {
    auto look = [&environment] { return file_exists(environment.controller.maintenance_file); };
    auto on = co_await run_blocking(pool_, look);
    if (!on) co_return environment_failed(environment, "see whether the maintenance page is on", std::move(on).error());
    co_return on;
  }

  Task<Result<bool>> is_running(Environment environment) override {
    auto look = [&environment] { return find_application(environment.controller); };
    auto pid = co_await run_blocking(pool_, look);
    if (!pid) co_return environment_failed(environment, "see whether the application runs", std::move(pid).error());
    co_return pid->has_value();
  }

  Task<Result<void>> page_on(CallIdentity who, Environment environment) override {
    const char* attempt = "turn the maintenance page on";
    auto guard = co_await take_epoch_guard(pool_, who, environment.controller.directory, kGuardPatience);
    if (!guard) co_return environment_failed(environment, attempt, std::move(guard).error());
    auto change = [&who, &environment] { return turn_page_on(who, environment.controller); };
    auto changed = co_await run_blocking(pool_, change);
    if (!changed) co_return environment_failed(environment, attempt, std::move(changed).error());
    co_return Result<void>();
  }

  Task<Result<void>> page_off(CallIdentity who, Environment environment) override {
    const char* attempt = "turn the maintenance page off";
    auto guard = co_await take_epoch_guard(pool_, who, environment.controller.directory, kGuardPatience);
    if (!guard) co_return environment_failed(environment, attempt, std::move(guard).error());
    auto change = [&environment] { return ensure_no_file(environment.controller.maintenance_file); };
    auto changed = co_await run_blocking(pool_, change);
    if (!changed) co_return environment_failed(environment, attempt, std::move(changed).error());
    co_return Result<void>();
  }

  Task<Result<void>> stop(CallIdentity who, Environment environment) override {
    const char* attempt = "stop the application";
    auto guard = co_await take_epoch_guard(pool_, who, environment.controller.directory, kGuardPatience);
    if (!guard) co_return environment_failed(environment, attempt, std::move(guard).error());
    auto ended = co_await end_application(pool_, environment.controller, kStopGrace);
    if (!ended) co_return environment_failed(environment, attempt, std::move(ended).error());
    auto tidy = [&environment] { return ensure_no_file(environment.controller.pid_file); };
    auto tidied = co_await run_blocking(pool_, tidy);
    if (!tidied)
      co_return environment_failed(environment, "remove the pid file of the application, which has stopped",
                                   std::move(tidied).error());
    co_return Result<void>();
  }

  Task<Result<void>> start(CallIdentity who, Environment environment) override {
    const char* attempt = "start the application";
    auto guard = co_await take_epoch_guard(pool_, who, environment.controller.directory, kGuardPatience);
    if (!guard) co_return environment_failed(environment, attempt, std::move(guard).error());
    auto look = [&environment] { return find_application(environment.controller); };
    auto running = co_await run_blocking(pool_, look);
    if (!running) co_return environment_failed(environment, attempt, std::move(running).error());
    pid_t pid = running->value_or(0);
    if (pid == 0) {
      auto started = start_application(environment.controller);
      if (!started) co_return environment_failed(environment, attempt, std::move(started).error());
      pid = *started;
    }
    auto note = [&environment, pid] {
      return replace_file(environment.controller.pid_file, fmt::format("{}\n", pid), 0644);
    };
    auto noted = co_await run_blocking(pool_, note);
    if (!noted)
      co_return environment_failed(environment, "write down the pid of the application, which runs",
                                   std::move(noted).error());
    co_return Result<void>();
  }

  Task<Result<ConnectionSpec>> read_binding(Environment environment, Binding binding) override {
    auto read = [&environment] { return load_env_file(environment); };
    CO_TRY(const EnvFile file, co_await run_blocking(pool_, read));
    co_return read_from(file, binding, env_file_of(environment));
  }

  Task<Result<void>> write_binding(CallIdentity who, Environment environment, Binding binding,
                                   ConnectionSpec connection) override {
    auto guard = co_await take_epoch_guard(pool_, who, environment.controller.directory, kGuardPatience);
    if (!guard) co_return environment_failed(environment, "bind the application", std::move(guard).error());
    auto change = [&environment, &binding, &connection] { return rewrite_binding(environment, binding, connection); };
    co_return co_await run_blocking(pool_, change);
  }

 private:
  asio::thread_pool& pool_;
};

}  // namespace

std::unique_ptr<AppController> make_local_controller(asio::thread_pool& pool) {
  return std::make_unique<LocalController>(pool);
}

}  // namespace pgconvoy

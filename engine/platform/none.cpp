// Controller `none`: the application is somebody else's. pgconvoy fences its database and says what is to be set.
#include <fmt/format.h>

#include "engine/platform/platform.hpp"

namespace pgconvoy {
namespace {

const char* const kUncontrolled = "its controller is none: pgconvoy neither sees nor changes the application";

class NoneController final : public AppController {
 public:
  bool controls_application() const override { return false; }

  Task<Result<ApplicationFacts>> inspect(Environment environment) override {
    ApplicationFacts facts;
    facts.environment = environment.id;
    facts.controller = environment.controller.kind;
    facts.detail = kUncontrolled;
    co_return facts;
  }
  Task<Result<Health>> health(Environment) override {
    Health health;
    health.detail = kUncontrolled;
    co_return health;
  }
  Task<Result<bool>> page_is_on(Environment) override { co_return false; }
  Task<Result<bool>> is_running(Environment) override { co_return false; }
  Task<Result<void>> page_on(CallIdentity, Environment) override { co_return Result<void>(); }
  Task<Result<void>> page_off(CallIdentity, Environment) override { co_return Result<void>(); }
  Task<Result<void>> stop(CallIdentity, Environment) override { co_return Result<void>(); }
  Task<Result<void>> start(CallIdentity, Environment) override { co_return Result<void>(); }

  Task<Result<ConnectionSpec>> read_binding(Environment environment, Binding binding) override {
    co_return Error(ErrorKind::not_found,
                    fmt::format("environment {}: where its variables for {} are kept is not known ({})", environment.id,
                                binding.instance, kUncontrolled));
  }
  // Success would claim that the application is bound.
  Task<Result<void>> write_binding(CallIdentity, Environment environment, Binding binding, ConnectionSpec) override {
    co_return Error(
        ErrorKind::refused,
        fmt::format("environment {}: can't bind it to {}: {}", environment.id, binding.instance, kUncontrolled),
        "set the new URL where the application is configured, then resolve the target as done");
  }
};

}  // namespace

std::unique_ptr<AppController> make_none_controller() { return std::make_unique<NoneController>(); }

}  // namespace pgconvoy

// Calls of a platform's programs get what is left of a pause.
#include "engine/run/pause_end.hpp"

#include "tests/engine/run/fake_world.hpp"

using namespace pgconvoy;
using namespace pgconvoy::test;

namespace {

// Remembers the limit that each call came with; `stop` takes too long.
class LimitedController final : public AppController {
 public:
  explicit LimitedController(std::vector<Seconds>& limits) : limits_(limits) {}
  bool controls_application() const override { return true; }
  Task<Result<ApplicationFacts>> inspect(Environment environment) override { return noted(environment, ApplicationFacts()); }
  Task<Result<Health>> health(Environment environment) override { return noted(environment, Health()); }
  Task<Result<bool>> page_is_on(Environment environment) override { return noted(environment, true); }
  Task<Result<bool>> is_running(Environment environment) override { return noted(environment, true); }
  Task<Result<void>> page_on(CallIdentity, Environment environment) override { return changed(environment); }
  Task<Result<void>> page_off(CallIdentity, Environment environment) override { return changed(environment); }
  Task<Result<void>> stop(CallIdentity, Environment environment) override {
    limits_.push_back(environment.controller.program.limit);
    co_return Error(ErrorKind::timeout, "stop did not end", "raise `limit`");
  }
  Task<Result<void>> start(CallIdentity, Environment environment) override { return changed(environment); }
  Task<Result<ConnectionSpec>> read_binding(Environment environment, Binding) override { return noted(environment, ConnectionSpec()); }
  Task<Result<void>> write_binding(CallIdentity, Environment environment, Binding, ConnectionSpec) override { return changed(environment); }

 private:
  template <class T>
  Task<Result<T>> noted(Environment environment, T answer) {
    limits_.push_back(environment.controller.program.limit);
    co_return answer;
  }
  Task<Result<void>> changed(Environment environment) {
    limits_.push_back(environment.controller.program.limit);
    co_return Result<void>();
  }
  std::vector<Seconds>& limits_;
};

}  // namespace

TEST_CASE("pause_end: every call gets its own limit or what is left of the pause, whichever is less") {
  FakeWorld world({"a"});
  std::vector<Seconds> limits;
  world.controllers.add("exec", std::make_unique<LimitedController>(limits));
  Environment& environment = world.plan.fleet.environments["shop-1"];
  environment.controller.kind = "exec";
  environment.controller.program.limit = Seconds(60);
  std::optional<Seconds> left;
  const Services plain{world.pool,         world.clock,        world.sessions, *world.processes,
                       world.controllers,  world.provisioners, world.poolers,  world.credentials};
  CallsEndWithPause ending(plain, world.plan, world.plan.targets[0], [&] { return left; });
  AppController& controller = ending.services().controllers.of(environment);
  CHECK(controller.controls_application());
  const auto all_calls = [&] {
    limits.clear();
    const CallIdentity who;
    const Binding binding;
    const ConnectionSpec connection;
    CHECK(testing::run_on(world.loop, controller.inspect(environment)));
    CHECK(testing::run_on(world.loop, controller.health(environment)));
    CHECK(testing::run_on(world.loop, controller.page_is_on(environment)));
    CHECK(testing::run_on(world.loop, controller.is_running(environment)));
    CHECK(testing::run_on(world.loop, controller.page_on(who, environment)));
    CHECK(testing::run_on(world.loop, controller.page_off(who, environment)));
    CHECK(testing::run_on(world.loop, controller.start(who, environment)));
    CHECK(testing::run_on(world.loop, controller.read_binding(environment, binding)));
    CHECK(testing::run_on(world.loop, controller.write_binding(who, environment, binding, connection)));
    return limits;
  };
  CHECK(all_calls() == std::vector<Seconds>(9, Seconds(60)));
  left = Seconds(7);
  CHECK(all_calls() == std::vector<Seconds>(9, Seconds(7)));
  left = Seconds(100);
  CHECK(all_calls() == std::vector<Seconds>(9, Seconds(60)));
  // With nothing left it still ends by itself.
  left = Seconds(-3);
  for (const Seconds limit : all_calls()) CHECK((limit > Seconds(0) && limit < Seconds(1)));
  CHECK(environment.controller.program.limit == Seconds(60));

  const CallIdentity who;
  left = Seconds(7);
  auto stopped = testing::run_on(world.loop, controller.stop(who, environment));
  REQUIRE_FALSE(stopped);
  CHECK(stopped.error().message == "stop did not end; it was stopped because the pause would last longer than max_pause");
  CHECK(stopped.error().remedy == "see what the program waits for, or raise max_pause");
  left.reset();
  stopped = testing::run_on(world.loop, controller.stop(who, environment));
  REQUIRE_FALSE(stopped);
  CHECK(stopped.error().message == "stop did not end");
}

TEST_CASE("pause_end: a step's calls end with the pause, its undo's don't") {
  FakeWorld world({"page_on", "b"});
  std::vector<Seconds> limits;
  world.controllers.add("exec", std::make_unique<LimitedController>(limits));
  Environment& environment = world.plan.fleet.environments["shop-1"];
  environment.controller.kind = "exec";
  environment.controller.program.limit = Seconds(60);
  world.plan.targets[0].steps[0].arguments["max_pause"] = 10.0;
  // Called in apply and, by the way back, once more.
  const auto ask = [&](StepContext& context) {
    asio::co_spawn(world.loop, context.controller(context.environment()).is_running(context.environment()), [](std::exception_ptr, Result<bool>) {});
  };
  world.scripts["b"].during = ask;
  world.scripts["b"].during_undo = ask;
  world.scripts["b"].fails = {lasting()};
  limits.clear();
  (void)world.ended(world.forward());
  CHECK(world.state() == TargetState::rolled_back);
  REQUIRE(limits.size() >= 3);  // the survey asks before the pause
  CHECK(limits.front() == Seconds(60));
  CHECK(limits[limits.size() - 2] == Seconds(10));
  CHECK(limits.back() == Seconds(60));
}

#include "operations/stop_app.hpp"

#include "engine/core/clock.hpp"
#include "engine/run/step_context.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/loop.hpp"

using namespace pgconvoy;

namespace {

class ClockThatIsSet final : public Clock {
 public:
  WallTime wall() const override { return WallTime(now.time_since_epoch()); }
  SteadyTime steady() const override { return now; }
  SteadyTime now{};
};

// Started, it stays unhealthy; each time that somebody asks it has become half a minute later.
class NeverHealthy final : public AppController {
 public:
  explicit NeverHealthy(ClockThatIsSet& clock) : clock_(clock) {}
  bool controls_application() const override { return true; }
  Task<Result<ApplicationFacts>> inspect(Environment) override { co_return ApplicationFacts{}; }
  Task<Result<Health>> health(Environment) override {
    clock_.now += std::chrono::seconds(30);
    Health ill;
    ill.detail = "it is starting";
    co_return ill;
  }
  Task<Result<bool>> page_is_on(Environment) override { co_return true; }
  Task<Result<bool>> is_running(Environment) override { co_return true; }
  Task<Result<void>> page_on(CallIdentity, Environment) override { co_return Result<void>(); }
  Task<Result<void>> page_off(CallIdentity, Environment) override { co_return Result<void>(); }
  Task<Result<void>> stop(CallIdentity, Environment) override { co_return Result<void>(); }
  Task<Result<void>> start(CallIdentity, Environment) override { co_return Result<void>(); }
  Task<Result<ConnectionSpec>> read_binding(Environment, Binding) override { co_return ConnectionSpec{}; }
  Task<Result<void>> write_binding(CallIdentity, Environment, Binding, ConnectionSpec) override { co_return Result<void>(); }

 private:
  ClockThatIsSet& clock_;
};

// The error of an undo of stop_app, with the runbook's redeploy of shop-live and shop-test as given.
std::string given_up(double live, double test) {
  asio::thread_pool pool(1);
  ClockThatIsSet clock;
  auto sessions = make_session_factory(pool);
  auto processes = make_process_launcher();
  Provisioners provisioners(make_shared_server_provisioner());
  PoolerControllers poolers;
  Credentials credentials(*processes);
  AppControllers controllers;
  controllers.add("local", std::make_unique<NeverHealthy>(clock));
  Services services{pool, clock, *sessions, *processes, controllers, provisioners, poolers, credentials};
  Plan plan;
  Environment& environment = plan.fleet.environments["shop-live"];
  environment.id = "shop-live";
  environment.controller.kind = "local";
  PlannedTarget planned;
  for (const auto& [subject, timeout] : {std::pair{"shop-live", live}, std::pair{"shop-test", test}}) {
    StepPlan redeploy;
    redeploy.operation = "redeploy";
    redeploy.subject = subject;
    redeploy.arguments = {{"health_timeout", timeout}};
    planned.steps.push_back(redeploy);
  }
  TargetWork work{plan, planned, "k3x9aq", 7, {}, {}, false, {}, {}};
  StepPlan step;
  step.operation = "stop_app";
  step.subject = "shop-live";
  StepContext context(services, work, step, 1, [](Progress) {});
  const json intent{{"was_running", true}, {"pause", true}};
  auto undone = testing::run(make_stop_app()->undo(context, intent, json()));
  REQUIRE_FALSE(undone);
  CHECK(undone.error().kind == ErrorKind::timeout);
  return undone.error().message;
}

}  // namespace

TEST_CASE("stop_app: the way back waits for the old application as long as the way forward for the new one, a minute at least") {
  CHECK_THAT(given_up(240, 600), Catch::Contains("not healthy after 4 min 00 s: it is starting"));
  CHECK_THAT(given_up(3, 600), Catch::Contains("not healthy after 1 min 00 s: it is starting"));
}

#include "operations/application_steps.hpp"

#include "engine/core/clock.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/loop.hpp"

using namespace pgconvoy;

namespace {

// Answers page_on and page_off as told; the page is on.
class PageIsOn final : public AppController {
 public:
  explicit PageIsOn(Result<void>& answer) : answer_(answer) {}
  bool controls_application() const override { return true; }
  Task<Result<ApplicationFacts>> inspect(Environment) override { co_return ApplicationFacts{}; }
  Task<Result<Health>> health(Environment) override { co_return Health{}; }
  Task<Result<bool>> page_is_on(Environment) override { co_return true; }
  Task<Result<bool>> is_running(Environment) override { co_return false; }
  Task<Result<void>> page_on(CallIdentity, Environment) override { co_return answer_; }
  Task<Result<void>> page_off(CallIdentity, Environment) override { co_return answer_; }
  Task<Result<void>> stop(CallIdentity, Environment) override { co_return answer_; }
  Task<Result<void>> start(CallIdentity, Environment) override { co_return answer_; }
  Task<Result<ConnectionSpec>> read_binding(Environment, Binding) override { co_return ConnectionSpec{}; }
  Task<Result<void>> write_binding(CallIdentity, Environment, Binding, ConnectionSpec) override { co_return answer_; }

 private:
  Result<void>& answer_;
};

Result<void> page_turned_on(Result<void> answer) {
  asio::thread_pool pool(1);
  SystemClock clock;
  auto sessions = make_session_factory(pool);
  auto processes = make_process_launcher();
  Provisioners provisioners(make_shared_server_provisioner());
  PoolerControllers poolers;
  Credentials credentials(*processes);
  AppControllers controllers;
  controllers.add("local", std::make_unique<PageIsOn>(answer));
  Services services{pool, clock, *sessions, *processes, controllers, provisioners, poolers, credentials};
  Plan plan;
  PlannedTarget planned;
  TargetWork work{plan, planned, "k3x9aq", 7, {}, {}, false, {}, {}};
  StepPlan step;
  StepContext context(services, work, step, 1, [](Progress) {});
  Environment environment;
  environment.id = "shop-live";
  environment.controller.kind = "local";
  return testing::run(turn_page(context, environment, true));
}

}  // namespace

TEST_CASE("page: a call that failed, and did its work all the same, is success") {
  CHECK(page_turned_on(Result<void>()));
  CHECK(page_turned_on(Error(ErrorKind::timeout, "it did not answer")));
  CHECK(page_turned_on(Error(ErrorKind::process, "it ended with exit code 3")));
}

TEST_CASE("page: who is refused for an older epoch is not helped by a page that another has turned on") {
  for (const ErrorKind kind : {ErrorKind::conflict, ErrorKind::refused}) {
    const auto turned = page_turned_on(Error(kind, "epoch 2 was seen, this is 1"));
    REQUIRE_FALSE(turned);
    CHECK(turned.error().kind == kind);
  }
}

#include "engine/plan/pause.hpp"

#include <catch2/catch.hpp>

#include "engine/plan/estimate.hpp"
#include "tests/engine/plan/fake_operations.hpp"

using namespace pgconvoy;
using namespace pgconvoy::testing;

namespace {

// A restore that jobs make faster, as the real one.
class RestoreWithJobs final : public Operation {
 public:
  std::string name() const override { return "a_restore"; }
  std::string summary() const override { return "restores"; }
  Subject subject() const override { return Subject::instance; }
  Estimate estimate(const EstimateInput& input) const override { return {400 / input.arguments.value("jobs", 1.0), false}; }
  Task<Result<json>> prepare(StepContext&) override { co_return json::object(); }
  Task<Result<json>> apply(StepContext&, json) override { co_return json::object(); }
  Task<Result<Probe>> probe(StepContext&, json) override { co_return Probe{}; }
  Task<Result<std::string>> undo(StepContext&, json, json) override { co_return std::string(); }
};

struct Paused {
  OperationRegistry operations;
  Fleet fleet;
  PlannedTarget planned;
  EstimateModel model;

  Paused() {
    operations.add(std::make_unique<RestoreWithJobs>());
    add_fake(operations, "page_on", Subject::environment);
    add_fake(operations, "page_off", Subject::environment);
    for (const char* id : {"shop", "desk"}) {
      fleet.environments[id].id = id;
      planned.target.environments.push_back(id);
    }
    for (const char* name : {"page_on", "a_restore", "page_off"}) {
      StepPlan step;
      step.path = step.operation = name;
      step.arguments = std::string(name) == "a_restore" ? json{{"jobs", 1}} : json::object();
      planned.steps.push_back(step);
    }
    estimate(planned, operations, TargetFacts{}, model, 4);
  }
};

}  // namespace

TEST_CASE("pause: the environment that bears least decides; without a budget there is nothing to keep to") {
  Paused target;
  CHECK_FALSE(pause_of(target.fleet, target.planned));
  target.fleet.environments["shop"].downtime_budget = Seconds(600);
  target.fleet.environments["desk"].downtime_budget = Seconds(300);
  const auto pause = pause_of(target.fleet, target.planned);
  REQUIRE(pause);
  CHECK(pause->environment == "desk");
  CHECK(pause->budget == 300);
  CHECK(pause->p90 > pause->seconds);
  CHECK(pause->made_of.find("a_restore") == 0);
}

TEST_CASE("pause: remedies say what becomes of it, and which of them are enough") {
  Paused target;
  target.fleet.environments["shop"].downtime_budget = Seconds(500);
  const auto pause = pause_of(target.fleet, target.planned);
  REQUIRE(pause);
  const auto remedies = pause_remedies(*pause, target.planned, target.operations, TargetFacts{}, target.model);
  REQUIRE(remedies.size() >= 2);
  CHECK(remedies[0].find("jobs: 2 in the runbook: ") == 0);
  CHECK(remedies[0].find("(enough)") == std::string::npos);
  CHECK(remedies[1].find("jobs: 4 in the runbook: ") == 0);
  CHECK(remedies[1].find("(enough)") != std::string::npos);
  CHECK(std::count_if(remedies.begin(), remedies.end(), [](const std::string& each) { return each.find("alone in its region") == 0; }) == 1);
  PauseFact within = *pause;
  within.budget = 1e6;
  CHECK(pause_remedies(within, target.planned, target.operations, TargetFacts{}, target.model).empty());
  // An operation without jobs, and a target alone in its region already: nothing helps.
  target.planned.steps[1].arguments = json::object();
  target.planned.beside = 1;
  CHECK(pause_remedies(*pause, target.planned, target.operations, TargetFacts{}, target.model).empty());
}

TEST_CASE("pause: a target stands before it when all that comes before is done and nothing of it is begun") {
  PlannedTarget planned;
  for (const char* name : {"collect@a", "prepare@a", "page_on@a", "page_on@b", "page_off@a"}) {
    StepPlan step;
    step.path = name;
    step.operation = std::string(name).substr(0, step.path.find('@'));
    planned.steps.push_back(step);
  }
  const std::vector<std::string> until = steps_until_pause(planned);
  CHECK(until == std::vector<std::string>{"collect@a", "prepare@a", "page_on@a"});
  TargetRecord record;
  record.state = TargetState::running;
  const auto is = [&](const char* path, StepStatus status) {
    record.steps[path].path = path;
    record.steps[path].status = status;
  };
  is("collect@a", StepStatus::succeeded);
  CHECK_FALSE(stands_before_pause(until, record));
  is("prepare@a", StepStatus::started);
  CHECK_FALSE(stands_before_pause(until, record));
  is("prepare@a", StepStatus::succeeded);
  CHECK(stands_before_pause(until, record));
  record.state = TargetState::rolling_back;
  CHECK_FALSE(stands_before_pause(until, record));
  record.state = TargetState::running;
  is("page_on@a", StepStatus::undone);
  CHECK(stands_before_pause(until, record));
  is("page_on@a", StepStatus::started);
  CHECK_FALSE(stands_before_pause(until, record));
  planned.steps.resize(2);
  CHECK(steps_until_pause(planned).empty());
  CHECK_FALSE(stands_before_pause({}, record));
}

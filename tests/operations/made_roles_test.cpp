#include "operations/made_roles.hpp"

#include "tests/support/catch.hpp"

using namespace pgconvoy;

namespace {

constexpr const char* kPath = "reprovision_collected_instances@db";
using Roles = std::map<std::string, std::int64_t>;

ReprovisionIntent needs(std::vector<std::string> roles) {
  ReprovisionIntent intent;
  intent.server = "new";
  intent.roles = std::move(roles);
  return intent;
}

ReprovisionOutcome made(Roles roles) {
  ReprovisionOutcome outcome;
  for (const auto& [name, oid] : roles) outcome.created_roles.push_back(name);
  outcome.role_oids = std::move(roles);
  return outcome;
}

TargetRecord target(TargetState state, StepStatus status, const ReprovisionIntent& intent, const ReprovisionOutcome& outcome) {
  TargetRecord record;
  record.state = state;
  StepRecord step;
  step.path = kPath;
  step.status = status;
  step.intent = json(intent);
  step.outcome = json(outcome);
  record.steps[kPath] = step;
  return record;
}

}  // namespace

TEST_CASE("made roles: what the run made goes, unless another of its targets needs it") {
  const auto mine = needs({"app", "staff"});
  const auto my_outcome = made({{"app", 7}, {"staff", 8}});
  std::map<int, TargetRecord> targets;
  targets[1] = target(TargetState::rolling_back, StepStatus::undo_started, mine, my_outcome);
  CHECK(roles_to_drop(mine, my_outcome, targets) == MadeRoles{{"app", {7}}, {"staff", {8}}});

  targets[2] = target(TargetState::succeeded, StepStatus::succeeded, needs({"staff"}), made({}));
  CHECK(roles_to_drop(mine, my_outcome, targets) == MadeRoles{{"app", {7}}});
  targets[2] = target(TargetState::running, StepStatus::started, needs({"staff"}), made({}));
  CHECK(roles_to_drop(mine, my_outcome, targets) == MadeRoles{{"app", {7}}});
  targets[2] = target(TargetState::stuck, StepStatus::unknown, needs({"staff"}), made({}));
  CHECK(roles_to_drop(mine, my_outcome, targets) == MadeRoles{{"app", {7}}});
}

TEST_CASE("made roles: on another server the same name is another role") {
  const auto mine = needs({"app"});
  auto elsewhere = needs({"app"});
  elsewhere.server = "other";
  std::map<int, TargetRecord> targets;
  targets[2] = target(TargetState::succeeded, StepStatus::succeeded, elsewhere, made({{"app", 9}}));
  targets[3] = target(TargetState::rolled_back, StepStatus::undone, elsewhere, made({{"more", 10}}));
  CHECK(roles_to_drop(mine, made({{"app", 7}}), targets) == MadeRoles{{"app", {7}}});
}

TEST_CASE("made roles: the last target to go takes what an earlier one had to leave") {
  const auto mine = needs({"app"});
  std::map<int, TargetRecord> targets;
  targets[2] = target(TargetState::rolled_back, StepStatus::undone, needs({"app"}), made({{"app", 7}}));
  CHECK(roles_to_drop(mine, made({}), targets) == MadeRoles{{"app", {7}}});
  // Made anew since: it is ours under either oid.
  CHECK(roles_to_drop(mine, made({{"app", 9}}), targets) == MadeRoles{{"app", {7, 9}}});
  // Two that go back at the same time don't wait for each other: the server knows whose database is still there.
  targets[2] = target(TargetState::rolling_back, StepStatus::succeeded, needs({"app"}), made({{"app", 7}}));
  CHECK(roles_to_drop(mine, made({}), targets) == MadeRoles{{"app", {7}}});
}

TEST_CASE("made roles: what one database of a target made and had to leave to another of it goes with the last") {
  const auto main = needs({"app"}), queue = needs({"app"});
  std::map<int, TargetRecord> targets;
  targets[1] = target(TargetState::rolling_back, StepStatus::undone, main, made({{"app", 7}}));
  StepRecord& step = targets[1].steps["reprovision_collected_instances@queue"];
  step.path = "reprovision_collected_instances@queue";
  step.status = StepStatus::undo_started;
  step.intent = json(queue);
  step.outcome = json(made({}));
  CHECK(roles_to_drop(queue, made({}), targets) == MadeRoles{{"app", {7}}});
  // Taken back only to be made anew: the other database stays.
  targets[1].state = TargetState::running;
  targets[1].steps.begin()->second.status = StepStatus::undo_started;
  step.status = StepStatus::succeeded;
  CHECK(roles_to_drop(main, made({{"app", 7}}), targets).empty());
}

TEST_CASE("made roles: a role that was there before the run is never among them") {
  std::map<int, TargetRecord> targets;
  targets[2] = target(TargetState::rolled_back, StepStatus::undone, needs({"app", "old"}), made({{"app", 7}}));
  CHECK(roles_to_drop(needs({"app", "old"}), made({}), targets) == MadeRoles{{"app", {7}}});
}

TEST_CASE("made roles: a step without outcome may have made what was missing; an earlier attempt is remembered") {
  auto mine = needs({"app", "staff"});
  mine.missing_roles = {"app"};
  mine.made_before = {{"staff", 8}};
  CHECK(roles_to_drop(mine, std::nullopt, {}) == MadeRoles{{"app", {0}}, {"staff", {8}}});

  TargetRecord record = target(TargetState::running, StepStatus::undone, mine, made({{"app", 7}}));
  CHECK(made_before(record, kPath) == Roles{{"app", 7}, {"staff", 8}});
  CHECK(made_before(record, "reprovision_collected_instances@other").empty());
}

TEST_CASE("made roles: a rehearsal that is at its end, or over, needs none") {
  const auto mine = needs({"app", "staff"});
  const auto my_outcome = made({{"app", 7}, {"staff", 8}});
  std::map<int, TargetRecord> targets;
  targets[1] = target(TargetState::running, StepStatus::succeeded, mine, my_outcome);
  CHECK(roles_to_drop(mine, my_outcome, targets).empty());
  const auto is_removed = [](TargetRecord& record, const std::string& path, StepStatus status) {
    record.steps[path].path = path;
    record.steps[path].status = status;
  };
  // Of another database of the target: that one's end is not this one's.
  is_removed(targets[1], "as_rehearsal/remove_rehearsal@other", StepStatus::succeeded);
  CHECK(roles_to_drop(mine, my_outcome, targets).empty());
  is_removed(targets[1], "as_rehearsal/remove_rehearsal@db", StepStatus::started);
  CHECK(roles_to_drop(mine, my_outcome, targets) == MadeRoles{{"app", {7}}, {"staff", {8}}});

  // Another one is still restoring with a role that this one made; whoever comes last takes it away.
  targets[2] = target(TargetState::running, StepStatus::succeeded, needs({"staff"}), made({}));
  CHECK(roles_to_drop(mine, my_outcome, targets) == MadeRoles{{"app", {7}}});
  is_removed(targets[1], "as_rehearsal/remove_rehearsal@db", StepStatus::succeeded);
  is_removed(targets[2], "as_rehearsal/remove_rehearsal@db", StepStatus::started);
  targets[1].state = TargetState::succeeded;
  const auto last = needs({"staff"});
  CHECK(roles_to_drop(last, made({}), targets).at("staff") == std::set<std::int64_t>{8});
}

#include "operations/by_hand.hpp"

#include <catch2/catch.hpp>

using namespace pgconvoy;

namespace {

TargetRecord a_stuck_target(bool pivoted = false) {
  TargetRecord target;
  target.run = 7;
  target.number = 1;
  target.id = "shop-live";
  target.state = TargetState::stuck;
  target.pivoted = pivoted;
  return target;
}

StepRecord a_step(StepStatus status, json outcome = nullptr) {
  StepRecord step;
  step.path = "some/step@shop";
  step.status = status;
  step.attempt = 1;
  step.outcome = std::move(outcome);
  return step;
}

bool taken(const std::string& operation, ByHand as, StepStatus status = StepStatus::failed, bool pivoted = false) {
  return resolve_by_hand(a_stuck_target(pivoted), a_step(status), operation, as).has_value();
}

}  // namespace

TEST_CASE("by hand: what only a step itself can write down is not taken from a person") {
  for (const char* operation : {"backup_collected_services", "reprovision_collected_instances", "verify_restored_services"}) {
    INFO(operation);
    const auto refused = resolve_by_hand(a_stuck_target(), a_step(StepStatus::failed), operation, ByHand::done);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().kind == ErrorKind::refused);
    CHECK(refused.error().remedy.find("pgconvoy retry") != std::string::npos);
    // It was done before its undo failed: what it wrote down is there.
    CHECK(resolve_by_hand(a_stuck_target(), a_step(StepStatus::undo_failed, {{"oid", 1}}), operation, ByHand::done));
  }
}

TEST_CASE("by hand: done brings an outcome where later steps ask whether there is one") {
  const auto analyzed = resolve_by_hand(a_stuck_target(), a_step(StepStatus::failed), "analyze_restored_services", ByHand::done);
  REQUIRE(analyzed);
  CHECK(*analyzed == json::object());
  const auto closed = resolve_by_hand(a_stuck_target(), a_step(StepStatus::failed), "close_source", ByHand::done);
  REQUIRE(closed);
  CHECK(closed->is_null());
}

TEST_CASE("by hand: no step is left out that a promise rests on") {
  for (const char* operation : {"backup_collected_services", "reprovision_collected_instances", "restore_backup_to_reprovisioned_services",
                                "verify_restored_services", "verify_after_pivot", "fence_source", "enable_reprovisioned_services", "redeploy", "page_off"}) {
    INFO(operation);
    CHECK_FALSE(taken(operation, ByHand::skip));
  }
  for (const char* operation : {"close_source", "deprovision_collected_instances", "page_on", "an_operation_of_the_site"}) {
    INFO(operation);
    CHECK(taken(operation, ByHand::skip));
  }
}

TEST_CASE("by hand: an undo is left out where only rubbish stays, never where the application would not come back") {
  for (const char* operation : {"backup_collected_services", "reprovision_collected_instances", "restore_backup_to_reprovisioned_services"}) {
    INFO(operation);
    CHECK(taken(operation, ByHand::skip, StepStatus::undo_failed));
  }
  for (const char* operation : {"fence_source", "enable_reprovisioned_services", "redeploy", "page_on", "stop_app", "pause_poolers"}) {
    INFO(operation);
    CHECK_FALSE(taken(operation, ByHand::skip, StepStatus::undo_failed));
    // Brought about by hand it is as if it had never been.
    CHECK(taken(operation, ByHand::absent, StepStatus::undo_failed));
  }
}

TEST_CASE("by hand: after the pivot nobody's word replaces the comparison") {
  for (const char* operation : {"redeploy", "enable_reprovisioned_services"}) {
    INFO(operation);
    CHECK(taken(operation, ByHand::absent, StepStatus::undo_failed, false));
    CHECK_FALSE(taken(operation, ByHand::absent, StepStatus::undo_failed, true));
    CHECK_FALSE(taken(operation, ByHand::absent, StepStatus::failed, true));
  }
  CHECK(taken("close_source", ByHand::absent, StepStatus::failed, true));
}

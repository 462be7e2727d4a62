#include "engine/plan/verification.hpp"

#include "engine/plan/schedule.hpp"
#include "engine/plan/way.hpp"
#include "tests/support/catch.hpp"

using namespace pgconvoy;
using Catch::Contains;

namespace {

std::optional<PauseFact> paused_for(double p90, double budget) {
  PauseFact fact;
  fact.seconds = p90 / 2;
  fact.p90 = p90;
  fact.budget = budget;
  return fact;
}

Runbook with_verify(const std::string& mode) {
  RunbookNode page{"with_maintenance_page", {{"verify", mode}}, {{"verify_restored_services", {{"verify", mode}, {"content", true}}, {}}}};
  Runbook runbook;
  runbook.operations = {{"collect_service_instances", json::object(), {}}, page};
  return runbook;
}

}  // namespace

TEST_CASE("verification: everything before the pivot, unless the downtime budget can't bear it and another mode can") {
  const std::vector<std::pair<Verification, double>> others{{Verification::snapshot, 50}, {Verification::counts, 40}};
  CHECK(choose_verification(std::nullopt, others).verification == Verification::before);
  CHECK(choose_verification(paused_for(60, 60), others).verification == Verification::before);
  CHECK(choose_verification(paused_for(61, 60), others).verification == Verification::snapshot);
  CHECK(choose_verification(paused_for(61, 45), others).verification == Verification::counts);
  CHECK(choose_verification(paused_for(61, 30), others).verification == Verification::before);  // a weaker proof for nothing
  CHECK(choose_verification(paused_for(61, 60), {}).verification == Verification::before);
}

TEST_CASE("verification: the choice says its reason in figures") {
  CHECK_THAT(choose_verification(std::nullopt, {}).because, Contains("no downtime budget"));
  CHECK_THAT(choose_verification(paused_for(20, 60), {}).because, Contains("20.0 s") && Contains("1 min"));
  CHECK_THAT(choose_verification(paused_for(90, 60), {{Verification::snapshot, 50}}).because, Contains("50.0 s") && Contains("1 min 30 s"));
  CHECK_THAT(choose_verification(paused_for(90, 60), {{Verification::snapshot, 70}}).because, Contains("in every mode"));
}

TEST_CASE("verification: what is left open is put in, what was asked for stays") {
  CHECK(asked_verification(with_verify("auto")) == kAutomatic);
  CHECK(asked_verification(Runbook()) == "");
  const Runbook decided = with_verification(with_verify("auto"), Verification::snapshot, kAutomatic);
  CHECK(asked_verification(decided) == "snapshot");
  CHECK(verification_of(decided.operations[1].arguments) == Verification::snapshot);
  CHECK(asked_verification(with_verification(with_verify("counts"), Verification::snapshot, kAutomatic)) == "counts");
}

TEST_CASE("verification: another mode than the one that was asked for can be tried") {
  CHECK(asked_verification(with_verification(with_verify("before"), Verification::counts, "before")) == "counts");
}

TEST_CASE("verification: arguments that leave it open or don't know it mean before") {
  CHECK(verification_of(json()) == Verification::before);
  CHECK(verification_of({{"verify", "auto"}}) == Verification::before);
  for (const Verification mode : {Verification::before, Verification::snapshot, Verification::counts}) {
    CHECK(verification_of({{"verify", to_string(mode)}}) == mode);
    CHECK(is_verification(to_string(mode)));
  }
  CHECK_FALSE(is_verification("auto"));
}

TEST_CASE("verification: a difference found late is told from any other failure of its step") {
  CHECK(is_late_difference(kLateVerification, Error(ErrorKind::corrupt, "different")));
  CHECK_FALSE(is_late_difference(kLateVerification, Error(ErrorKind::unreachable, "no answer")));
  CHECK_FALSE(is_late_difference("verify_restored_services", Error(ErrorKind::corrupt, "different")));
}

TEST_CASE("decide: once all is stopped nothing new begins, whatever the budget of failures, and the run is halted") {
  std::vector<Candidate> candidates(2);
  candidates[0].number = 1;
  candidates[1].number = 2;
  Schedule schedule(candidates);
  schedule.stands(1, Standing::failed);
  schedule.stands(2, Standing::pending);
  Limits limits;
  Surroundings around;
  CHECK(decide(schedule, limits, around).start == std::vector<int>{2});
  limits.stop = "shop was found different";
  const Decision decision = decide(schedule, limits, around);
  CHECK(decision.start.empty());
  CHECK(decision.halted);
  REQUIRE(decision.waits.size() == 1);
  CHECK(decision.waits[0].text == "shop was found different");
}

#include "engine/run/findings.hpp"

#include <catch2/catch.hpp>

using namespace pgconvoy;
using Catch::Matchers::Contains;

namespace {

class AlwaysBlocks final : public Condition {
 public:
  std::string name() const override { return "always"; }
  std::string summary() const override { return "Never holds."; }
  std::vector<Finding> evaluate(const TargetFacts&, const json&) const override {
    Finding finding;
    finding.severity = Severity::block;
    finding.condition = "always";
    finding.object = "database \"shop\"";
    finding.evidence = "seen";
    return {finding};
  }
};

struct Case {
  Plan plan;
  ConditionRegistry conditions;
  TargetFacts facts;
  Case() {
    plan.runbook.preconditions = {{"always", json::object(), {}}};
    conditions.add(std::make_unique<AlwaysBlocks>());
    facts.target = "shop-live";
  }
  Finding judged(const char* now) const { return evaluate(plan, conditions, facts, parse_utc(now)).at(0); }
};

constexpr const char* kLastDay = "2026-12-31T23:59:59.000Z";
constexpr const char* kDayAfter = "2027-01-01T00:00:00.000Z";

}  // namespace

TEST_CASE("findings: a suppression accepts until the end of its last day, and says why") {
  Case at;
  at.plan.fleet.suppressions = {{"always", "shop-*", "*", "the owner knows", "2026-12-31"}};
  const Finding accepted = at.judged(kLastDay);
  CHECK(accepted.severity == Severity::info);
  CHECK(accepted.accepted);
  CHECK_THAT(accepted.evidence, Contains("accepted until 2026-12-31: the owner knows"));
  const Finding over = at.judged(kDayAfter);
  CHECK(over.severity == Severity::block);
  CHECK_FALSE(over.accepted);
  CHECK_THAT(over.evidence, Contains("was accepted until 2026-12-31"));
}

TEST_CASE("findings: a suppression of another target, object or condition changes nothing") {
  for (const Suppression& other : {Suppression{"always", "forum-*", "*", "r", "2026-12-31"}, Suppression{"always", "*", "table *", "r", "2026-12-31"},
                                   Suppression{"never", "*", "*", "r", "2026-12-31"}}) {
    Case at;
    at.plan.fleet.suppressions = {other};
    CHECK(at.judged(kLastDay).severity == Severity::block);
    CHECK(at.judged(kLastDay).evidence == "seen");
  }
}

TEST_CASE("findings: an override turns a block into a warning, that of every condition too") {
  for (const char* which : {"always", kEveryCondition}) {
    Case at;
    at.plan.options.overrides[which] = "it is night";
    const Finding finding = at.judged(kLastDay);
    CHECK(finding.severity == Severity::warn);
    CHECK_THAT(finding.evidence, Contains("overridden: it is night"));
  }
}

TEST_CASE("findings: a suppression must name a condition that there is") {
  Case at;
  at.plan.fleet.suppressions = {{"alwais", "*", "*", "r", "2026-12-31"}};
  const auto checked = check_suppressions(at.plan.fleet, at.conditions);
  REQUIRE_FALSE(checked);
  CHECK_THAT(checked.error().message, Contains("alwais") && Contains("did you mean \"always\"?"));
  at.plan.fleet.suppressions[0].condition = "always";
  CHECK(check_suppressions(at.plan.fleet, at.conditions));
}

#include "engine/report/accepted_risks.hpp"
#include "engine/run/findings.hpp"
#include "tests/support/catch.hpp"

using namespace pgconvoy;
using namespace pgconvoy::report;

namespace {

PlannedTarget planned_with(const std::string& id, std::vector<Finding> findings) {
  PlannedTarget planned;
  planned.target.id = id;
  planned.findings = std::move(findings);
  return planned;
}

Finding found(const std::string& condition, const std::string& evidence, bool accepted = false) {
  Finding finding{Severity::warn, condition, "database \"shop\"", evidence, "why", "remedy", false};
  finding.accepted = accepted;
  return finding;
}

}  // namespace

TEST_CASE("accepted risks: overrides with what they turned, suppressions that were used, and no others") {
  RunOptions options;
  options.overrides["disk_space"] = "a new disk comes at noon";
  options.overrides["certificates_accepted"] = "not needed";
  Fleet fleet;
  fleet.suppressions = {{"target_is_backed_up", "shop-*", "*", "by the hypervisor", "2027-01-31"},
                        {"no_long_transactions", "*", "*", "never met", "2027-01-31"}};
  const std::vector<PlannedTarget> targets{
      planned_with("shop-live", {found("disk_space", "full (overridden: a new disk comes at noon)"), found("target_is_backed_up", "none", true)}),
      planned_with("shop-test", {found("disk_space", "full (overridden: a new disk comes at noon)"), found("disk_space", "another"),
                                 found("target_is_backed_up", "none", true)}),
      planned_with("other", {found("target_is_backed_up", "none")})};
  const auto risks = accepted_risks(options, fleet, targets);
  REQUIRE(risks.size() == 3);
  CHECK(to_line(risks[0]) == "overridden: certificates_accepted (not needed), no finding");
  CHECK(to_line(risks[1]) == "overridden: disk_space (a new disk comes at noon), 2 findings of 2 targets");
  CHECK(to_line(risks[2]) == "accepted until 2027-01-31: target_is_backed_up (by the hypervisor), 2 findings of 2 targets");
}

TEST_CASE("accepted risks: an override of everything counts what it turned, under its own name") {
  RunOptions options;
  options.overrides[kEveryCondition] = "a drill";
  const auto risks = accepted_risks(options, Fleet{}, {planned_with("a", {found("disk_space", "x (overridden: a drill)"), found("disk_space", "y")})});
  REQUIRE(risks.size() == 1);
  CHECK(to_line(risks[0]) == "overridden: every precondition (a drill), 1 finding of 1 target");
}

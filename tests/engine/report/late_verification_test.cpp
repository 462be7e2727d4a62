#include "engine/report/run_report_parts.hpp"
#include "engine/report/run_summary.hpp"
#include "tests/support/catch.hpp"

using namespace pgconvoy;
using namespace pgconvoy::report;
using Catch::Contains;

namespace {

// A target of which one step has succeeded with that outcome.
TargetSummary after_late_step(json outcome) {
  TargetRecord record;
  record.id = "shop-live";
  StepRecord step;
  step.path = "with_maintenance_page/verify_after_pivot@shop-live-db";
  step.status = StepStatus::succeeded;
  step.attempt = 1;
  step.first_started = 1;
  step.outcome = std::move(outcome);
  record.steps[step.path] = step;
  TargetSummary summary;
  summary.id = "shop-live";
  summary.state = TargetState::succeeded;
  summary.verification = "snapshot";
  read_steps(summary, record);
  return summary;
}

RunSummary run_with_only(TargetSummary target) {
  RunSummary summary;
  summary.name = "r7";
  summary.targets.push_back(std::move(target));
  summary.totals.targets = summary.totals.succeeded = 1;
  return summary;
}

std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

}  // namespace

TEST_CASE("report: contents that were all compared after the pivot need no words but the mode") {
  const TargetSummary target = after_late_step({{"verdict", "equal"}, {"tables", 12}, {"bytes", 4096}, {"not_comparable", json::object()}});
  CHECK_FALSE(target.verification_is_partial);
  CHECK(target.verified_bytes == 4096);
  CHECK_THAT(target.verification_outcome, Contains("contents of 12 tables") && Contains("equal"));
  const std::string text = joined(lines_of_totals(run_with_only(target)));
  CHECK_THAT(text, Contains("verified in mode snapshot: 1 target") && !Contains("12 tables"));
}

TEST_CASE("report: what couldn't be compared is named, and is no difference") {
  json tables{{"public.a", "truncated or rewritten since"}, {"public.b", "dropped since"}, {"public.c", "dropped since"}, {"public.d", "dropped since"}};
  const TargetSummary target = after_late_step({{"verdict", "equal"}, {"tables", 12}, {"not_comparable", tables}});
  CHECK(target.verification_is_partial);
  CHECK_THAT(target.verification_outcome, Contains("not comparable: 4 tables (public.a (truncated or rewritten since), public.b (dropped since), public.c (dropped since))") &&
                                              !Contains("public.d") && !Contains("different"));
}

TEST_CASE("report: a lost snapshot leaves verified by counts, and says who is asked for what") {
  const TargetSummary target = after_late_step({{"verdict", "counts"}, {"because", "the snapshot was lost"}});
  CHECK(target.verification_is_partial);
  CHECK_THAT(joined(lines_of_totals(run_with_only(target))), Contains("shop-live: verified by counts: the snapshot was lost"));

  RunSummary summary = run_with_only(target);
  summary.unaccepted["r7/t1/accept_verification/shop-live-db"] = "shop-live";
  const ReportView view{summary, "", 0, false};
  CHECK_THAT(joined(lines_of_kept(view)), Contains("pgconvoy accept r7 shop-live --reason TEXT"));
}

TEST_CASE("report: a difference that somebody accepted stays in the report with his reason") {
  const TargetSummary target = after_late_step({{"verdict", "accepted"}, {"because", "kim: put right by hand; public.a differed"}});
  CHECK(target.verification_is_partial);
  CHECK_THAT(target.verification_outcome, Contains("accepted by kim: put right by hand"));
}

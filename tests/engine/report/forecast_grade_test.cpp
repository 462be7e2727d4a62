#include "engine/report/forecast_grade.hpp"

#include <catch2/catch.hpp>

#include "engine/report/forecast_report.hpp"
#include "engine/report/run_report.hpp"
#include "engine/report/status_report.hpp"
#include "tests/engine/report/example.hpp"

using namespace pgconvoy;
using namespace pgconvoy::report;
using pgconvoy::testing::ExampleRun;
using Catch::Matchers::Contains;

namespace {

// From its claim on a target takes 2 s and its pause.
int foretold_target(ExampleRun& example, const std::string& id, double seconds, double p90) {
  const int number = example.add(id);
  PlannedTarget& planned = example.input.planned.back();
  planned.seconds = seconds;
  planned.seconds_p90 = p90;
  planned.paused_seconds = seconds - 2;
  planned.paused_p90 = p90 - 2;
  return number;
}

}  // namespace

TEST_CASE("grade: bias, error and coverage of what was foretold") {
  ExampleRun example;
  example.succeed(foretold_target(example, "a", 10, 12), 1, 8);    // 10 s: just so
  example.succeed(foretold_target(example, "b", 10, 12), 20, 10);  // 12 s
  example.succeed(foretold_target(example, "c", 10, 12), 40, 18);  // 20 s: over its p90
  example.roll_back(foretold_target(example, "d", 10, 12), 70, "no");
  example.succeed(example.add("e"), 80, 3);  // nobody foretold anything
  example.input.run.ended = testing::at(101);
  example.input.run.state = RunState::finished_with_failures;
  example.input.run.plan["forecast"] = {{"seconds", {{"p50", 80.0}, {"p90", 120.0}}}};
  const RunSummary summary = summarize(example.input);
  REQUIRE(summary.grade);
  const ForecastGrade& grade = *summary.grade;
  CHECK(grade.targets.size() == 3);
  CHECK(grade.total.bias == Approx(0.2));
  CHECK(grade.total.error == Approx(0.2));
  CHECK(grade.total.covered == Approx(2.0 / 3));
  CHECK(grade.paused.bias == Approx(0.25));
  CHECK(*grade.run == Approx(100));
  CHECK(*grade.run_foretold == 80);
  const std::string text = report_text({summary, ""}, Style{});
  CHECK_THAT(text, Contains("Forecast and what became of it\n  the run took 1 min 40 s; foretold were 1 min 20 s, nine times of ten within 2 min 00 s (+25 %)"));
  CHECK_THAT(text, Contains("targets: 20 % longer than foretold, half of 3 targets off by at most 20 %; 67 % within"));
  CHECK_THAT(report_markdown({summary, ""}), Contains("## Forecast and what became of it") && Contains("    1.1 - 1.25             1  ##"));
  const json document = report_json({summary, ""});
  CHECK(document["forecast"]["targets"]["within_p90"].get<double>() == Approx(2.0 / 3));
  CHECK(document["forecast"]["each"].size() == 3);
  ForecastGrade asked = grade;
  asked.answers_assumed = true;  // a person's minutes say nothing about the estimates
  CHECK_THAT(lines_of_grade(asked)[0], !Contains("+25 %") && Contains("answer to each wave: not to be compared"));
  CHECK_THAT(grade_svg(grade), Contains("<svg ") && Contains("#b3261e"));
}

TEST_CASE("grade: a run of which nothing was foretold has none") {
  ExampleRun example;
  example.succeed(example.add("a"), 1, 5);
  CHECK_FALSE(summarize(example.input).grade);
  CHECK(report_json({summarize(example.input), ""})["forecast"].is_null());
}

TEST_CASE("status: a run under way says how long the rest will take, by what was seen of it") {
  ExampleRun example;
  example.input.run.plan["contention"] = 0.4;
  for (const char* id : {"a", "b", "c", "d", "e", "f"}) {
    foretold_target(example, id, 10, 20);
    example.input.planned.back().spread = 0.1;
    example.input.planned.back().shared_spread = 0.45;
  }
  example.input.rollout.wave_ends = {6};
  for (int number = 1; number <= 4; ++number) example.succeed(number, 20 * number, 18);  // 20 s each: twice as long
  const RunSummary summary = summarize(example.input);
  REQUIRE(summary.rest);
  CHECK(summary.rest->rest.targets == 2);
  const std::string text = status_text({summary, ""}, true, Style{});
  CHECK_THAT(text, Contains("to go for 2 targets; 4 targets so far: 1.9"));
  CHECK(status_json({summary, ""}, true)["rest"]["targets"] == 2);
  example.input.run.state = RunState::succeeded;
  CHECK_FALSE(summarize(example.input).rest);
}

TEST_CASE("costs and forecasts: tables, CSV and JSON never show a missing price as zero") {
  Plan plan;
  PlannedTarget planned;
  planned.number = 1;
  planned.target.id = "a,b";
  planned.target.region = "eu";
  planned.placements["db"] = {"old", "new", ""};
  planned.seconds = 10;
  planned.seconds_p90 = 20;
  planned.bytes = 1000000000;
  plan.targets = {planned};
  PriceBook book;
  book.currency = "EUR";
  book.regions["eu"].engineer_hour = 80;
  const PlanCost cost = cost_of(plan, book);
  CHECK_THAT(cost_text(cost, Style{}, 0, true), Contains("backups kept") && Contains("?") && Contains("and what is missing") &&
                                                    Contains("no price for backup_gb_month in region eu"));
  const json document = cost_json(cost);
  CHECK(document["regions"]["eu"]["backups"]["money"].is_null());
  CHECK(document["regions"]["eu"]["engineers"]["money"]["low"].get<double>() == Approx(80 * 10 / 3600.0));
  CHECK(document["complete"] == false);
  const std::string csv = plan_csv(plan, &cost);
  CHECK_THAT(csv, Contains("1,\"a,b\",eu,1,1000000000,no,10.000,20.000,") && Contains(",EUR,no,"));
  const std::string header = csv.substr(0, csv.find('\n')), row = csv.substr(header.size() + 1);
  // The comma of the name is quoted.
  CHECK(std::count(header.begin(), header.end(), ',') + 1 == std::count(row.begin(), row.end(), ','));
  CHECK_THAT(plan_csv(plan, nullptr), !Contains("EUR"));
}

#include "engine/report/measured.hpp"

#include "engine/report/run_report.hpp"
#include "tests/engine/report/example.hpp"

using namespace pgconvoy;
using namespace pgconvoy::report;
using pgconvoy::testing::ExampleRun;
using Catch::Matchers::Contains;

namespace {

// A rehearsal of two databases; of the second the restore fails.
ExampleRun rehearsed() {
  ExampleRun run;
  run.input.run.runbook = "rehearsal-of-postgres-13-to-15";
  const int shop = run.add("shop-live"), crm = run.add("crm-live");
  for (const int target : {shop, crm}) {
    PlannedTarget& planned = run.input.planned[target - 1];
    const std::string id = planned.target.id + "-db";
    planned.target.instances = {id};
    for (const char* operation : {"backup_collected_services", "restore_backup_to_reprovisioned_services", "verify_rehearsal", "remove_rehearsal"}) {
      StepPlan step;
      step.operation = operation;
      step.path = std::string("as_rehearsal/") + operation + "@" + id;
      step.subject = id;
      planned.steps.push_back(step);
    }
    run.happen(target, EventKind::target_claimed, 10);
    run.step(target, "as_rehearsal/backup_collected_services@" + id, 10, 10 + 4 * target);
  }
  run.step(shop, "as_rehearsal/restore_backup_to_reprovisioned_services@shop-live-db", 20, 36);
  run.step(shop, "as_rehearsal/verify_rehearsal@shop-live-db", 36, 37, json::object(), {{"rows", 1500}, {"bytes", 4 << 20}});
  run.step(shop, "as_rehearsal/remove_rehearsal@shop-live-db", 37, 38);
  run.happen(shop, EventKind::target_succeeded, 38);
  const std::string failed = "as_rehearsal/restore_backup_to_reprovisioned_services@crm-live-db";
  const json error{{"kind", "process"}, {"message", "index row size 3048 exceeds btree version 4 maximum 2704"}};
  run.happen(crm, EventKind::step_started, 20, failed, {{"intent", json::object()}});
  run.happen(crm, EventKind::step_failed, 22, failed, {{"error", error}});
  run.happen(crm, EventKind::target_rolling_back, 22, failed, {{"error", error}, {"step", failed}});
  run.happen(crm, EventKind::undo_started, 23, failed);
  run.happen(crm, EventKind::step_undone, 23, failed);
  run.happen(crm, EventKind::undo_started, 23, "as_rehearsal/backup_collected_services@crm-live-db");
  run.happen(crm, EventKind::step_undone, 24, "as_rehearsal/backup_collected_services@crm-live-db");
  run.happen(crm, EventKind::target_rolled_back, 24);
  run.input.run.state = RunState::finished_with_failures;
  return run;
}

}  // namespace

TEST_CASE("measured: steps that succeeded and stand, by operation in the runbook's order") {
  ExampleRun run = rehearsed();
  const auto measured = measure(run.input.planned, run.input.targets);
  REQUIRE(measured.size() == 4);
  CHECK(measured[0].operation == "backup_collected_services");
  CHECK(measured[0].steps == 1);  // the other one was undone
  CHECK(measured[0].median.count() == Approx(4));
  CHECK(measured[1].operation == "restore_backup_to_reprovisioned_services");
  CHECK(measured[1].longest.count() == Approx(16));
  CHECK(measured[1].bytes == 8 << 20);
  CHECK(measures_json(measured)[1].at("seconds") == Approx(16));
  const std::string table = table_of_measures(measured).text(Style{}, 0);
  CHECK_THAT(table, Contains("16.0 s      512 kB"));
  CHECK_THAT(table, Contains("remove_rehearsal                                  1   1.0 s    1.0 s           -"));
}

TEST_CASE("measured: a median of two, and what a target has is divided among its databases") {
  ExampleRun run;
  const int shop = run.add("shop-live");
  PlannedTarget& planned = run.input.planned[0];
  planned.target.instances = {"a", "b"};
  run.happen(shop, EventKind::target_claimed, 10);
  for (const auto& [id, seconds] : {std::pair{"a", 2}, std::pair{"b", 6}}) {
    StepPlan step;
    step.operation = "backup_collected_services";
    step.path = std::string("backup_collected_services@") + id;
    planned.steps.push_back(step);
    run.step(shop, step.path, 10, 10 + seconds);
  }
  const auto measured = measure(run.input.planned, run.input.targets);
  REQUIRE(measured.size() == 1);
  CHECK(measured[0].median.count() == Approx(4));
  CHECK(measured[0].sum.count() == Approx(8));
  CHECK(measured[0].bytes == 8 << 20);
}

TEST_CASE("report: a rehearsal says what would have failed, never that something was moved") {
  ExampleRun run = rehearsed();
  const RunSummary summary = summarize(run.input);
  CHECK(summary.rehearsal);
  CHECK(summary.targets[0].verified);
  const std::string text = report_text({summary}, Style{});
  CHECK_THAT(text, Contains("rehearsal r7: finished with failures"));
  CHECK_THAT(text, Contains("2 targets: 1 rehearsed, 1 would have failed"));
  CHECK_THAT(text, Contains("8 MB restored and removed again, 1,500 rows verified"));
  CHECK_THAT(text, Contains("index row size 3048 exceeds btree version 4 maximum 2704"));
  CHECK_THAT(text, Contains("its application and its database were not touched"));
  CHECK_THAT(text, Contains("restore_backup_to_reprovisioned_services"));
  CHECK_THAT(text, !Contains(" moved"));
  CHECK_THAT(text, !Contains("succeeded"));
  const json document = report_json({summary});
  CHECK(document["run"]["rehearsal"] == true);
  CHECK(document["measured"].size() == 4);

  ExampleRun move;
  move.succeed(move.add("shop-live"), 10, 4);
  CHECK(report_json({summarize(move.input)})["run"]["rehearsal"] == false);
  CHECK(report_json({summarize(move.input)})["measured"] == json::array());
}

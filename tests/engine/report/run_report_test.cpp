#include "engine/report/run_report.hpp"

#include "engine/report/status_report.hpp"
#include "tests/engine/report/example.hpp"

using namespace pgconvoy;
using namespace pgconvoy::report;
using pgconvoy::testing::ExampleRun;
using Catch::Matchers::Contains;

TEST_CASE("report: table, totals and pauses of a run that went well") {
  ExampleRun run;
  run.succeed(run.add("shop-live"), 10, 4);
  run.succeed(run.add("crm-live"), 20, 10);
  run.input.run.state = RunState::succeeded;
  run.input.run.ended = testing::at(61);
  const RunSummary summary = summarize(run.input);
  CHECK(summary.totals.succeeded == 2);
  CHECK(summary.totals.verified_rows == 3000);
  CHECK(summary.totals.paused_median->count() == Approx(7));
  CHECK(summary.totals.paused_longest->count() == Approx(10));
  const std::string text = report_text({summary}, Style{});
  CHECK_THAT(text, Contains("run r7: succeeded"));
  CHECK_THAT(text, Contains("shop-live  8 MB       4.0 s   6.0 s  1,500   4 MB  succeeded"));
  CHECK_THAT(text, Contains("2 targets: 2 succeeded, none failed"));
  CHECK_THAT(text, Contains("16 MB moved, 3,000 rows verified (8 MB), in 1 min 00 s"));
  CHECK_THAT(text, Contains("paused for 7.0 s (median), 10.0 s (longest)"));
  CHECK_THAT(text, !Contains("next:"));
}

TEST_CASE("report: a failure says what, where, the state now and what to type, with the journal that was given") {
  ExampleRun run;
  run.roll_back(run.add("shop-live"), 10, "index row size 3048 exceeds btree version 4 maximum 2704\x1b[2J");
  run.input.run.state = RunState::finished_with_failures;
  const RunSummary summary = summarize(run.input);
  const std::string text = report_text({summary, " --journal /tmp/j.db"}, Style{});
  CHECK_THAT(text, Contains("run r7: finished with failures"));
  CHECK_THAT(text, Contains("shop-live (eu-pg13 -> eu-pg15)"));
  CHECK_THAT(text, Contains("step reprovision_collected_instances@shop-live-db"));
  CHECK_THAT(text, Contains("index row size 3048 exceeds btree version 4 maximum 2704 [2J (server eu-pg15) [SQLSTATE 54000]"));
  CHECK_THAT(text, Contains("-> drop that index"));
  CHECK_THAT(text, Contains("undone before the application was paused; nothing of it is left"));
  CHECK_THAT(text, Contains("pgconvoy retry r7 shop-live --journal /tmp/j.db"));
  CHECK(text.find('\x1b') == std::string::npos);
}

TEST_CASE("report: a stuck target names page, live database, ways out and why old clients see no database") {
  ExampleRun run;
  const int shop = run.add("shop-live");
  run.happen(shop, EventKind::target_claimed, 10);
  run.step(shop, "with_maintenance_page/page_on@shop-live", 11, 11);
  run.step(shop, "with_maintenance_page/fence_source@shop-live-db", 12, 12,
           {{"server", "eu-pg13"}, {"name", "shop"}, {"fenced_name", "pgconvoy_abc_r7_t1_i1_e1_old"}});
  run.happen(shop, EventKind::target_stuck, 20, "with_maintenance_page/redeploy@shop-live",
             {{"step", "with_maintenance_page/redeploy@shop-live"}, {"reason", "the new database was written to"},
              {"page_is_on", true}, {"live_database", "the new one"}, {"ways_out", {"forward: pgconvoy retry r7 shop-live"}}});
  const RunSummary summary = summarize(run.input);
  CHECK(summary.targets[0].is_paused);
  CHECK(summary.targets[0].paused->count() == Approx(89));
  const std::string text = status_text({summary}, false, Style{});
  CHECK_THAT(text, Contains("run r7: interrupted (no process is at work on it)"));
  CHECK_THAT(text, Contains("shop-live is stuck"));
  CHECK_THAT(text, Contains("because   the new database was written to"));
  CHECK_THAT(text, Contains("page      on, for 1 min 29 s"));
  CHECK_THAT(text, Contains("live      the new one"));
  CHECK_THAT(text, Contains("'database \"shop\" does not exist'"));
  CHECK_THAT(text, Contains("forward: pgconvoy retry r7 shop-live"));
  CHECK_THAT(status_text({summary}, true, Style{}), Contains("run r7: running"));
}

TEST_CASE("report: what only its owner can do is listed until it is confirmed") {
  ExampleRun run;
  run.succeed(run.add("crm-live"), 10, 4);
  Obligation confirm{"r7/t1/confirm_binding/crm-live", "confirm_binding", "open", "2026-11-22T21:00:00.000Z", "", json::object()};
  confirm.data["environment"] = "crm-live";
  confirm.data["new_urls"] = {"postgresql://crm@10.0.0.1:5432/crm"};
  Obligation drop{"r7/t1/drop_source/crm-live-db", "drop_source", "open", "2026-11-29T21:00:00.000Z",
                  "r7/t1/confirm_binding/crm-live", json::object()};
  drop.data = {{"server", "eu-pg13"}, {"database", "crm"}, {"fenced_name", "pgconvoy_x"}};
  Obligation other{"r8/t1/drop_source/x", "drop_source", "open", "2026-11-29T21:00:00.000Z", "", json::object()};
  run.input.obligations = {confirm, drop, other};
  std::string text = report_text({summarize(run.input)}, Style{});
  CHECK_THAT(text, Contains("postgresql://crm@10.0.0.1:5432/crm"));
  CHECK_THAT(text, Contains("pgconvoy resolve r7 crm-live --as done --reason"));
  CHECK_THAT(text, Contains("1 old database is kept, fenced, until 2026-11-29 21:00 UTC"));

  RunSummary many = summarize(run.input);
  for (const char* id : {"a", "b"}) many.hand_overs.push_back({"", id, id, {}, false});
  const std::string status = status_text({many}, false, Style{});
  CHECK_THAT(status, Contains("next: pgconvoy resolve r7 crm-live") && !Contains("resolve r7 a "));
  CHECK_THAT(status, Contains("      and the same for 2 more, see the report; when all are set: pgconvoy resolve r7 --all"));

  run.input.obligations[0].state = "done";
  text = report_text({summarize(run.input)}, Style{});
  CHECK_THAT(text, !Contains("pgconvoy resolve"));

  run.input.obligations[1].state = "done";
  const RunSummary summary = summarize(run.input);
  CHECK(summary.targets[0].dropped_source);
  CHECK_THAT(report_text({summary}, Style{}), !Contains("kept, fenced"));
}

TEST_CASE("report: a stuck target shows what it began with, then what its undo met") {
  ExampleRun run;
  const int shop = run.add("shop-live");
  run.happen(shop, EventKind::target_claimed, 10);
  const std::string enable = "with_maintenance_page/enable_reprovisioned_services@shop-live-db";
  run.step(shop, enable, 11, 11);
  const Event first = run.happen(shop, EventKind::target_rolling_back, 12, "with_maintenance_page/redeploy@shop-live",
                                 {{"step", "with_maintenance_page/redeploy@shop-live"},
                                  {"error", {{"kind", "process"}, {"message", "it was not healthy within 60 s"}}}});
  run.happen(shop, EventKind::undo_started, 13, enable);
  const json undo{{"kind", "sql"}, {"message", "the rename was refused"}};
  run.happen(shop, EventKind::undo_failed, 14, enable, {{"error", undo}});
  run.happen(shop, EventKind::target_stuck, 15, enable, {{"step", enable}, {"reason", "the rename was refused"}, {"error", undo}});
  run.input.first_failures[shop] = first.data;
  const RunSummary summary = summarize(run.input);
  const std::string report = report_text({summary}, Style{}), status = status_text({summary}, false, Style{});
  for (const std::string& text : {report, status}) {
    CHECK_THAT(text, Contains("it was not healthy within 60 s") && Contains("the rename was refused"));
    CHECK(text.find("it was not healthy") < text.find("the rename was refused"));
  }
  CHECK(report_json({summary})["targets"][0]["first_error"]["message"] == "it was not healthy within 60 s");
}

TEST_CASE("report: what was let go of on the way, or lost its process, has a reason") {
  ExampleRun run;
  for (const char* id : {"a", "b"}) run.happen(run.add(id), EventKind::target_claimed, 10);
  run.input.run.state = RunState::halted;
  run.input.left_because[1] = "server eu-pg13 can't be reached";
  const std::string text = report_text({summarize(run.input)}, Style{});
  CHECK_THAT(text, Contains("server eu-pg13 can't be reached") && Contains("no outcome is known"));
  const std::string resume = "pgconvoy resume r7";
  CHECK(text.find(resume) == text.rfind(resume));
}

TEST_CASE("report: nothing is said of pauses and pages where pgconvoy doesn't control the application") {
  ExampleRun run;
  const int crm = run.add("crm-live");
  run.input.planned[0].target.environments = {"crm-live"};
  Fleet fleet;
  fleet.servers["eu-pg13"].id = "eu-pg13";
  fleet.environments["crm-live"].id = "crm-live";
  run.input.run.plan["fleet"] = fleet;
  run.succeed(crm, 10, 4);
  Obligation confirm{"r7/t1/confirm_binding/crm-live", "confirm_binding", "open", "2026-11-22T21:00:00.000Z", "", json::object()};
  confirm.data["environment"] = "crm-live";
  Obligation drop{"r7/t1/drop_source/crm-live-db", "drop_source", "open", "2026-11-29T21:00:00.000Z",
                  "r7/t1/confirm_binding/crm-live", json::object()};
  run.input.obligations = {confirm, drop};
  const RunSummary summary = summarize(run.input);
  CHECK_FALSE(summary.targets[0].paused);
  const std::string text = report_text({summary}, Style{});
  CHECK_THAT(text, !Contains("paused for 4.0") && !Contains("(median)"));
  CHECK_THAT(text, Contains(", and until it is confirmed"));
  const auto resolve = text.find("next: pgconvoy resolve r7 crm-live --as done --reason"), cleanup = text.find("next: pgconvoy cleanup");
  CHECK(resolve < cleanup);
  CHECK(cleanup != std::string::npos);
  CHECK(report_json({summary})["commands"].size() == 2);
  CHECK_THAT(state_now(summary.targets[0]), !Contains("application runs"));
}

TEST_CASE("report: the parameters that the run went by are shown, durations in words") {
  ExampleRun run;
  run.add("shop-live");
  run.input.planned[0].steps = {{"deprovision_collected_instances@x", "deprovision_collected_instances", "x", {{"retention", 604800.0}}, 0, false},
                                {"with_maintenance_page/fence_source@x", "fence_source", "x", {{"drain_timeout", 10}, {"max_pause", 0}, {"pause", true}}, 0, true}};
  const RunSummary summary = summarize(run.input);
  CHECK_THAT(report_text({summary}, Style{}),
             Contains("drain_timeout 10.0 s, max_pause as each environment's downtime budget says, retention 7 d"));
  CHECK(report_json({summary})["run"]["parameters"]["retention"] == 604800.0);
  CHECK_FALSE(drops_at_once(summary.parameters));
  CHECK(drops_at_once({{"retention", 0.0}}));
}

TEST_CASE("report: roles that keep md5 are debts, until the step that made them is undone") {
  ExampleRun run;
  const int target = run.add("shop-live");
  run.happen(target, EventKind::target_claimed, 2);
  run.step(target, "reprovision_collected_instances@shop-live-db", 3, 4, {{"server", "eu-pg15"}}, {{"md5_roles", {"shop app"}}});
  const std::string line = "role shop app on eu-pg15 (shop-live) logs in with md5";
  CHECK_THAT(report_text({summarize(run.input)}, Style{}), Contains(line) && Contains("\\password \"shop app\""));
  CHECK_THAT(report_markdown({summarize(run.input)}), Contains("## Debts") && Contains(line));
  CHECK(report_json({summarize(run.input)})["debts"] ==
        json::array({{{"kind", "md5"}, {"target", "shop-live"}, {"server", "eu-pg15"}, {"role", "shop app"}}}));
  run.happen(target, EventKind::target_rolling_back, 5, "", {{"error", {{"message", "no"}}}});
  run.happen(target, EventKind::undo_started, 6, "reprovision_collected_instances@shop-live-db");
  run.happen(target, EventKind::step_undone, 7, "reprovision_collected_instances@shop-live-db", {{"detail", "gone"}});
  CHECK(report_json({summarize(run.input)})["debts"].empty());
}

TEST_CASE("status: runs tell what was undone as asked from what failed") {
  RunRecord run;
  run.id = 7;
  run.name = "r7";
  run.runbook = "x";
  run.counts = {{TargetState::rolled_back, 3}, {TargetState::stuck, 1}};
  CHECK_THAT(runs_text({run}, {{7, 2}}, 0, Style{}), Contains("4          0       2       2\n"));
}

TEST_CASE("report: an interrupted run says resume, several failures say retry") {
  ExampleRun run;
  run.roll_back(run.add("a"), 10, "no");
  run.roll_back(run.add("b"), 10, "no");
  run.happen(run.add("c"), EventKind::target_claimed, 10);
  run.add("d");
  const RunSummary summary = summarize(run.input);
  CHECK(summary.totals.left == 2);
  CHECK(commands_for_run({summary}) == std::vector<std::string>{"pgconvoy resume r7", "pgconvoy retry r7"});
  CHECK(state_now(summary.targets[2]) == "interrupted; not paused");
}

TEST_CASE("report: what was rolled back as asked is no failure") {
  ExampleRun run;
  const int shop = run.add("shop-live");
  run.succeed(shop, 10, 4);
  run.happen(shop, EventKind::target_claimed, 50);
  run.happen(shop, EventKind::target_rolling_back, 50, "", {{"step", ""}, {"error", {{"kind", "cancelled"}, {"message", "rollback was asked for"}}}});
  for (const StepRecord* step : std::vector<const StepRecord*>(run.input.targets[0].in_order())) {
    const std::string path = step->path;
    run.happen(shop, EventKind::undo_started, 51, path);
    run.happen(shop, EventKind::step_undone, 52, path, {{"detail", ""}});
  }
  run.happen(shop, EventKind::target_rolled_back, 53);
  const RunSummary summary = summarize(run.input);
  CHECK(summary.totals.undone == 1);
  CHECK(summary.totals.failed == 0);
  const std::string text = report_text({summary}, Style{});
  CHECK_THAT(text, Contains("1 target: 0 succeeded, 1 rolled back as asked"));
  CHECK_THAT(text, !Contains("what failed") && !Contains("pgconvoy retry"));
}

TEST_CASE("report: of one target holds only what is about it") {
  ExampleRun run;
  run.succeed(run.add("shop-live"), 10, 4);
  run.roll_back(run.add("crm-live"), 10, "no");
  const RunSummary part = only_targets(summarize(run.input), {1});
  CHECK(part.totals.targets == 1);
  CHECK(part.totals.failed == 0);
  CHECK_THAT(report_text({part}, Style{}), !Contains("crm-live"));
}

TEST_CASE("report: JSON carries its version and the same figures") {
  ExampleRun run;
  run.succeed(run.add("shop-live"), 10, 4);
  run.roll_back(run.add("crm-live"), 10, "no");
  const json document = report_json({summarize(run.input)});
  CHECK(document["version"] == 1);
  CHECK(document["run"]["id"] == "r7");
  CHECK(document["totals"]["failed"] == 1);
  CHECK(document["targets"][0]["paused_seconds"] == 4.0);
  CHECK(document["targets"][0]["verified"]["rows"] == 1500);
  CHECK(document["targets"][1]["error"]["sqlstate"] == "54000");
  CHECK(document["targets"][1]["verified"].is_null());
  CHECK(document["targets"][1]["commands"][0] == "pgconvoy retry r7 crm-live");
}

TEST_CASE("report: Markdown has the table and the failures") {
  ExampleRun run;
  run.roll_back(run.add("shop_live"), 10, "no");
  const std::string text = report_markdown({summarize(run.input)});
  CHECK_THAT(text, Contains("| shop\\_live | 8 MB |"));
  CHECK_THAT(text, Contains("## What failed"));
}

TEST_CASE("report: commands can be pasted into a shell") {
  CHECK(shell_argument("shop-live") == "shop-live");
  CHECK(shell_argument("a b") == "'a b'");
  CHECK(shell_argument("it's") == "'it'\\''s'");
  CHECK(shell_argument("") == "''");
}

#include "engine/report/target_report.hpp"

#include "tests/engine/report/example.hpp"

using namespace pgconvoy;
using namespace pgconvoy::report;
using pgconvoy::testing::ExampleRun;

namespace {

const std::string kFenceStep = "with_maintenance_page/fence_source@shop-live-db", kEnableStep = "with_maintenance_page/enable_reprovisioned_services@shop-live-db";
const json kFenceIntent{{"server", "eu-pg13"}, {"name", "shop"}, {"fenced_name", "pgconvoy_abc_r7_t1_i1_e1_old"}};

// Behind its page, with a fence that stands and a binding whose undo failed or a fence without outcome.
struct Example : ExampleRun {
  Example() {
    add("shop-live");
    for (const char* path : {"with_maintenance_page/page_on@shop-live", kFenceStep.c_str(), kEnableStep.c_str(), "with_maintenance_page/page_off@shop-live"}) {
      StepPlan step;
      step.path = path;
      step.operation = operation_of(path);
      step.subject = subject_of(path);
      input.planned[0].steps.push_back(step);
    }
    happen(1, EventKind::target_claimed, 1);
    step(1, "with_maintenance_page/page_on@shop-live", 2, 2);
  }
  TargetDetail detail(bool alive = false) {
    summary = summarize(input);
    const ReportView view{summary, " --journal j.db"};
    return target_detail(input, view, 1, history, alive);
  }
  std::string text(bool alive = false) {
    const TargetDetail made = detail(alive);
    const ReportView view{summary, " --journal j.db"};
    return target_text(made, view, alive, Style{});
  }
  RunSummary summary;
  TargetHistory history;
};

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("target report: an interrupted step says what is known, and how to decide it") {
  Example example;
  example.happen(1, EventKind::step_started, 3, kFenceStep, {{"intent", kFenceIntent}});
  const TargetDetail detail = example.detail();
  REQUIRE(detail.steps.size() == 4);
  CHECK(detail.steps[0].state == "succeeded");
  CHECK_FALSE(detail.steps[0].is_open);
  CHECK(detail.steps[1].state == "started");
  CHECK(detail.steps[1].is_open);
  CHECK(has(detail.steps[1].known, "Nobody has looked at it yet"));
  CHECK(detail.steps[3].state == "none");
  CHECK(has(detail.page, "on, for"));
  CHECK(has(detail.live, "neither"));
  REQUIRE(detail.old_url.size() == 1);
  CHECK(has(detail.old_url[0], "not currently accepting connections"));
  const std::string text = example.text();
  CHECK(has(text, "pgconvoy resume r7 --journal j.db"));
  CHECK(has(text, "pgconvoy resolve r7 shop-live --step " + kFenceStep + " --as done|absent|skip --reason TEXT --journal j.db"));
}

TEST_CASE("target report: an open fence comes with what lifts it by hand") {
  Example example;
  json intent = kFenceIntent;
  intent["name"] = "Shop";
  intent["owner"] = "shop owner";
  intent["connection_limit"] = 7;
  example.happen(1, EventKind::step_started, 3, kFenceStep, {{"intent", intent}});
  CHECK(example.detail().steps[1].by_hand ==
        std::vector<std::string>{"ALTER DATABASE \"pgconvoy_abc_r7_t1_i1_e1_old\" RENAME TO \"Shop\"",
                                 "ALTER DATABASE \"Shop\" OWNER TO \"shop owner\"", "ALTER DATABASE \"Shop\" CONNECTION LIMIT 7",
                                 "ALTER DATABASE \"Shop\" ALLOW_CONNECTIONS true"});
  CHECK(example.detail(true).steps[1].by_hand.empty());
}

TEST_CASE("target report: the last probe is shown with what it saw") {
  Example example;
  example.happen(1, EventKind::step_started, 3, kFenceStep, {{"intent", kFenceIntent}});
  example.history[kFenceStep].verdict = "unknown";
  example.history[kFenceStep].detail = "no database has oid 4711 any more";
  example.history[kFenceStep].probed = "2026-11-22T21:00:09.000Z";
  CHECK(has(example.text(), "unknown, no database has oid 4711 any more"));
  CHECK_FALSE(has(example.text(), "Nobody has looked"));
}

TEST_CASE("target report: what is under way is nobody's to resolve") {
  Example example;
  example.happen(1, EventKind::step_started, 3, kFenceStep, {{"intent", kFenceIntent}});
  CHECK_FALSE(has(example.text(true), "resolve"));
  CHECK(has(example.text(true), "under way"));
}

TEST_CASE("target report: a succeeded target names its fenced database and the way back") {
  Example example;
  example.step(1, kFenceStep, 3, 3, kFenceIntent);
  example.step(1, kEnableStep, 4, 4);
  example.step(1, "with_maintenance_page/page_off@shop-live", 5, 5);
  example.happen(1, EventKind::target_succeeded, 6);
  const TargetDetail detail = example.detail();
  CHECK(has(detail.live, "the new one"));
  CHECK(detail.page == "off");
  REQUIRE(detail.old_url.size() == 1);
  CHECK(has(detail.old_url[0], "does not exist: it is fenced, as \"pgconvoy_abc_r7_t1_i1_e1_old\" on eu-pg13"));
  CHECK(has(example.text(), "pgconvoy rollback r7 shop-live --journal j.db"));
}

TEST_CASE("target report: what a person decided stays to be seen") {
  Example example;
  example.happen(1, EventKind::step_started, 3, kFenceStep, {{"intent", kFenceIntent}});
  example.happen(1, EventKind::step_failed, 4, kFenceStep, {{"error", {{"kind", "sql"}, {"message", "no"}}}});
  example.happen(1, EventKind::target_stuck, 5, kFenceStep, {{"reason", "no"}});
  example.happen(1, EventKind::target_resolved, 6, "", {{"step", kFenceStep}, {"as", "skip"}, {"reason", "not needed"}, {"by", "ann@host"}});
  example.history[kFenceStep].as = "skip";
  example.history[kFenceStep].reason = "not needed";
  example.history[kFenceStep].by = "ann@host";
  const TargetDetail detail = example.detail();
  CHECK(detail.steps[1].state == "left_out");
  CHECK(has(example.text(), "as skip by ann@host: not needed"));
  const ReportView view{example.summary, ""};
  CHECK(target_status_json(detail, view, false)["target"]["left_out"][kFenceStep] == "not needed");
}

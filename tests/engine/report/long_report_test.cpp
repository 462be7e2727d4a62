#include "engine/report/long_report.hpp"

#include <vector>

#include "engine/report/report_plots.hpp"
#include "engine/report/run_report.hpp"
#include "tests/engine/report/example.hpp"

using namespace pgconvoy;
using namespace pgconvoy::report;
using pgconvoy::testing::ExampleRun;
using Catch::Matchers::Contains;

namespace {

constexpr const char* kHostile = "\"><script>alert('x')</script>&\xe2\x80\xae;=1+1\x1b[2J";

RunOutline outline_of(ExampleRun& run) {
  RunOutline outline;
  outline.input = run.input;
  outline.summary = summarize(run.input);
  outline.fleet_digest = "fedcba9876543210";
  outline.fleet_file = "/etc/fleet.yaml";
  outline.trace = std::string(32, 'a');
  outline.words = {{testing::at(1), "ann@runner-1", "run started (process 42)"}};
  return outline;
}

std::string written(Result<void> (*writer)(const LongReport&), ExampleRun& run) {
  const RunOutline outline = outline_of(run);
  std::string text;
  const LongReport report{outline, " --journal /tmp/j.db",
                          [&](const std::function<bool(const TargetSummary&)>& wanted, const VisitTarget& visit) -> Result<void> {
                            for (std::size_t i = 0; i < outline.summary.targets.size(); ++i)
                              if (wanted(outline.summary.targets[i])) TRY_VOID(visit(outline.summary.targets[i], outline.input.targets[i]));
                            return {};
                          },
                          [&text](std::string_view piece) { text += piece; },
                          [&](const std::function<bool(const Event&)>& visit) -> Result<void> {
                            for (const Event& event : run.events)
                              if (!visit(event)) break;
                            return {};
                          }};
  const auto done = writer(report);
  REQUIRE(done);
  return text;
}

// Why the text isn't well-formed, as far as tags, attributes and "&" go; "" when it is.
std::string problem_of_markup(const std::string& text) {
  std::vector<std::string> open;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '&') {
      const std::size_t end = text.find(';', i);
      if (end == std::string::npos || end - i > 6) return "an ampersand at " + text.substr(i, 20);
    }
    if (text[i] != '<') continue;
    std::size_t end = i + 1;
    for (bool quoted = false; end < text.size() && (quoted || text[end] != '>'); ++end) {
      if (text[end] == '"') quoted = !quoted;
      if (text[end] == '<') return "a tag within a tag at " + text.substr(i, 40);
    }
    const std::string tag = text.substr(i + 1, end - i - 1);
    i = end;
    if (tag.starts_with("!") || tag.starts_with("?") || tag.ends_with("/") || tag.starts_with("meta ")) continue;
    const std::string name = tag.substr(tag.starts_with("/") ? 1 : 0, tag.find(' ') - (tag.starts_with("/") ? 1 : 0));
    if (!tag.starts_with("/")) {
      open.push_back(name);
    } else {
      if (open.empty() || open.back() != name) return "</" + name + "> closes " + (open.empty() ? "nothing" : open.back());
      open.pop_back();
    }
  }
  return open.empty() ? "" : open.back() + " stays open";
}

std::string without_style(std::string html) {
  const std::size_t from = html.find("<style>"), to = html.find("</style>");
  return html.erase(from + 7, to - from - 7);
}

void verify_with_evidence(ExampleRun& run, int target, const std::string& table) {
  const std::string id = run.input.targets.at(target - 1).id;
  run.happen(target, EventKind::target_claimed, 10);
  run.step(target, "with_maintenance_page/verify_restored_services@" + id + "-db", 12, 13, json::object(),
           {{"rows", 1500}, {"bytes", 4 << 20}, {"tables", 1}, {"evidence", {json::array({table, 1500, 4096, "00ff"})}}});
  run.happen(target, EventKind::target_succeeded, 20);
}

}  // namespace

TEST_CASE("html report: a hostile name is text everywhere, and every tag is closed") {
  ExampleRun run;
  verify_with_evidence(run, run.add(kHostile, kHostile), std::string("public.") + kHostile);
  const int broken = run.add(std::string("b") + kHostile, "eu");
  run.roll_back(broken, 30, kHostile);
  run.input.run.runbook = kHostile;
  run.input.backups.push_back({7, 1, kHostile, kHostile, "eu", kHostile, kHostile, kHostile, "custom", "2026-11-22T21:00:00.000Z", "kept", 77});
  Obligation drop{"r7/t1/drop_source/x", "drop_source", "open", "2026-11-29T21:00:00.000Z", "", json::object()};
  drop.data = {{"server", kHostile}, {"database", kHostile}, {"fenced_name", kHostile}};
  run.input.obligations = {drop};
  run.input.run.state = RunState::finished_with_failures;
  const std::string html = written(report_html, run);
  CHECK(html.find("<script") == std::string::npos);
  CHECK(html.find('\x1b') == std::string::npos);
  CHECK(problem_of_markup(without_style(html)) == "");
  CHECK_THAT(html, Contains("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&amp;"));
  // Who looks at it asks nobody for anything.
  CHECK(html.find("src=") == std::string::npos);
  CHECK(html.find("@import") == std::string::npos);
  CHECK(html.find("url(") == std::string::npos);
}

TEST_CASE("html report: evidence per table, backups, who did what, digests, and what is kept until when") {
  ExampleRun run;
  verify_with_evidence(run, run.add("shop-live"), "public.orders");
  run.input.backups.push_back({7, 1, "shop-live", "shop-db", "eu-pg13", "shop", "/backups/shop.dump", "abcd1234", "custom", "2026-11-22T21:00:00.000Z", "kept", 77});
  run.input.backups.push_back({8, 1, "shop-live", "shop-db", "eu-pg13", "shop", "/backups/another-run.dump", "ffff", "custom", "2026-11-22T21:00:00.000Z", "kept", 77});
  Obligation drop{"r7/t1/drop_source/shop-db", "drop_source", "open", "2026-11-29T21:00:00.000Z", "", json::object()};
  drop.data = {{"server", "eu-pg13"}, {"database", "shop"}, {"fenced_name", "pgconvoy_old"}};
  run.input.obligations = {drop};
  run.input.run.state = RunState::succeeded;
  run.input.run.ended = testing::at(60);
  const std::string html = written(report_html, run);
  for (const char* part : {"<bdi>public.orders</bdi></td><td class=\"n\">1,500</td><td class=\"n\">4,096</td><td><code>00ff</code>", "<code>abcd1234</code>", "ann@runner-1",
                           "<code>0123456789abcdef</code>", "<code>fedcba9876543210</code>", "pgconvoy_old", "2026-11-29 21:00 UTC", "<h2 id=\"failed\">What failed</h2>\n<p>Nothing.</p>"})
    CHECK_THAT(html, Contains(part));
  CHECK(html.find("another-run") == std::string::npos);
  CHECK(problem_of_markup(without_style(html)) == "");
}

TEST_CASE("html report: it grows with its targets, its plots don't") {
  const auto plots_of_many = [](int targets) {
    ExampleRun run;
    for (int i = 0; i < targets; ++i) {
      const int number = run.add("t" + std::to_string(i), i % 2 ? "eu" : "us", (i % 37 + 1) << 20);
      TargetRecord& record = run.input.targets.back();
      record.state = i % 50 == 0 ? TargetState::rolled_back : TargetState::succeeded;
      if (i % 50 == 0) record.reason = {{"error", {{"kind", "sql"}, {"message", "no"}, {"sqlstate", "54000"}}}, {"step", "restore@" + std::to_string(i % 3)}};
      record.started = testing::at(number);
      record.ended = testing::at(number + 10 + i % 23);
      record.paused_at = testing::at(number + 1);
      record.resumed_at = testing::at(number + 3 + i % 7);
    }
    run.input.now = testing::at(20000);
    const RunOutline outline = outline_of(run);
    return plot_of_sizes(outline.summary) + plot_of_timeline(outline) + plot_of_pauses(outline.summary) + plot_of_causes(outline.summary);
  };
  const std::string few = plots_of_many(40), many = plots_of_many(7000);
  CHECK(problem_of_markup(few) == "");
  CHECK(problem_of_markup(many) == "");
  CHECK(few.size() > 5000);
  CHECK(many.size() < 200'000);
  CHECK_THAT(many, Contains("restore: SQLSTATE 54000") && Contains("targets under way"));
}

TEST_CASE("html report: a run of which nothing was begun has no plots, and says so much as there is") {
  ExampleRun run;
  run.add("shop-live");
  run.input.run.state = RunState::planned;
  run.input.run.started.reset();
  const std::string html = written(report_html, run);
  CHECK(html.find("<svg") == std::string::npos);
  CHECK_THAT(html, Contains("shop-live") && Contains("pgconvoy run r7: planned"));
  CHECK(problem_of_markup(without_style(html)) == "");
}

TEST_CASE("csv report: a line for each target, quoted as RFC 4180 has it, and no formula") {
  ExampleRun run;
  run.succeed(run.add("shop-live"), 10, 4);
  run.roll_back(run.add("=cmd|'/c calc'!A1"), 30, "one, \"two\"\nthree");
  run.add("  +pending");
  const std::string csv = written(report_csv, run);
  std::vector<std::string> lines;
  for (std::size_t begin = 0; begin < csv.size();) {
    const std::size_t end = csv.find("\r\n", begin);
    REQUIRE(end != std::string::npos);
    lines.push_back(csv.substr(begin, end - begin));
    begin = end + 2;
  }
  REQUIRE(lines.size() == 4);
  CHECK(lines[0].starts_with("run,number,target,region,result,"));
  CHECK(lines[1] == "r7,1,shop-live,eu,succeeded,succeeded,eu-pg13 -> eu-pg15,8388608,2026-11-22T21:00:10.000Z,2026-11-22T21:00:16.000Z,6.000,4.000,no,1,0,1500,4194304,,,,,10.000,0.000,no");
  CHECK_THAT(lines[2], Contains(",'=cmd|'/c calc'!A1,") && Contains(",54000,\"one, \"\"two\"\" three\",") && Contains("reprovision_collected_instances: SQLSTATE 54000"));
  CHECK_THAT(lines[3], Contains(",'+pending,eu,not started,pending,"));
}

TEST_CASE("junit report: a case for each target, counted as CI systems do") {
  ExampleRun run;
  run.succeed(run.add("shop-live"), 10, 4);
  run.roll_back(run.add("crm <live>"), 30, "index row size 3048 & more");
  run.add("later-live", "us");
  const int stuck = run.add("stuck-live", "us");
  run.happen(stuck, EventKind::target_claimed, 40);
  run.happen(stuck, EventKind::target_stuck, 50, "", {{"reason", "nobody knows"}});
  const std::string xml = written(report_junit, run);
  CHECK(problem_of_markup(xml) == "");
  CHECK_THAT(xml, Contains("<testsuites name=\"pgconvoy r7\" tests=\"4\" failures=\"1\" errors=\"1\" skipped=\"1\" time=\"20.000\">"));
  CHECK_THAT(xml, Contains("<testsuite name=\"eu\" tests=\"2\" failures=\"1\" errors=\"0\" skipped=\"0\" time=\"10.000\" timestamp=\"2026-11-22T21:00:01\""));
  CHECK_THAT(xml, Contains("<testcase classname=\"r7.eu\" name=\"shop-live\" time=\"6.000\"/>"));
  CHECK_THAT(xml, Contains("name=\"crm &lt;live&gt;\"") && Contains("message=\"index row size 3048 &amp; more\""));
  CHECK_THAT(xml, Contains("<skipped message=\"not begun\"/>") && Contains("<error type="));
}

TEST_CASE("long reports: what a process is at work on is no failure") {
  ExampleRun run;
  const int shop = run.add("shop-live");
  run.happen(shop, EventKind::target_claimed, 10);
  RunSummary summary = summarize(run.input);
  CHECK(is_failure(summary.targets[0]));
  CHECK(result_of(summary.targets[0]) == "interrupted");
  summary.targets[0].under_way = true;
  CHECK_FALSE(is_failure(summary.targets[0]));
  CHECK(result_of(summary.targets[0]) == "under way");
  CHECK(cause_of(summary.targets[0]) == "");
}

TEST_CASE("otlp report: a span for run, target and step, each under its parent, with times and status") {
  ExampleRun run;
  run.succeed(run.add("shop-live"), 10, 4);
  run.roll_back(run.add("crm-live"), 30, "index row size 3048");
  run.add("never-begun");
  const std::string text = written(report_otlp, run);
  const json document = json::parse(text);
  const json& spans = document.at("resourceSpans").at(0).at("scopeSpans").at(0).at("spans");
  std::map<std::string, json> by_id;
  for (const json& span : spans) {
    CHECK(span.at("traceId") == std::string(32, 'a'));
    CHECK(span.at("spanId").get<std::string>().size() == 16);
    CHECK(std::stoll(span.at("endTimeUnixNano").get<std::string>()) >= std::stoll(span.at("startTimeUnixNano").get<std::string>()));
    by_id[span.at("spanId")] = span;
  }
  REQUIRE(by_id.size() == spans.size());
  int targets = 0, roots = 0, failed_steps = 0;
  for (const auto& [id, span] : by_id) {
    if (!span.contains("parentSpanId")) {
      ++roots;
      continue;
    }
    REQUIRE(by_id.contains(span.at("parentSpanId")));
    const bool is_target = !by_id.at(span.at("parentSpanId")).contains("parentSpanId");
    targets += is_target;
    if (is_target && span.at("name") == "shop-live") CHECK(span.at("status").at("code") == 1);
    if (is_target && span.at("name") == "crm-live") CHECK(span.at("status").at("code") == 2);
    if (!is_target && span.at("name") == "fence_source") CHECK(span.at("status").at("code") == 1);
    if (!is_target && span.at("status").value("message", "") == "index row size 3048") ++failed_steps;
  }
  CHECK(roots == 1);
  CHECK(targets == 2);
  CHECK(failed_steps == 1);
  CHECK(written(report_otlp, run) == text);
}

TEST_CASE("otlp report: each try of a step is a span, with its own times and error") {
  ExampleRun run;
  const int target = run.add("shop-live");
  run.happen(target, EventKind::target_claimed, 10);
  const std::string path = "collect_service_instances@shop-live-db";
  run.happen(target, EventKind::step_started, 11, path, {{"intent", json::object()}});
  run.happen(target, EventKind::step_failed, 13, path, {{"error", {{"kind", "unreachable"}, {"message", "gone for a moment"}}}});
  run.step(target, path, 20, 24);
  run.happen(target, EventKind::target_succeeded, 30);
  const json document = json::parse(written(report_otlp, run));
  std::vector<json> tries;
  for (const json& span : document.at("resourceSpans").at(0).at("scopeSpans").at(0).at("spans"))
    if (span.at("name") == "collect_service_instances") tries.push_back(span);
  REQUIRE(tries.size() == 2);
  CHECK(tries[0].at("spanId") != tries[1].at("spanId"));
  CHECK(tries[0].at("status") == json{{"code", 2}, {"message", "gone for a moment"}});
  CHECK(tries[1].at("status").at("code") == 1);
  const auto seconds = [](const json& span) { return (std::stoll(span.at("endTimeUnixNano").get<std::string>()) - std::stoll(span.at("startTimeUnixNano").get<std::string>())) / 1'000'000'000; };
  CHECK(seconds(tries[0]) == 2);
  CHECK(seconds(tries[1]) == 4);
}

TEST_CASE("report: causes of failure in few words") {
  ExampleRun run;
  run.roll_back(run.add("a"), 10, "no");
  const int skipped = run.add("b");
  const json finding{{"severity", "block"}, {"condition", "indexes_rebuildable"}, {"object", "index x"}, {"evidence", "3048"}, {"why", ""}, {"remedy", ""}};
  run.happen(skipped, EventKind::target_claimed, 20);
  run.happen(skipped, EventKind::target_skipped, 21, "", {{"reason", "blocked"}, {"findings", {finding}}});
  run.succeed(run.add("c"), 30, 4);
  const RunSummary summary = summarize(run.input);
  CHECK(cause_of(summary.targets[0]) == "reprovision_collected_instances: SQLSTATE 54000");
  CHECK(cause_of(summary.targets[1]) == "indexes_rebuildable blocks");
  CHECK(cause_of(summary.targets[2]) == "");
}

#include "engine/report/metrics.hpp"

#include <fstream>
#include <set>
#include <sstream>

#include "tests/engine/report/example.hpp"

using namespace pgconvoy;
using namespace pgconvoy::report;
using pgconvoy::testing::ExampleRun;
using Catch::Matchers::Contains;

namespace {

MetricsInput metrics_of(const ExampleRun& run) {
  MetricsInput input;
  input.brief = run.input;
  return input;
}

// "name{labels}" -> value, and every name that has samples. Fails on a line that is no exposition.
struct ReadMetrics {
  std::map<std::string, double> samples;
  std::set<std::string> typed;

  explicit ReadMetrics(const std::string& text) {
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
      if (line.starts_with("# TYPE ")) typed.insert(line.substr(7, line.find(' ', 7) - 7));
      if (line.starts_with("#")) continue;
      INFO(line);
      const std::size_t space = line.rfind(' ');
      REQUIRE(space != std::string::npos);
      REQUIRE(samples.emplace(line.substr(0, space), std::stod(line.substr(space + 1))).second);
    }
  }
};

std::string read_whole(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

// What stands in a text that begins like one of our metrics.
std::set<std::string> metrics_named_in(const std::string& text) {
  std::set<std::string> names;
  const auto is_part = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; };
  for (std::size_t at = text.find("pgconvoy_"); at != std::string::npos; at = text.find("pgconvoy_", at + 1)) {
    if (at > 0 && (is_part(text[at - 1]) || text[at - 1] == '/')) continue;
    std::size_t end = at;
    while (end < text.size() && is_part(text[end])) ++end;
    names.insert(text.substr(at, end - at));
  }
  return names;
}

bool is_known_metric(std::string name) {
  for (const MetricFamily& family : metric_families()) {
    if (name == family.name) return true;
    if (std::string_view(family.type) != "histogram") continue;
    for (const char* part : {"_bucket", "_sum", "_count"})
      if (name == std::string(family.name) + part) return true;
  }
  return false;
}

}  // namespace

TEST_CASE("metrics: states by region, and histograms that add up") {
  ExampleRun run;
  run.succeed(run.add("shop-live"), 10, 4);
  run.succeed(run.add("crm-live"), 20, 40);
  run.roll_back(run.add("wiki-live", "us"), 30, "no");
  run.add("later-live", "us");
  const ReadMetrics read(metrics_text(metrics_of(run)));
  CHECK(read.samples.at("pgconvoy_targets{run=\"r7\",region=\"eu\",state=\"succeeded\"}") == 2);
  CHECK(read.samples.at("pgconvoy_targets{run=\"r7\",region=\"us\",state=\"rolled_back\"}") == 1);
  CHECK(read.samples.at("pgconvoy_targets{run=\"r7\",region=\"us\",state=\"pending\"}") == 1);
  CHECK(read.samples.at("pgconvoy_targets{run=\"r7\",region=\"us\",state=\"stuck\"}") == 0);
  CHECK(read.samples.at("pgconvoy_target_pause_seconds_bucket{run=\"r7\",region=\"eu\",le=\"2\"}") == 0);
  CHECK(read.samples.at("pgconvoy_target_pause_seconds_bucket{run=\"r7\",region=\"eu\",le=\"5\"}") == 1);
  CHECK(read.samples.at("pgconvoy_target_pause_seconds_bucket{run=\"r7\",region=\"eu\",le=\"+Inf\"}") == 2);
  CHECK(read.samples.at("pgconvoy_target_pause_seconds_sum{run=\"r7\",region=\"eu\"}") == 44);
  CHECK(read.samples.at("pgconvoy_target_pause_seconds_count{run=\"r7\",region=\"eu\"}") == 2);
  CHECK(read.samples.at("pgconvoy_target_claims_total{run=\"r7\",region=\"us\"}") == 1);
  CHECK(read.samples.at("pgconvoy_run_state{run=\"r7\",state=\"running\"}") == 1);
  CHECK(read.samples.at("pgconvoy_run_state{run=\"r7\",state=\"halted\"}") == 0);
}

TEST_CASE("metrics: a target behind its page has a clock of its own, a fleet of pending ones has none") {
  ExampleRun run;
  const int shop = run.add("shop-live");
  run.happen(shop, EventKind::target_claimed, 10);
  run.step(shop, "with_maintenance_page/page_on@shop-live", 11, 12);
  run.happen(shop, EventKind::step_started, 40, "with_maintenance_page/fence_source@shop-live-db", {{"intent", json::object()}});
  for (int i = 0; i < 100; ++i) run.add("pending-" + std::to_string(i));
  const std::string text = metrics_text(metrics_of(run));
  const ReadMetrics read(text);
  CHECK(read.samples.at("pgconvoy_target_paused_for_seconds{run=\"r7\",region=\"eu\",target=\"shop-live\"}") == 89);
  CHECK(read.samples.at("pgconvoy_target_step_age_seconds{run=\"r7\",region=\"eu\",target=\"shop-live\",step=\"fence_source\"}") == 60);
  CHECK(text.find("pending-") == std::string::npos);
}

TEST_CASE("metrics: what is owed, overdue and kept of this run, not of others") {
  ExampleRun run;
  run.succeed(run.add("shop-live"), 10, 4);
  MetricsInput input = metrics_of(run);
  input.obligations = {{"r7/t1/drop_source/a", "drop_source", "open", "2026-11-22T20:00:00.000Z", "", {}}, {"r7/t1/drop_source/b", "drop_source", "open", "2026-11-29T21:00:00.000Z", "", {}},
                       {"r77/t1/drop_source/c", "drop_source", "open", "2026-11-22T20:00:00.000Z", "", {}}};
  input.backups = {{7, 1, "", "", "", "", "", "", "", "", "kept", 10}, {7, 1, "", "", "", "", "", "", "", "", "deleted", 20}, {8, 1, "", "", "", "", "", "", "", "", "kept", 40}};
  input.alive = true;
  const ReadMetrics read(metrics_text(input));
  CHECK(read.samples.at("pgconvoy_obligations{run=\"r7\",kind=\"drop_source\"}") == 2);
  CHECK(read.samples.at("pgconvoy_obligations_overdue{run=\"r7\",kind=\"drop_source\"}") == 1);
  CHECK(read.samples.at("pgconvoy_backups{run=\"r7\"}") == 1);
  CHECK(read.samples.at("pgconvoy_backup_bytes{run=\"r7\"}") == 10);
  CHECK(read.samples.at("pgconvoy_run_alive{run=\"r7\"}") == 1);
}

TEST_CASE("metrics: labels of others stay inside their quotes") {
  ExampleRun run;
  run.add("x", "eu\"} 1\nevil{a=\"\\");
  const std::string text = metrics_text(metrics_of(run));
  CHECK_THAT(text, Contains("region=\"eu\\\"} 1 evil{a=\\\"\\\\\""));
  CHECK(text.find("\nevil") == std::string::npos);
}

TEST_CASE("metrics: each that is written is declared, once, with a help") {
  ExampleRun run;
  run.succeed(run.add("shop-live"), 10, 4);
  MetricsInput input = metrics_of(run);
  input.alive = false;
  input.brief.run.ended = testing::at(60);
  input.obligations = {{"r7/t1/drop_source/a", "drop_source", "open", "2026-11-29T21:00:00.000Z", "", {}}};
  const ReadMetrics read(metrics_text(input));
  std::set<std::string> declared;
  for (const MetricFamily& family : metric_families()) {
    CHECK(declared.insert(family.name).second);
    CHECK(std::string_view(family.help).size() > 10);
    if (std::string_view(family.type) == "counter") CHECK(std::string_view(family.name).ends_with("_total"));
  }
  CHECK(read.typed == declared);
}

TEST_CASE("metrics: dashboard, alerts and the page about them name only metrics that there are") {
  const std::string root = PGCONVOY_SOURCE_DIR;
  for (const char* file : {"/packaging/grafana/pgconvoy.json", "/packaging/prometheus/pgconvoy.rules.yml", "/docs/metrics.md"}) {
    const std::set<std::string> named = metrics_named_in(read_whole(root + file));
    INFO(file);
    CHECK(named.size() > 5);
    for (const std::string& name : named) {
      INFO(name);
      CHECK(is_known_metric(name));
    }
  }
  const std::string page = read_whole(root + "/docs/metrics.md");
  for (const MetricFamily& family : metric_families()) CHECK_THAT(page, Contains(std::string("`") + family.name));
  const json dashboard = json::parse(read_whole(root + "/packaging/grafana/pgconvoy.json"));
  CHECK(dashboard.at("panels").size() > 5);
}

#include "engine/report/watch_screen.hpp"

#include <set>
#include <sstream>

#include "engine/report/text.hpp"
#include "tests/engine/report/example.hpp"

using namespace pgconvoy;
using namespace pgconvoy::report;
using pgconvoy::testing::at;
using pgconvoy::testing::ExampleRun;
using Catch::Matchers::Contains;

namespace {

// A run that is watched from its beginning: events go to the records and to the screen alike.
struct Watched {
  explicit Watched(int targets, const std::vector<std::string>& regions = {"eu-west", "us-east"}) {
    for (int i = 0; i < targets; ++i) run.add("shop-" + std::to_string(i + 1), regions[i % regions.size()]);
    Plan plan;
    plan.targets = run.input.planned;
    for (const std::string& region : regions) plan.fleet.regions[region].id = region;
    state.emplace(ProgressBoard(plan, run.input.targets, at(0)));
    state->run = run.input.run;
    state->run.started = at(0);
    state->alive = true;
    state->concurrency = 8;
  }
  void happen(int target, EventKind kind, int second, const std::string& step = "", json data = json::object()) {
    if (target == 0) {
      Event event;
      event.run = 7;
      event.kind = kind;
      event.at = at(second);
      event.data = std::move(data);
      state->journaled(event);
    } else {
      state->journaled(run.happen(target, kind, second, step, std::move(data)));
    }
  }
  void begin(int target, int second) {
    const std::string id = run.input.targets.at(target - 1).id;
    happen(target, EventKind::target_claimed, second);
    happen(target, EventKind::step_started, second + 1, "with_maintenance_page/page_on@" + id, {{"intent", json::object()}});
    happen(target, EventKind::step_succeeded, second + 1, "with_maintenance_page/page_on@" + id, {{"outcome", json::object()}});
    happen(target, EventKind::step_started, second + 2, restore(target), {{"intent", json::object()}});
  }
  std::string restore(int target) const { return "with_maintenance_page/restore_backup_to_reprovisioned_services@" + run.input.targets.at(target - 1).id + "-db"; }
  void end(int target, int second) {
    const std::string id = run.input.targets.at(target - 1).id;
    happen(target, EventKind::step_succeeded, second, restore(target), {{"outcome", json::object()}});
    happen(target, EventKind::step_started, second, "with_maintenance_page/page_off@" + id, {{"intent", json::object()}});
    happen(target, EventKind::step_succeeded, second, "with_maintenance_page/page_off@" + id, {{"outcome", json::object()}});
    happen(target, EventKind::target_succeeded, second);
  }
  // Every row fits, and there are as many as the terminal has.
  std::string drawn(WatchView view, std::size_t columns, std::size_t lines) {
    view.columns = columns;
    view.lines = lines;
    const auto rows = watch_rows(*state, view);
    CHECK(rows.size() == lines);
    std::string text;
    for (const ScreenRow& row : rows) {
      std::string whole;
      for (const ScreenSpan& span : row) whole += span.text;
      INFO(whole);
      CHECK(width_of(whole) <= columns);
      CHECK(whole.find('\n') == std::string::npos);
      text += plain_text(row) + "\n";
    }
    return text;
  }
  ExampleRun run;
  std::optional<WatchState> state;
};

WatchView seen_at(int second) {
  WatchView view;
  view.now = at(second);
  return view;
}

const ScreenSpan* span_with(const std::vector<ScreenRow>& rows, const std::string& text) {
  for (const ScreenRow& row : rows)
    for (const ScreenSpan& span : row)
      if (span.text.find(text) != std::string::npos) return &span;
  return nullptr;
}

}  // namespace

TEST_CASE("watch: lanes, what is in flight with its pause, what happened, at 80x24") {
  Watched watched(6);
  watched.begin(1, 10);
  watched.end(1, 40);
  watched.begin(2, 20);
  const std::string screen = watched.drawn(seen_at(60), 80, 24);
  CHECK_THAT(screen, Contains(" r7  postgres-13-to-15  running"));
  CHECK_THAT(screen, Contains("21:01:00 UTC"));
  CHECK_THAT(screen, Contains("all     ["));
  CHECK_THAT(screen, Contains("1 done, 1 running, 4 left"));
  CHECK_THAT(screen, Contains("eu-west ["));
  CHECK_THAT(screen, Contains("in flight (1 of at most 8)"));
  CHECK_THAT(screen, Contains("  shop-2  restore_backup_to_reprovisioned_services  0:38  paused 0:39"));
  CHECK_THAT(screen, Contains("shop-1: succeeded in 30.0 s, paused for 29.0 s"));
  CHECK_THAT(screen, Contains("q quit  ? help"));
}

TEST_CASE("watch: figures of lanes stand below each other, and so do clocks of what is in flight, on a narrow screen too") {
  Watched watched(24);
  for (int target = 1; target <= 11; ++target) watched.begin(2 * target - 1, 10), watched.end(2 * target - 1, 40);
  watched.happen(2, EventKind::target_claimed, 20);
  watched.happen(2, EventKind::target_skipped, 21, "", {{"reason", "blocked"}});
  watched.begin(4, 30);
  watched.begin(23, 50);
  watched.happen(6, EventKind::target_claimed, 55);
  watched.happen(6, EventKind::step_started, 55, "fence_source@shop-6-db", {{"intent", json::object()}});
  std::istringstream screen(watched.drawn(seen_at(60), 80, 24));
  std::set<std::size_t> left, bars, clocks;
  for (std::string line; std::getline(screen, line);) {
    if (line.find(" running, ") != std::string::npos) left.insert(line.find(" left")), bars.insert(line.find(']'));
    if (line.find("paused 0:") != std::string::npos && line.starts_with("  shop-")) clocks.insert(line.find("paused 0:"));
  }
  CHECK(left.size() == 1);
  CHECK(bars.size() == 1);
  CHECK(clocks.size() == 1);
}

TEST_CASE("watch: at 200x60 a step has a bar, of bytes when they are known, of time else") {
  Watched watched(4);
  watched.begin(1, 10);
  watched.begin(2, 10);
  watched.state->planned[1][watched.restore(1)] = 96;
  watched.state->board.progressed(2, watched.restore(2), 512 << 20, 1024 << 20, "rows of the table orders");
  const std::string screen = watched.drawn(seen_at(36), 200, 60);
  CHECK_THAT(screen, Contains("[##........] ~ 25 %"));
  CHECK_THAT(screen, Contains("[#####.....]   50 % 512 MB of 1 GB  rows of the table orders"));
  // The plan was wrong: no bar that stands at its end.
  CHECK_THAT(watched.drawn(seen_at(200), 200, 60), Contains("longer than foretold"));
}

TEST_CASE("watch: the clock of a pause is marked near its budget, in words as well as in red") {
  Watched watched(2);
  watched.state->budgets = {Seconds(60), Seconds(60)};
  watched.begin(1, 10);
  CHECK_THAT(watched.drawn(seen_at(30), 80, 24), Contains("paused 0:19 of 1:00\n"));
  CHECK_THAT(watched.drawn(seen_at(60), 80, 24), Contains("paused 0:49 of 1:00!\n"));
  CHECK_THAT(watched.drawn(seen_at(90), 80, 24), Contains("paused 1:19 of 1:00 OVER\n"));
  const std::vector<ScreenRow> rows = watch_rows(*watched.state, seen_at(60));
  const ScreenSpan* const clock = span_with(rows, "0:49 of");
  REQUIRE(clock != nullptr);
  CHECK(clock->tone == Tone::bad);
}

TEST_CASE("watch: failures stand with their cause until the target is taken up again") {
  Watched watched(3);
  watched.begin(1, 10);
  const json error{{"kind", "sql"}, {"message", "index row size 3048 exceeds btree\x1b[2J maximum"}, {"sqlstate", "54000"}};
  watched.happen(1, EventKind::step_failed, 20, watched.restore(1), {{"error", error}});
  watched.happen(1, EventKind::target_rolling_back, 20, watched.restore(1), {{"error", error}, {"step", watched.restore(1)}});
  CHECK_THAT(watched.drawn(seen_at(25), 100, 24), Contains("in flight (1 of"));
  watched.happen(1, EventKind::undo_started, 21, watched.restore(1));
  CHECK_THAT(watched.drawn(seen_at(25), 100, 24), Contains("undo restore_backup"));
  watched.happen(1, EventKind::step_undone, 22, watched.restore(1));
  watched.happen(1, EventKind::undo_started, 22, "with_maintenance_page/page_on@shop-1");
  watched.happen(1, EventKind::step_undone, 23, "with_maintenance_page/page_on@shop-1");
  watched.happen(1, EventKind::target_rolled_back, 24);
  const std::string screen = watched.drawn(seen_at(30), 120, 24);
  CHECK_THAT(screen, Contains("not succeeded (1)"));
  CHECK_THAT(screen, Contains("shop-1  rolled back  restore_backup_to_reprovisioned_services: index row size 3048 exceeds btree [2J maximum"));
  CHECK_THAT(screen, Contains("1 not"));
  watched.happen(1, EventKind::target_claimed, 31);
  CHECK_THAT(watched.drawn(seen_at(32), 120, 24), !Contains("not succeeded (1)"));
}

TEST_CASE("watch: what was rolled back because somebody asked for it is no failure") {
  Watched watched(1);
  watched.begin(1, 10);
  watched.happen(1, EventKind::target_rolling_back, 20, watched.restore(1), {{"error", {{"kind", "cancelled"}, {"message", "asked"}}}});
  CHECK(watched.state->failures.empty());
}

TEST_CASE("watch: pausing, halted and interrupted runs say so, and which key leads on") {
  Watched watched(3);
  watched.happen(0, EventKind::run_started, 1, "", {{"pid", 7}});
  watched.happen(0, EventKind::run_intent, 5, "", {{"intent", "pause"}});
  CHECK_THAT(watched.drawn(seen_at(6), 80, 24), Contains("pausing: nothing new starts"));
  watched.happen(0, EventKind::run_ended, 10, "", {{"state", "halted"}, {"reason", "paused"}});
  const std::string halted = watched.drawn(seen_at(11), 100, 24);
  CHECK_THAT(halted, Contains("halted") && Contains("r resume"));
  watched.happen(0, EventKind::run_started, 12, "", {{"pid", 8}});
  watched.state->alive = false;
  CHECK_THAT(watched.drawn(seen_at(13), 80, 24), Contains("interrupted: no process is at work on it"));
}

TEST_CASE("watch: a wave that waits for a word offers the key") {
  Watched watched(3);
  watched.happen(0, EventKind::wave_ended, 5, "", {{"wave", 1}, {"succeeded", 1}, {"failed", 0}, {"skipped", 0}, {"needs_approval", true}});
  CHECK_THAT(watched.drawn(seen_at(6), 100, 24), Contains("wave 2 waits for a word") && Contains("a approve"));
  watched.happen(0, EventKind::wave_approved, 7, "", {{"wave", 2}, {"by", "ann"}});
  CHECK_THAT(watched.drawn(seen_at(8), 100, 24), !Contains("waits for a word"));
}

TEST_CASE("watch: the concurrency that is shown is the one that was set") {
  Watched watched(3);
  watched.happen(0, EventKind::limits_set, 5, "", {{"changes", {{"concurrency", "3"}}}});
  CHECK_THAT(watched.drawn(seen_at(6), 80, 24), Contains("of at most 3)"));
}

TEST_CASE("watch: a filter lists what it takes in any state, and the selected one stays in sight") {
  Watched watched(60, {"eu"});
  for (int i = 1; i <= 30; ++i) watched.begin(i, i);
  WatchView view = seen_at(100);
  view.filter = "shop-4";
  CHECK(listed_targets(*watched.state, view).size() == 11);
  CHECK_THAT(watched.drawn(view, 80, 24), Contains("targets with \"shop-4\": 11") && Contains("pending"));
  view.filter.clear();
  view.selected = 29;
  const std::string screen = watched.drawn(view, 80, 24);
  CHECK_THAT(screen, Contains("> shop-29  ") && Contains("more in flight"));
}

TEST_CASE("watch: any size holds it, also the smallest, and thousands of targets in many regions") {
  std::vector<std::string> regions;
  for (int i = 0; i < 40; ++i) regions.push_back("region-with-a-long-name-" + std::to_string(i));
  Watched watched(4000, regions);
  for (int i = 1; i <= 200; ++i) watched.begin(i, i);
  WatchView view = seen_at(500);
  view.selected = 120;
  for (const auto& [columns, lines] : {std::pair{1, 1}, {20, 5}, {40, 10}, {80, 24}, {120, 40}, {200, 60}, {300, 100}}) watched.drawn(view, columns, lines);
  CHECK_THAT(watched.drawn(view, 80, 24), Contains("more regions") && Contains("more in flight") && Contains("> shop-120"));
}

TEST_CASE("watch: help, documents and questions have the same frame") {
  Watched watched(2);
  WatchView view = seen_at(10);
  view.page = WatchView::Page::help;
  CHECK_THAT(watched.drawn(view, 80, 24), Contains("approve the next wave") && Contains("The run goes on"));
  view.page = WatchView::Page::document;
  view.title = "log of shop-1";
  for (int i = 0; i < 100; ++i) view.document.push_back("  line " + std::to_string(i) + "\x1b[31m");
  view.scroll = 50;
  const std::string log = watched.drawn(view, 80, 24);
  CHECK_THAT(log, Contains("log of shop-1\n  line 50 [31m\n") && !Contains("line 49"));
  view.asks = true;
  view.question = "pause r7? y/n";
  CHECK_THAT(watched.drawn(view, 80, 24), Contains("pause r7? y/n _"));
}

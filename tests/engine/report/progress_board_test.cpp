#include "engine/report/progress_board.hpp"

#include "engine/report/status_report.hpp"
#include "engine/report/text.hpp"
#include "tests/engine/report/example.hpp"

using namespace pgconvoy;
using namespace pgconvoy::report;
using pgconvoy::testing::at;
using pgconvoy::testing::ExampleRun;
using Catch::Matchers::Contains;

namespace {

ProgressBoard board_of(const ExampleRun& run) {
  Plan plan;
  plan.targets = run.input.planned;
  return ProgressBoard(plan, run.input.targets, at(0));
}

ProgressBoard::Frame frame_at(int second) {
  ProgressBoard::Frame frame;
  frame.now = at(second);
  return frame;
}

const std::string kFence = "with_maintenance_page/fence_source@a-db";
const std::string kBackup = "with_maintenance_page/backup_collected_services@a-db";

}  // namespace

TEST_CASE("board: one line per region, one per target in flight with step, bytes and pause") {
  ExampleRun run;
  const int a = run.add("a", "eu");
  run.add("b", "us");
  ProgressBoard board = board_of(run);
  board.journaled(run.happen(a, EventKind::target_claimed, 10));
  board.journaled(run.happen(a, EventKind::step_started, 11, "with_maintenance_page/page_on@a"));
  board.journaled(run.happen(a, EventKind::step_succeeded, 11, "with_maintenance_page/page_on@a"));
  board.journaled(run.happen(a, EventKind::step_started, 12, kBackup));
  board.progressed(a, kBackup, 2 << 20, 8 << 20, "pg_dump");
  const auto lines = board.draw(frame_at(20), Style{});
  REQUIRE(lines.size() == 3);
  CHECK_THAT(lines[0], Contains("eu [") && Contains("0 done, 1 running, 0 left"));
  CHECK_THAT(lines[1], Contains("us [") && Contains("0 running, 1 left"));
  CHECK_THAT(lines[2], Contains("backup_collected_services  25 %  2 MB of 8 MB  0:08  pg_dump") && Contains("paused 0:09"));
}

TEST_CASE("board: a wide terminal has a bar for each step whose size is known, full at its end only") {
  ExampleRun run;
  const int a = run.add("a", "eu");
  ProgressBoard board = board_of(run);
  board.journaled(run.happen(a, EventKind::target_claimed, 10));
  board.journaled(run.happen(a, EventKind::step_started, 12, kBackup));
  auto frame = frame_at(20);
  frame.columns = 120;
  const auto shows = [&](std::int64_t bytes, std::int64_t total, const char* expected) {
    board.progressed(a, kBackup, bytes, total, "");
    CHECK_THAT(board.draw(frame, Style{}).back(), Contains(expected));
  };
  shows(0, 1000, "[..........]  0 %");
  shows(499, 1000, "[####......]  49 %");
  shows(999, 1000, "[#########.]  99 %");
  shows(1000, 1000, "[##########]  100 %");
  board.progressed(a, kBackup, 7, 0, "");
  CHECK_THAT(board.draw(frame, Style{}).back(), !Contains("%"));
}

TEST_CASE("board: progress of a step that is over is not shown under the next one") {
  ExampleRun run;
  const int a = run.add("a");
  ProgressBoard board = board_of(run);
  board.journaled(run.happen(a, EventKind::target_claimed, 10));
  board.journaled(run.happen(a, EventKind::step_started, 11, kFence));
  board.progressed(a, kBackup, 5, 10, "late");
  CHECK_THAT(board.draw(frame_at(12), Style{}).back(), !Contains("late"));
}

TEST_CASE("board: nothing done is an empty bar, and no more is shown than a total") {
  ExampleRun run;
  const int a = run.add("a");
  ProgressBoard board = board_of(run);
  board.journaled(run.happen(a, EventKind::target_claimed, 10));
  board.journaled(run.happen(a, EventKind::step_started, 12, kBackup));
  board.progressed(a, kBackup, 405 << 10, 104 << 10, "");
  const auto lines = board.draw(frame_at(20), Style{});
  CHECK_THAT(lines[0], Contains("[....") && !Contains("="));
  CHECK_THAT(lines[1], Contains("backup_collected_services  405 kB  0:08"));
}

TEST_CASE("board: rate and time to go come from what this process has done") {
  ExampleRun run;
  for (const char* id : {"a", "b", "c", "d"}) run.add(id);
  ProgressBoard board = board_of(run);
  board.journaled(run.happen(1, EventKind::target_claimed, 0));
  board.journaled(run.happen(1, EventKind::target_succeeded, 30));
  const std::string line = board.draw(frame_at(30), Style{}).front();
  CHECK_THAT(line, Contains("1 done, 0 running, 3 left"));
  ProgressBoard::Frame wide = frame_at(30);
  wide.columns = 120;
  CHECK_THAT(board.draw(wide, Style{}).front(), Contains("2.0/min  1:30 to go"));
}

TEST_CASE("board: a frame fits its terminal, however many targets are in flight and however long their names are") {
  ExampleRun run;
  for (int i = 0; i < 60; ++i) run.add(std::string(50, 'x') + std::to_string(i), "region-" + std::to_string(i % 3));
  ProgressBoard board = board_of(run);
  for (int i = 1; i <= 60; ++i) board.journaled(run.happen(i, EventKind::target_claimed, i));
  const std::size_t columns = GENERATE(20, 40, 80, 200), rows = GENERATE(4, 10, 24);
  ProgressBoard::Frame frame = frame_at(100);
  frame.columns = columns;
  frame.lines = rows;
  frame.stopping = false;
  const auto lines = board.draw(frame, Style{});
  CHECK(lines.size() < rows);
  for (const std::string& line : lines) CHECK(width_of(line) <= columns);
}

TEST_CASE("board: ends of targets are lines that stay") {
  ExampleRun run;
  run.add("a");
  ProgressBoard board = board_of(run);
  const auto tell = [&](Event event) {
    board.journaled(event);
    return board.ended_line(event, Style{});
  };
  CHECK_FALSE(tell(run.happen(1, EventKind::target_claimed, 10)));
  board.journaled(run.happen(1, EventKind::step_started, 11, "with_maintenance_page/page_on@a"));
  board.journaled(run.happen(1, EventKind::step_succeeded, 11, "with_maintenance_page/page_on@a"));
  board.journaled(run.happen(1, EventKind::step_started, 15, "with_maintenance_page/page_off@a"));
  board.journaled(run.happen(1, EventKind::step_succeeded, 15, "with_maintenance_page/page_off@a"));
  CHECK(tell(run.happen(1, EventKind::target_succeeded, 18)) == "a: succeeded in 8.0 s, paused for 4.0 s");
  CHECK(board.in_flight() == 0);
}

TEST_CASE("board: a rollback of a finished target pauses it anew") {
  ExampleRun run;
  run.add("a");
  const std::string off = "with_maintenance_page/page_off@a", on = "with_maintenance_page/page_on@a";
  run.happen(1, EventKind::target_claimed, 10);
  run.step(1, on, 11, 11);
  run.step(1, off, 15, 15);
  run.happen(1, EventKind::target_succeeded, 16);
  ProgressBoard board = board_of(run);
  board.journaled(run.happen(1, EventKind::target_claimed, 70));
  board.journaled(run.happen(1, EventKind::target_rolling_back, 70, "", {{"error", {{"message", "asked"}}}}));
  board.journaled(run.happen(1, EventKind::undo_started, 71, off));
  CHECK_THAT(board.draw(frame_at(73), Style{}).back(), Contains("undo page_off") && Contains("paused 0:02"));
  board.journaled(run.happen(1, EventKind::step_undone, 71, off));
  board.journaled(run.happen(1, EventKind::undo_started, 74, on));
  board.journaled(run.happen(1, EventKind::step_undone, 75, on));
  const Event last = run.happen(1, EventKind::target_rolled_back, 76);
  board.journaled(last);
  CHECK(board.ended_line(last, Style{}) == "a: rolled back after 6.0 s, paused for 4.0 s");
}

TEST_CASE("board: stopping says what a second Ctrl-C does") {
  ExampleRun run;
  run.add("a");
  ProgressBoard board = board_of(run);
  board.journaled(run.happen(1, EventKind::target_claimed, 10));
  ProgressBoard::Frame frame = frame_at(11);
  frame.stopping = true;
  CHECK(board.draw(frame, Style{}).back() == "stopping: 1 in flight, then this ends; Ctrl-C again stops at once");
}

TEST_CASE("board: of a rehearsal nothing is said to be moved") {
  ExampleRun run;
  run.add("a");
  run.add("b");
  Plan plan;
  plan.targets = run.input.planned;
  plan.runbook.name = "rehearsal-of-postgres-13-to-15";
  ProgressBoard board(plan, run.input.targets, at(0));
  const auto tell = [&](Event event) {
    board.journaled(event);
    return board.ended_line(event, Style{}).value_or("");
  };
  tell(run.happen(1, EventKind::target_claimed, 10));
  CHECK(tell(run.happen(1, EventKind::target_succeeded, 14)) == "a: rehearsed in 4.0 s");
  tell(run.happen(2, EventKind::target_claimed, 20));
  run.happen(2, EventKind::target_rolling_back, 21);
  CHECK(tell(run.happen(2, EventKind::target_rolled_back, 22)) == "b: would have failed, removed after 2.0 s");
}

TEST_CASE("board: a target that waits for its pause says so, until it begins") {
  ExampleRun run;
  const int a = run.add("a", "eu");
  for (const char* path : {"prepare@a", "with_maintenance_page/page_on@a"}) {
    StepPlan step;
    step.path = path;
    step.operation = operation_of(path);
    run.input.planned[0].steps.push_back(step);
  }
  ProgressBoard board = board_of(run);
  board.journaled(run.happen(a, EventKind::target_claimed, 10));
  board.journaled(run.happen(a, EventKind::step_started, 11, "prepare@a"));
  board.journaled(run.happen(a, EventKind::step_succeeded, 12, "prepare@a"));
  board.journaled(run.happen(a, EventKind::note, 12, "with_maintenance_page/page_on@a", {{"text", "prepared, waits"}, {"waits", "pause"}}));
  CHECK_THAT(board.draw(frame_at(20), Style{}).back(), Contains("a  prepared, waits for its pause  0:08"));
  CHECK_THAT(board.draw(frame_at(20), Style{}).back(), !Contains("paused"));

  // Whoever looks later knows it from the record, where there is a limit.
  Plan plan;
  plan.targets = run.input.planned;
  plan.options.max_paused = 1;
  ProgressBoard later(plan, run.input.targets, at(15));
  later.adopt(run.input.targets[0]);
  CHECK_THAT(later.draw(frame_at(20), Style{}).back(), Contains("prepared, waits for its pause"));
  run.input.rollout.options.max_paused = 1;
  CHECK_THAT(status_text({summarize(run.input), ""}, true, Style{}), Contains("prepared, waits for its pause"));
  run.input.rollout.options.max_paused.reset();
  CHECK_THAT(status_text({summarize(run.input), ""}, true, Style{}), !Contains("waits for its pause"));

  board.journaled(run.happen(a, EventKind::step_started, 21, "with_maintenance_page/page_on@a"));
  CHECK_THAT(board.draw(frame_at(22), Style{}).back(), Contains("page_on") && Contains("paused 0:01") && !Contains("waits"));
}

#include "engine/report/recent_pace.hpp"

#include "engine/report/status_report.hpp"
#include "tests/engine/report/example.hpp"

using namespace pgconvoy;
using namespace pgconvoy::report;
using pgconvoy::testing::at;
using Catch::Matchers::Contains;

namespace {

TargetRecord target_in(TargetState state, std::optional<WallTime> started = std::nullopt, std::optional<WallTime> ended = std::nullopt) {
  TargetRecord record;
  record.state = state;
  record.started = started;
  record.ended = ended;
  return record;
}

// One ends every half minute, up to `until`; each takes a minute.
std::vector<TargetRecord> steady(int ended, int until, int left) {
  std::vector<TargetRecord> targets;
  for (int n = 0; n < ended; ++n) targets.push_back(target_in(TargetState::succeeded, at(until - 30 * n - 60), at(until - 30 * n)));
  for (int n = 0; n < left; ++n) targets.push_back(target_in(n == 0 ? TargetState::running : TargetState::pending));
  return targets;
}

}  // namespace

TEST_CASE("recent pace: of the last hour, or since work began") {
  const auto short_one = recent_pace(steady(10, 1000, 20), at(1000));
  REQUIRE(short_one);
  CHECK(short_one->ended == 10);
  CHECK(short_one->seen.count() == Approx(330));
  CHECK(short_one->left == 20);
  CHECK(short_one->to_go.count() == Approx(660));
  const auto long_one = recent_pace(steady(1000, 40000, 4000), at(40000));
  REQUIRE(long_one);
  CHECK(long_one->seen.count() == Approx(3600));
  CHECK(long_one->per_hour == Approx(120).epsilon(0.02));
  CHECK_THAT(pace_in_words(*long_one), Contains("to go for 4,000 targets at the pace of the last hour (121 an hour)"));
}

TEST_CASE("recent pace: last night's ends, and a pause since them, are told apart") {
  auto targets = steady(100, 1000, 50);
  CHECK_FALSE(recent_pace(targets, at(1000 + 8 * 3600)));
  for (const TargetRecord& tonight : steady(10, 40000, 0)) targets.push_back(tonight);
  const auto pace = recent_pace(targets, at(40000));
  REQUIRE(pace);
  CHECK(pace->ended == 10);
  CHECK(pace->per_hour == Approx(10 / 330.0 * 3600));
}

TEST_CASE("recent pace: nothing is said of what was hardly begun, or is over") {
  CHECK_FALSE(recent_pace({}, at(0)));
  CHECK_FALSE(recent_pace(steady(4, 1000, 9), at(1000)));
  CHECK_FALSE(recent_pace(steady(50, 1000, 0), at(1000)));
  std::vector<TargetRecord> quick = steady(0, 0, 5);
  for (int n = 0; n < 20; ++n) quick.push_back(target_in(TargetState::skipped, at(99), at(100)));
  CHECK_FALSE(recent_pace(quick, at(101)));
}

TEST_CASE("recent pace: the status of a run that isn't simulated says it") {
  pgconvoy::testing::ExampleRun run;
  run.input.targets = steady(10, 90, 20);
  run.input.planned.resize(run.input.targets.size());
  run.input.brief = true;
  const std::string status = status_text({summarize(run.input)}, true, Style{});
  CHECK_THAT(status, Contains("about 11 min 20 s to go for 20 targets at the pace of the last 5 min 40 s"));
  run.input.run.state = RunState::halted;
  CHECK_THAT(status_text({summarize(run.input)}, false, Style{}), !Contains("to go"));
}

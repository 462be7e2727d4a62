#include "engine/plan/schedule.hpp"

#include <algorithm>
#include <catch2/catch.hpp>

#include "tests/engine/plan/random_fleet.hpp"

using namespace pgconvoy;
using S = Standing;

namespace {

using Numbers = std::vector<int>;

const WallTime kNow = parse_utc("2026-11-29T20:00:00.000Z");

Candidate candidate(int number, std::string region = "a") {
  Candidate made;
  made.number = number;
  made.id = "t" + std::to_string(number);
  made.region = std::move(region);
  return made;
}

std::vector<Candidate> many(int count) {
  std::vector<Candidate> result;
  for (int number = 1; number <= count; ++number) result.push_back(candidate(number));
  return result;
}

Schedule all_pending(std::vector<Candidate> candidates, std::vector<int> wave_ends = {}) {
  Schedule schedule(std::move(candidates), std::move(wave_ends));
  for (int number = 1; number <= schedule.size(); ++number) schedule.stands(number, S::pending);
  return schedule;
}

Surroundings as_at(WallTime now = kNow, RunIntent intent = RunIntent::none) {
  Surroundings around;
  around.now = now;
  around.intent = intent;
  return around;
}

Limits wide() {
  Limits limits;
  limits.overall = limits.per_region = 1000;
  return limits;
}

const Wait* wait_of(const Decision& decision, Wait::Why why) {
  const auto found = std::find_if(decision.waits.begin(), decision.waits.end(), [&](const Wait& wait) { return wait.why == why; });
  return found == decision.waits.end() ? nullptr : &*found;
}

}  // namespace

TEST_CASE("schedule: pending targets start in order, as far as the limits allow") {
  std::vector<Candidate> six;
  for (int n = 1; n <= 6; ++n) six.push_back(candidate(n, n <= 4 ? "a" : "b"));
  const Schedule schedule = all_pending(six);
  Limits limits{.overall = 8, .per_region = 2};
  CHECK(decide(schedule, limits, as_at()).start == Numbers{1, 2, 5, 6});
  limits.overall = 3;
  CHECK(decide(schedule, limits, as_at()).start == Numbers{1, 2, 5});
  limits.of_region = {{"a", 1}, {"b", 5}};
  CHECK(decide(schedule, limits, as_at()).start == Numbers{1, 5, 6});
  limits.of_region["a"] = 0;
  CHECK(decide(schedule, limits, as_at()).start == Numbers{5, 6});
}

TEST_CASE("schedule: what is in flight takes its place") {
  Schedule schedule = all_pending({candidate(1), candidate(2), candidate(3), candidate(4, "b"), candidate(5, "b")});
  for (const int number : {1, 4, 5}) schedule.stands(number, S::in_flight);
  const auto decision = decide(schedule, {.overall = 8, .per_region = 2}, as_at());
  CHECK(decision.start == Numbers{2});
  CHECK_FALSE(decision.finished);
  CHECK(decide(schedule, {.overall = 3, .per_region = 8}, as_at()).start.empty());
  schedule.stands(1, S::succeeded);
  CHECK(decide(schedule, {.overall = 3, .per_region = 8}, as_at()).start == Numbers{2});
}

TEST_CASE("schedule: interrupted targets go first, then those that a person named, within the limits") {
  Schedule schedule = all_pending(many(5));
  schedule.stands(2, S::interrupted);
  schedule.stands(4, S::interrupted);
  schedule.stands(5, S::again);
  CHECK(decide(schedule, {.overall = 8, .per_region = 8}, as_at()).start == Numbers{2, 4, 5, 1, 3});
  CHECK(decide(schedule, {.overall = 8, .per_region = 3}, as_at()).start == Numbers{2, 4, 5});
}

TEST_CASE("schedule: a spent failure budget holds back what is pending, not what was interrupted or asked for") {
  Schedule schedule = all_pending(many(6));
  schedule.stands(1, S::failed);
  schedule.stands(2, S::failed);
  schedule.stands(3, S::skipped);
  schedule.stands(5, S::interrupted);
  schedule.stands(6, S::again);
  Limits limits = wide();
  limits.max_failures = Budget{2};
  auto decision = decide(schedule, limits, as_at());
  CHECK_FALSE(decision.halted);
  CHECK(decision.start == Numbers{5, 6, 4});
  limits.max_failures = Budget{1};
  decision = decide(schedule, limits, as_at());
  CHECK(decision.halted);
  CHECK(decision.start == Numbers{5, 6});
  REQUIRE(wait_of(decision, Wait::Why::budget));
  CHECK(wait_of(decision, Wait::Why::budget)->targets == 1);
  schedule.stands(5, S::in_flight);
  schedule.stands(6, S::succeeded);
  decision = decide(schedule, limits, as_at());
  CHECK(decision.start.empty());
  CHECK_FALSE(decision.finished);
  schedule.stands(5, S::succeeded);
  CHECK(decide(schedule, limits, as_at()).finished);
  // What an earlier process met is known to whoever goes on.
  schedule.stands(1, S::failed, false);
  CHECK(decide(schedule, limits, as_at()).start == Numbers{4});
  schedule.stands(1, S::failed);
  limits.max_failures.reset();
  CHECK(decide(schedule, limits, as_at()).start == Numbers{4});
}

TEST_CASE("schedule: nothing held back is not halted, however many failed") {
  Schedule schedule = all_pending(many(2));
  schedule.stands(1, S::failed);
  schedule.stands(2, S::succeeded);
  Limits limits;
  limits.max_failures = Budget{0};
  const auto decision = decide(schedule, limits, as_at());
  CHECK_FALSE(decision.halted);
  CHECK(decision.finished);
}

TEST_CASE("schedule: paused starts nothing, cancelled only what must be brought to an end") {
  Schedule schedule = all_pending(many(3));
  schedule.stands(2, S::interrupted);
  schedule.stands(3, S::again);
  CHECK(decide(schedule, {}, as_at(kNow, RunIntent::pause)).start.empty());
  CHECK(decide(schedule, {}, as_at(kNow, RunIntent::pause)).finished);
  CHECK(decide(schedule, {}, as_at(kNow, RunIntent::cancel)).start == Numbers{2});
  CHECK(decide(Schedule({}), {}, as_at()).finished);
}

TEST_CASE("schedule: a region's budget closes that region only") {
  Schedule schedule = all_pending({candidate(1), candidate(2, "b"), candidate(3), candidate(4, "b")});
  Limits limits = wide();
  limits.max_failures_per_region = Budget{0};
  schedule.stands(1, S::failed);
  auto decision = decide(schedule, limits, as_at());
  CHECK(decision.start == Numbers{2, 4});
  CHECK(decision.halted);  // target 3 is held back by it
  schedule.stands(2, S::succeeded);
  schedule.stands(4, S::succeeded);
  decision = decide(schedule, limits, as_at());
  CHECK(decision.finished);
  REQUIRE(wait_of(decision, Wait::Why::budget));
  CHECK(wait_of(decision, Wait::Why::budget)->what == "a");
  limits.max_failures_per_region = Budget{50, true};  // of its two: one may fail
  CHECK(decide(schedule, limits, as_at()).start == Numbers{3});
}

TEST_CASE("schedule: servers have limits of their own, on both sides") {
  std::vector<Candidate> five = many(5);
  for (Candidate& each : five) {
    each.source_servers = {each.number <= 3 ? "old-1" : "old-2"};
    each.target_servers = {each.number % 2 ? "new-1" : "new-2"};
  }
  Schedule schedule = all_pending(five);
  Limits limits = wide();
  limits.per_source_server = 2;
  CHECK(decide(schedule, limits, as_at()).start == Numbers{1, 2, 4, 5});
  limits.per_source_server.reset();
  limits.per_target_server = 1;
  CHECK(decide(schedule, limits, as_at()).start == Numbers{1, 2});
  schedule.stands(2, S::in_flight);
  CHECK(decide(schedule, limits, as_at()).start == Numbers{1});
}

TEST_CASE("schedule: bytes are given out in order, and what is larger than all goes alone") {
  std::vector<Candidate> four = many(4);
  four[0].bytes = 10, four[1].bytes = 500, four[2].bytes = 60, four[3].bytes = 20;
  Schedule schedule = all_pending(four);
  Limits limits = wide();
  limits.bytes_in_flight = 100;
  auto decision = decide(schedule, limits, as_at());
  CHECK(decision.start == Numbers{1});  // the small ones don't overtake
  REQUIRE(wait_of(decision, Wait::Why::bytes));
  CHECK(wait_of(decision, Wait::Why::bytes)->what == "t2");
  schedule.stands(1, S::succeeded);
  CHECK(decide(schedule, limits, as_at()).start == Numbers{2});
  schedule.stands(2, S::in_flight);
  CHECK(decide(schedule, limits, as_at()).start.empty());
  schedule.stands(2, S::succeeded);
  CHECK(decide(schedule, limits, as_at()).start == Numbers{3, 4});
  // A retry that doesn't fit isn't overtaken by what is pending either.
  schedule.stands(2, S::again);
  schedule.stands(3, S::in_flight);
  CHECK(decide(schedule, limits, as_at()).start.empty());
}

TEST_CASE("schedule: a live target waits for its test target, and stays when that one failed") {
  std::vector<Candidate> three = many(3);
  three[1].after = {1};
  Schedule schedule = all_pending(three);
  Limits limits = wide();
  limits.max_failures = Budget{5};
  CHECK(decide(schedule, limits, as_at()).start == Numbers{1, 3});
  schedule.stands(3, S::succeeded);
  schedule.stands(1, S::in_flight);
  CHECK(decide(schedule, limits, as_at()).start.empty());
  for (const S bad : {S::failed, S::skipped}) {
    schedule.stands(1, bad);
    const auto decision = decide(schedule, limits, as_at());
    CHECK(decision.start.empty());
    CHECK(decision.finished);
    REQUIRE(wait_of(decision, Wait::Why::test));
    CHECK(wait_of(decision, Wait::Why::test)->what == "t1");
    CHECK(wait_of(decision, Wait::Why::test)->targets == 1);
    limits.test_first = false;
    CHECK(decide(schedule, limits, as_at()).start == Numbers{2});
    limits.test_first = true;
  }
  schedule.stands(1, S::again);
  CHECK(decide(schedule, limits, as_at()).start == Numbers{1});
  schedule.stands(1, S::succeeded);
  CHECK(decide(schedule, limits, as_at()).start == Numbers{2});
  // Named by a person, it goes whatever became of its test target.
  schedule.stands(1, S::failed);
  schedule.stands(2, S::again);
  CHECK(decide(schedule, limits, as_at()).start == Numbers{2});
}

TEST_CASE("schedule: without test first both are merged in the order of the run") {
  std::vector<Candidate> three = many(3);
  three[1].after = {1};
  Limits limits = wide();
  limits.test_first = false;
  CHECK(decide(all_pending(three), limits, as_at()).start == Numbers{1, 2, 3});
}

TEST_CASE("schedule: a wave begins when the one before is over, soaked and approved") {
  Schedule schedule = all_pending(many(5), {2, 5});
  Limits limits = wide();
  limits.soak = Seconds(600);
  limits.approve = true;
  CHECK(decide(schedule, limits, as_at()).start == Numbers{1, 2});
  schedule.stands(1, S::succeeded);
  schedule.stands(2, S::in_flight);
  CHECK_FALSE(decide(schedule, limits, as_at()).ended_wave);
  schedule.stands(2, S::succeeded);
  auto decision = decide(schedule, limits, as_at());
  CHECK(decision.ended_wave == 1);
  CHECK_FALSE(decision.finished);
  schedule.wave_ended(kNow);
  decision = decide(schedule, limits, as_at(kNow + std::chrono::seconds(599)));
  CHECK(decision.start.empty());
  CHECK_FALSE(decision.finished);
  CHECK(decision.wait_until == kNow + std::chrono::seconds(600));
  REQUIRE(wait_of(decision, Wait::Why::soak));
  CHECK(wait_of(decision, Wait::Why::soak)->targets == 3);
  const WallTime soaked = kNow + std::chrono::seconds(600);
  decision = decide(schedule, limits, as_at(soaked));
  REQUIRE(wait_of(decision, Wait::Why::approval));
  CHECK_FALSE(decision.finished);
  CHECK_FALSE(decision.open_wave);
  schedule.approve_up_to(2);
  decision = decide(schedule, limits, as_at(soaked));
  CHECK(decision.open_wave == 2);
  CHECK(decision.start.empty());
  schedule.open_wave(2);
  CHECK(decide(schedule, limits, as_at(soaked)).start == Numbers{3, 4, 5});
  for (const int number : {3, 4, 5}) schedule.stands(number, S::succeeded);
  decision = decide(schedule, limits, as_at(soaked));
  CHECK_FALSE(decision.ended_wave);  // there is none to wait for after the last
  CHECK(decision.finished);
}

TEST_CASE("schedule: what fails in a wave or gets unhealthy in its soak counts, and a spent budget opens no wave") {
  Schedule schedule = all_pending(many(10), {4, 10});
  Limits limits = wide();
  limits.max_failures_per_wave = Budget{25, true};  // of four: one
  for (const int number : {1, 2, 3, 4}) schedule.stands(number, S::succeeded);
  schedule.wave_ended(kNow);
  schedule.unhealthy(1);
  schedule.unhealthy(1);
  CHECK(decide(schedule, limits, as_at()).open_wave == 2);
  schedule.unhealthy(3);
  const auto decision = decide(schedule, limits, as_at());
  CHECK_FALSE(decision.open_wave);
  CHECK(decision.halted);
  CHECK(decision.finished);
  CHECK(schedule.failures() == 2);
  limits.max_failures_per_wave.reset();
  limits.max_failures = Budget{1};
  CHECK(decide(schedule, limits, as_at()).halted);
  schedule.stands(3, S::again);  // a retry takes it off again
  CHECK(schedule.failures() == 1);
}

TEST_CASE("schedule: nobody is asked for a wave in which every region's budget is spent") {
  Schedule schedule = all_pending({candidate(1), candidate(2, "b"), candidate(3), candidate(4, "b")}, {2, 4});
  Limits limits = wide();
  limits.approve = true;
  limits.max_failures_per_region = Budget{0};
  schedule.stands(1, S::failed);
  schedule.stands(2, S::succeeded);
  schedule.wave_ended(kNow);
  CHECK(wait_of(decide(schedule, limits, as_at()), Wait::Why::approval));  // region b goes on
  schedule.stands(2, S::failed);
  const auto decision = decide(schedule, limits, as_at());
  CHECK_FALSE(wait_of(decision, Wait::Why::approval));
  CHECK(decision.halted);
  CHECK(decision.finished);
}

TEST_CASE("schedule: a wave doesn't wait for what is frozen or held back by its test, nor open for what has ended") {
  std::vector<Candidate> six = many(6);
  six[1].after = {1};
  six[2].freezes = {{kNow - std::chrono::hours(1), kNow + std::chrono::hours(1), "sale"}};
  Schedule schedule = all_pending(six, {3, 5, 6});
  Limits limits = wide();
  limits.max_failures = Budget{5};
  CHECK(decide(schedule, limits, as_at()).start == Numbers{1});
  schedule.stands(1, S::failed);
  auto decision = decide(schedule, limits, as_at());
  CHECK(decision.ended_wave == 1);
  REQUIRE(wait_of(decision, Wait::Why::freeze));
  CHECK(wait_of(decision, Wait::Why::freeze)->text == "frozen: sale");
  schedule.wave_ended(kNow);
  CHECK(decide(schedule, limits, as_at()).open_wave == 2);
  for (const int number : {4, 5, 6}) schedule.stands(number, S::succeeded);
  CHECK(decide(schedule, limits, as_at()).finished);  // it rests: the freeze is longer than a process should live
  limits.wait_for_openings = true;
  decision = decide(schedule, limits, as_at());
  CHECK_FALSE(decision.finished);
  CHECK(decision.wait_until == kNow + std::chrono::hours(1));
  CHECK(decide(schedule, limits, as_at(kNow + std::chrono::hours(1))).start == Numbers{3});
}

TEST_CASE("schedule: a region starts nothing before it opens, and nothing that would end after it closes") {
  std::vector<Candidate> four{candidate(1), candidate(2), candidate(3), candidate(4, "b")};
  four[0].seconds = 7200, four[1].seconds = 1800, four[2].seconds = 3600, four[3].seconds = 99999;
  Schedule schedule = all_pending(four);
  Surroundings around = as_at();
  around.openings["a"] = {kNow + std::chrono::hours(1), kNow + std::chrono::hours(2), "the window of region a"};
  auto decision = decide(schedule, wide(), around);
  CHECK(decision.start == Numbers{4});
  CHECK(decision.wait_until == kNow + std::chrono::hours(1));
  around.now = kNow + std::chrono::hours(1);
  schedule.stands(4, S::succeeded);
  decision = decide(schedule, wide(), around);
  CHECK(decision.start == Numbers{2, 3});
  REQUIRE(wait_of(decision, Wait::Why::opening));
  CHECK(wait_of(decision, Wait::Why::opening)->targets == 1);
  around.now = kNow + std::chrono::minutes(65);
  CHECK(decide(schedule, wide(), around).start == Numbers{2});
  around.now = kNow + std::chrono::hours(2);
  decision = decide(schedule, wide(), around);
  CHECK(decision.start.empty());
  CHECK(decision.finished);
  schedule.stands(3, S::interrupted);  // that one may be behind its page
  CHECK(decide(schedule, wide(), around).start == Numbers{3});
}

TEST_CASE("schedule: a busy server, a full disk: nothing new starts there, and that is waited for") {
  std::vector<Candidate> three = many(3);
  three[0].source_servers = {"old-1"}, three[1].source_servers = {"old-2"}, three[2].target_servers = {"new"};
  Schedule schedule = all_pending(three);
  Surroundings around = as_at();
  around.held_servers = {{"old-1", "71 active sessions"}, {"new", "2 GB left"}};
  auto decision = decide(schedule, wide(), around);
  CHECK(decision.start == Numbers{2});
  schedule.stands(2, S::succeeded);
  decision = decide(schedule, wide(), around);
  CHECK_FALSE(decision.finished);
  CHECK(decision.waits.size() == 2);
  around.held_servers.clear();
  around.held = "the backup directory is full";
  decision = decide(schedule, wide(), around);
  CHECK(decision.start.empty());
  CHECK_FALSE(decision.finished);
  CHECK(decision.waits.at(0).targets == 2);
  schedule.stands(1, S::interrupted);
  CHECK(decide(schedule, wide(), around).start == Numbers{1});
}

TEST_CASE("schedule: the ends of waves, from numbers and shares of all") {
  CHECK(wave_ends("3,10,25%,100%", 100) == Numbers{3, 10, 25, 100});
  CHECK(wave_ends("1,5,25%", 100) == Numbers{1, 5, 25, 100});
  CHECK(wave_ends("3,10,25%", 20) == Numbers{3, 10, 20});  // 25 % would be less than 10
  CHECK(wave_ends("3,10", 2) == Numbers{2});
  CHECK(wave_ends("10%", 7326) == Numbers{733, 7326});
  CHECK(wave_ends("5", 5) == Numbers{5});
  for (const auto* wrong : {"", ",", "3,", "0", "0%", "10,3", "25%,10%", "3,3", "x", "3;10", "101%", "-1"})
    CHECK_FALSE(wave_ends(wrong, 100));
}

TEST_CASE("schedule: random runs keep every limit at every moment, lose nothing, and end") {
  for (std::uint64_t seed = 1; seed <= 150; ++seed) {
    INFO("seed " << seed);
    testing::SmallRandom random(seed);
    const int count = 1 + static_cast<int>(random.below(60));
    std::vector<Candidate> candidates;
    for (int number = 1; number <= count; ++number) {
      Candidate made = candidate(number, "r" + std::to_string(random.below(3)));
      made.source_servers = {"s" + std::to_string(random.below(4))};
      made.target_servers = {"n" + std::to_string(random.below(3))};
      made.bytes = static_cast<std::int64_t>(random.below(100));
      if (number > 1 && random.below(4) == 0) made.after = {1 + static_cast<int>(random.below(number - 1))};
      candidates.push_back(std::move(made));
    }
    Limits limits{.overall = 1 + static_cast<int>(random.below(10)), .per_region = 1 + static_cast<int>(random.below(4))};
    limits.per_source_server = 1 + static_cast<int>(random.below(3));
    limits.per_target_server = 1 + static_cast<int>(random.below(3));
    limits.bytes_in_flight = 150;
    limits.test_first = random.below(3) > 0;
    const auto ends = wave_ends(random.below(2) ? "2,30%" : "100%", count);
    Schedule schedule = all_pending(candidates, *ends);
    std::set<int> flying, ended, failed;
    const auto check_limits = [&] {
      std::map<std::string, int> regions, sources, targets;
      std::int64_t bytes = 0;
      for (const int number : flying) {
        const Candidate& each = candidates[number - 1];
        ++regions[each.region], ++sources[each.source_servers[0]], ++targets[each.target_servers[0]];
        bytes += each.bytes;
        CHECK(number <= ends->at(schedule.current_wave() - 1));
      }
      CHECK(static_cast<int>(flying.size()) <= limits.overall);
      CHECK(bytes <= 150);
      for (const auto& [name, taken] : regions) CHECK(taken <= limits.per_region);
      for (const auto& [name, taken] : sources) CHECK(taken <= *limits.per_source_server);
      for (const auto& [name, taken] : targets) CHECK(taken <= *limits.per_target_server);
    };
    for (int turn = 0; turn < 10 * count + 50; ++turn) {
      const Decision decision = decide(schedule, limits, as_at());
      for (const int number : decision.start) {
        CHECK(ended.count(number) + flying.count(number) == 0);
        if (limits.test_first)
          for (const int test : candidates[number - 1].after) CHECK((ended.count(test) && !failed.count(test)));
        flying.insert(number);
        schedule.stands(number, S::in_flight);
      }
      check_limits();
      if (decision.ended_wave) schedule.wave_ended(kNow);
      if (decision.open_wave) schedule.open_wave(*decision.open_wave);
      if (decision.finished) break;
      if (flying.empty()) continue;
      auto chosen = flying.begin();
      std::advance(chosen, random.below(flying.size()));
      const bool fails = random.below(6) == 0;
      schedule.stands(*chosen, fails ? S::failed : S::succeeded);
      if (fails) failed.insert(*chosen);
      ended.insert(*chosen);
      flying.erase(chosen);
    }
    CHECK(flying.empty());
    REQUIRE(decide(schedule, limits, as_at()).finished);
    // What is left is what a failed test holds back, directly or through others.
    for (int number = 1; number <= count; ++number) {
      if (ended.count(number)) continue;
      CHECK(limits.test_first);
      CHECK(std::any_of(candidates[number - 1].after.begin(), candidates[number - 1].after.end(),
                        [&](int test) { return failed.count(test) || !ended.count(test); }));
    }
  }
}

TEST_CASE("schedule: owners have the time that they were given, those that nobody told wait") {
  Schedule schedule = all_pending(many(4));
  Limits limits = wide();
  CHECK(decide(schedule, limits, as_at()).start == Numbers{1, 2, 3, 4});
  limits.notices = true;
  auto decision = decide(schedule, limits, as_at());
  CHECK(decision.start.empty());
  CHECK(decision.finished);
  REQUIRE(wait_of(decision, Wait::Why::notice));
  CHECK(wait_of(decision, Wait::Why::notice)->text.find("not told") != std::string::npos);
  schedule.told(1, kNow + std::chrono::hours(2));
  schedule.told(2, kNow);
  schedule.told(2, kNow + std::chrono::hours(9));  // the first word counts
  decision = decide(schedule, limits, as_at());
  CHECK(decision.start == Numbers{2});
  REQUIRE(wait_of(decision, Wait::Why::notice));
  CHECK(wait_of(decision, Wait::Why::notice)->until == kNow + std::chrono::hours(2));
  CHECK(decide(schedule, limits, as_at(kNow + std::chrono::hours(2))).start == Numbers{1, 2});
  // Neither what was begun nor what a person names waits for anybody.
  schedule.stands(3, S::interrupted);
  schedule.stands(4, S::again);
  CHECK(decide(schedule, limits, as_at()).start == Numbers{3, 4, 2});
  schedule.stands(3, S::pending);
  schedule.stands(4, S::pending);
  schedule.stands(2, S::succeeded);
  CHECK(decide(schedule, limits, as_at()).finished);
  limits.wait_for_openings = true;
  CHECK_FALSE(decide(schedule, limits, as_at()).finished);
}

TEST_CASE("schedule: a pause is held by budgets, freezes and windows, and by nothing that only holds the start of targets") {
  std::vector<Candidate> two = many(2);
  const auto hour = std::chrono::hours(1);
  two[0].freezes = {{kNow + hour, kNow + 3 * hour, "a sale"}};
  two[0].windows = {"own"};
  Schedule schedule = all_pending(two);
  for (const int number : {1, 2}) schedule.stands(number, S::in_flight);
  Limits limits = wide();
  limits.max_failures = Budget{0};
  Surroundings around = as_at();
  around.held = "no room", around.held_servers["s"] = "busy";
  PauseOutlook outlook = pause_outlook(schedule, limits, around, 1, Seconds(60));
  CHECK_FALSE(outlook.hold);
  CHECK(outlook.next == kNow + hour);  // the freeze
  around.now = kNow + hour;
  outlook = pause_outlook(schedule, limits, around, 1, Seconds(60));
  REQUIRE(outlook.hold);
  CHECK(outlook.hold->why == Wait::Why::freeze);
  CHECK(outlook.hold->until == kNow + 3 * hour);
  CHECK(outlook.next == kNow + 3 * hour);
  CHECK_FALSE(pause_outlook(schedule, limits, around, 2, Seconds(60)).hold);

  // A window: its pause must end before it closes, by the prediction.
  around.now = kNow;
  around.openings["own"] = {std::nullopt, kNow + std::chrono::minutes(10), "open until ten past"};
  CHECK(pause_outlook(schedule, limits, around, 1, Seconds(60)).next == kNow + std::chrono::minutes(9) + WallTime::duration(1));
  CHECK_FALSE(pause_outlook(schedule, limits, around, 1, Seconds(600)).hold);
  outlook = pause_outlook(schedule, limits, around, 1, Seconds(601));
  REQUIRE(outlook.hold);
  CHECK(outlook.hold->why == Wait::Why::opening);
  CHECK(outlook.hold->text == "its pause would end too late: open until ten past");
  CHECK(outlook.next == kNow + std::chrono::minutes(10));
  CHECK_FALSE(pause_outlook(schedule, limits, around, 2, Seconds(601)).hold);
  around.openings["a"] = {kNow + hour, kNow + 2 * hour, "opens at nine"};
  outlook = pause_outlook(schedule, limits, around, 2, Seconds(60));
  REQUIRE(outlook.hold);
  CHECK(outlook.hold->text == "opens at nine");
  CHECK(outlook.next == kNow + hour);

  around.openings.clear();
  schedule.stands(2, S::failed);
  outlook = pause_outlook(schedule, limits, around, 1, Seconds(60));
  REQUIRE(outlook.hold);
  CHECK(outlook.hold->why == Wait::Why::budget);
  limits.max_failures = Budget{1};
  limits.max_failures_per_region = Budget{0};
  REQUIRE(pause_outlook(schedule, limits, around, 1, Seconds(60)).hold);
}

#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <set>

#include "engine/plan/plan.hpp"
#include "tests/engine/plan/random_fleet.hpp"

using namespace pgconvoy;

namespace {

// Environments e0, e1, ..., each a target of its own on one of `servers` servers.
struct Arranged {
  Fleet fleet;
  RunOptions options;
  std::vector<PlannedTarget> targets;

  Environment& add(const std::string& application, const std::string& stage, const std::string& server, double seconds = 10,
                   std::int64_t bytes = 100) {
    Environment environment;
    environment.id = "e" + std::to_string(targets.size());
    environment.region = "a";
    environment.application = application;
    environment.stage = stage;
    PlannedTarget planned;
    planned.target.id = environment.id;
    planned.target.region = environment.region;
    planned.target.environments = {environment.id};
    planned.placements["db-" + environment.id] = {server, "new", ""};
    planned.seconds = seconds;
    planned.bytes = bytes;
    targets.push_back(std::move(planned));
    return fleet.environments[environment.id] = environment;
  }
  void arrange() { pgconvoy::arrange(targets, fleet, options); }
  int number_of(const std::string& id) const {
    for (const PlannedTarget& planned : targets)
      if (planned.target.id == id) return planned.number;
    return 0;
  }
  const PlannedTarget& at(const std::string& id) const { return targets.at(number_of(id) - 1); }
  std::string server(int number) const { return targets.at(number - 1).placements.begin()->second.source_server; }
};

Arranged random_fleet_of(std::uint64_t seed, std::size_t at_most, bool with_circles) {
  testing::SmallRandom random(seed);
  Arranged made;
  const std::size_t count = 1 + random.below(at_most);
  const auto servers = 1 + random.below(5);
  for (std::size_t i = 0; i < count; ++i) {
    Environment& environment =
        made.add("app" + std::to_string(random.below(count)), random.below(3) == 0 ? "test" : "live", "s" + std::to_string(random.below(servers)),
                 random.below(20) == 0 ? 1000 + double(random.below(1000)) : 10 + double(random.below(20)), std::int64_t(random.below(1000)));
    environment.region = "r" + std::to_string(random.below(2));
    made.targets.back().target.region = environment.region;
    if (random.below(30) == 0) environment.labels["canary"] = "true";
    // Targets of two environments, of different applications.
    if (with_circles && i > 0 && random.below(4) == 0)
      made.targets.back().target.environments.push_back("e" + std::to_string(random.below(i)));
  }
  if (random.below(2)) made.options.waves = "10%";
  return made;
}

bool is_canary(const PlannedTarget& planned) { return planned.early_because.starts_with("canary"); }

}  // namespace

TEST_CASE("arrange: keeps every target, numbers from 1, and gives the same for the same") {
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    INFO("seed " << seed);
    Arranged made = random_fleet_of(seed, 80, true), again = random_fleet_of(seed, 80, true);
    std::multiset<std::string> before, after;
    for (const PlannedTarget& planned : made.targets) before.insert(planned.target.id);
    made.arrange();
    again.arrange();
    for (std::size_t i = 0; i < made.targets.size(); ++i) {
      after.insert(made.targets[i].target.id);
      CHECK(made.targets[i].number == static_cast<int>(i) + 1);
      CHECK(json(made.targets[i]) == json(again.targets[i]));
    }
    CHECK(before == after);
  }
}

TEST_CASE("arrange: test before live of an application, whatever hangs together") {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    INFO("seed " << seed);
    const bool circles = seed % 2 == 0;
    Arranged made = random_fleet_of(seed, 60, circles);
    made.arrange();
    std::map<std::string, std::set<int>> tests;
    for (const PlannedTarget& planned : made.targets)
      for (const std::string& id : planned.target.environments)
        if (made.fleet.environments.at(id).stage == "test") tests[made.fleet.environments.at(id).application].insert(planned.number);
    for (const PlannedTarget& planned : made.targets) {
      std::set<int> wanted;
      for (const std::string& id : planned.target.environments)
        if (const Environment& each = made.fleet.environments.at(id); each.stage == "live")
          wanted.insert(tests[each.application].begin(), tests[each.application].end());
      wanted.erase(planned.number);
      const std::set<int> after(planned.after.begin(), planned.after.end());
      for (const int test : after) {
        CHECK(test < planned.number);
        CHECK(wanted.count(test));
      }
      if (!circles) CHECK(after == wanted);
    }
  }
}

TEST_CASE("arrange: targets that wait for each other in a circle are put in some order all the same") {
  Arranged made;
  made.add("one", "test", "s");
  made.add("two", "test", "s");
  for (const auto& [id, application] : std::map<std::string, std::string>{{"x", "two"}, {"y", "one"}}) {
    made.fleet.environments[id].id = id;
    made.fleet.environments[id].application = application;
  }
  made.targets[0].target.environments.push_back("x");
  made.targets[1].target.environments.push_back("y");
  made.arrange();
  CHECK(made.targets[0].after.empty());
  CHECK(made.targets[1].after == std::vector<int>{1});
}

TEST_CASE("arrange: labelled canaries go first, with the tests that they wait for") {
  Arranged made;
  for (int i = 0; i < 20; ++i) made.add("app" + std::to_string(i), "live", "s" + std::to_string(i % 3));
  made.add("app7", "test", "s1");
  for (const char* id : {"e7", "e12"}) made.fleet.environments[id].labels["canary"] = "true";
  made.fleet.environments["e3"].labels["canary"] = "no";
  made.arrange();
  CHECK(std::set<int>{made.number_of("e7"), made.number_of("e12"), made.number_of("e20")} == std::set<int>{1, 2, 3});
  CHECK(made.number_of("e20") < made.number_of("e7"));
  CHECK(made.at("e12").early_because == "canary");
  CHECK(made.at("e20").early_because == "before its live target e7");
  CHECK(made.at("e3").early_because.empty());
}

TEST_CASE("arrange: without labels, small test targets of differing shape are the canaries of a run with waves") {
  Arranged made;
  for (int i = 0; i < 30; ++i) made.add("app" + std::to_string(i), i % 2 ? "test" : "live", i % 4 == 1 ? "s1" : "s2", 10, 1000 - i);
  const Arranged untouched = made;
  made.options.waves = "3,100%";
  made.arrange();
  std::set<std::string> servers;
  for (int number = 1; number <= 3; ++number) {
    const PlannedTarget& planned = made.targets[number - 1];
    CHECK(is_canary(planned));
    CHECK(made.fleet.environments.at(planned.target.id).stage == "test");
    CHECK(planned.bytes <= 1000 - 14);  // of the smaller half
    servers.insert(made.server(number));
  }
  CHECK(servers.size() == 2);
  CHECK_FALSE(is_canary(made.targets[3]));
  // One that a precondition blocks shows nothing.
  Arranged blocked = untouched;
  blocked.options.waves = "3,100%";
  for (PlannedTarget& planned : blocked.targets) {
    planned.findings.resize(1);
    planned.findings[0].severity = Severity::block;
  }
  blocked.arrange();
  CHECK(std::none_of(blocked.targets.begin(), blocked.targets.end(), is_canary));
  Arranged none = untouched;
  none.arrange();
  CHECK(std::none_of(none.targets.begin(), none.targets.end(), is_canary));
}

TEST_CASE("arrange: the longest of a region don't come last, nor next to each other on one server where that can be helped") {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    INFO("seed " << seed);
    Arranged made = random_fleet_of(seed, 120, false);
    made.arrange();
    std::map<std::string, std::vector<const PlannedTarget*>> regions;
    std::map<std::string, int> servers;
    int together = 0, free = 0;
    for (const PlannedTarget& planned : made.targets) {
      regions[planned.target.region].push_back(&planned);
      if (is_canary(planned)) continue;
      ++free;
      ++servers[made.server(planned.number)];
      if (planned.number > 1 && made.server(planned.number) == made.server(planned.number - 1)) ++together;
    }
    for (const auto& [region, members] : regions) {
      if (members.size() < 12) continue;
      std::vector<double> seconds;
      for (const PlannedTarget* each : members) seconds.push_back(each->seconds);
      std::sort(seconds.begin(), seconds.end());
      // A longest one (of the upper tenth, and really longer) never among the last tenth, unless most are on its server.
      const double least = std::max(seconds[members.size() - members.size() / 10], seconds[members.size() / 2] * 1.25);
      for (std::size_t place = members.size() - members.size() / 10; place < members.size(); ++place) {
        const int on_server = servers[made.server(members[place]->number)];
        if (on_server * 3 < free && members[place]->after.empty()) CHECK(members[place]->seconds < least);
      }
    }
    // What has to stand together: of a server that has more than half. Some more where live targets wait for their tests.
    int most = 0;
    for (const auto& [server, count] : servers) most = std::max(most, count);
    const int unavoidable = std::max(0, 2 * most - free - 1);
    int tests = 0;
    for (const PlannedTarget& planned : made.targets) tests += !planned.after.empty();
    CHECK(together <= unavoidable + tests + 2);
  }
}

TEST_CASE("arrange: with nothing to keep, the shuffled order stays but for servers") {
  Arranged made;
  for (int i = 0; i < 12; ++i) made.add("app" + std::to_string(i), "live", "s" + std::to_string(i % 4));
  made.arrange();
  for (int i = 0; i < 12; ++i) CHECK(made.targets[i].target.id == "e" + std::to_string(i));
  CHECK(made.targets[0].early_because.empty());
}

TEST_CASE("arrange: 100,000 targets on 300 servers in a moment") {
  Arranged made;
  made.targets.reserve(100'000);
  for (int i = 0; i < 100'000; ++i)
    made.add("app" + std::to_string(i / 2), i % 2 ? "test" : "live", "s" + std::to_string(i * 7 % 300), 10 + i % 50);
  const auto began = std::chrono::steady_clock::now();
  made.arrange();
  CHECK(std::chrono::steady_clock::now() - began < std::chrono::seconds(20));  // with sanitizers
  CHECK(made.targets.back().number == 100'000);
}

#include "engine/plan/placement.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "tests/engine/plan/random_fleet.hpp"
#include "tests/support/catch.hpp"

using namespace pgconvoy;
using Catch::Matchers::Contains;

namespace {

const Requirements kFrom13To15{"postgresql-database-13", "provisioned", "postgresql-database-15"};

Server a_server(const std::string& id, const char* major) {
  Server server;
  server.id = id;
  server.region = "r";
  server.service = std::string("postgresql-database-") + major;
  return server;
}

// A region with an old server, the new ones named, and an application per database.
struct World {
  Fleet fleet;
  std::map<std::string, ServerFacts> servers;
  std::map<std::string, DatabaseFacts> databases;
  bool adopts = false;

  explicit World(const std::vector<std::string>& targets) {
    fleet.regions["r"].id = "r";
    add_source("old");
    for (const std::string& id : targets) {
      fleet.servers[id] = a_server(id, "15");
      servers[id].server = id;
      servers[id].reachable = true;
      for (const char* name : {"postgres", "template0", "template1"}) servers[id].databases[name] = "postgres";
    }
  }
  void add_source(const std::string& id) { fleet.servers[id] = a_server(id, "13"); }
  void add(const std::string& id, std::int64_t bytes = 0, const std::string& server = "old", std::string database = "") {
    Instance instance;
    instance.id = id;
    instance.server = server;
    instance.database = database.empty() ? id : database;
    instance.role = "owner";
    fleet.instances[id] = instance;
    DatabaseFacts& facts = databases[id];
    facts.instance = id;
    facts.database = instance.database;
    facts.owner = "owner";
    facts.bytes = bytes;
  }
  void bind(const std::string& instance, const std::string& application, const std::string& stage) {
    Environment environment;
    environment.id = application + "-" + stage;
    environment.region = "r";
    environment.application = application;
    environment.stage = stage;
    environment.bindings.push_back({instance, {{"DATABASE_URL", "url"}}, {}});
    fleet.environments[environment.id] = environment;
  }
  PlacementInput input() const { return {fleet, kFrom13To15, servers, databases, adopts}; }
};

Target target_of(const std::string& instance) { return {instance, "r", {}, {instance}}; }

// instance -> server, in the order given; "" where it fits nowhere.
std::map<std::string, std::string> placed(const World& world, const std::vector<std::string>& order) {
  Placer placer(world.input());
  std::map<std::string, std::string> result;
  for (const std::string& id : order) {
    const auto placement = placer.place(target_of(id));
    result[id] = placement ? placement->at(id).target_server : "";
  }
  return result;
}

constexpr std::int64_t kGigabyte = 1'000'000'000;

}  // namespace

TEST_CASE("placement: with one server nothing is chosen, and no reason is given") {
  World world({"new"});
  world.add("shop", kGigabyte);
  world.servers["new"].free_bytes = 1;  // the condition disk_space judges it
  Placer placer(world.input());
  const auto placement = placer.place(target_of("shop"));
  REQUIRE(placement.has_value());
  CHECK(placement->at("shop").source_server == "old");
  CHECK(placement->at("shop").target_server == "new");
  CHECK(placement->at("shop").because.empty());
}

TEST_CASE("placement: no server, and one server for both, are errors that name them") {
  World none({});
  none.add("shop");
  CHECK_THAT(candidates(none.fleet, target_of("shop"), kFrom13To15).error().message,
             Contains("region r") && Contains("postgresql-database-15"));
  World elsewhere({"new"});
  elsewhere.add("shop");
  elsewhere.fleet.servers["new"].region = "other";
  CHECK_FALSE(candidates(elsewhere.fleet, target_of("shop"), kFrom13To15).has_value());
  World same({});
  same.add("shop");
  Requirements unmoved = kFrom13To15;
  unmoved.target_service = unmoved.source_service;
  CHECK_THAT(candidates(same.fleet, target_of("shop"), unmoved).error().message, Contains("source and target"));
}

TEST_CASE("placement: in place each database stays on its server and takes no room") {
  World world({"new"});
  world.add_source("older");
  world.add("shop", 1000 * kGigabyte);
  world.add("blog", 0, "older");
  Requirements in_place = kFrom13To15;
  in_place.target_service.clear();
  const Target both{"shop", "r", {}, {"shop", "blog"}};
  const auto servers = candidates(world.fleet, both, in_place);
  REQUIRE(servers.has_value());
  CHECK(servers->size() == 2);
  Placer placer({world.fleet, in_place, world.servers, world.databases, false});
  const auto placement = placer.place(both);
  REQUIRE(placement.has_value());
  CHECK(placement->at("shop").target_server == "old");
  CHECK(placement->at("blog").target_server == "older");
  CHECK(placement->at("blog").source_server == "older");
}

TEST_CASE("placement: within a service databases leave the one server and go to the others") {
  World world({"b", "c"});
  world.add_source("old");
  world.fleet.servers["old"].service = "postgresql-database-15";
  world.servers["old"] = world.servers["b"];
  for (int i = 0; i < 4; ++i) world.add(fmt::format("db{}", i), kGigabyte);
  world.add("neighbour", kGigabyte, "b");
  const Requirements leaving{"postgresql-database-15", "provisioned", "postgresql-database-15", "old"};
  Placer placer({world.fleet, leaving, world.servers, world.databases, false});
  for (int i = 0; i < 4; ++i) {
    const std::string id = fmt::format("db{}", i);
    const auto placement = placer.place(target_of(id));
    REQUIRE(placement.has_value());
    CHECK(placement->at(id).source_server == "old");
    CHECK(placement->at(id).target_server == (i % 2 ? "c" : "b"));
  }
  const auto stays = candidates(world.fleet, target_of("neighbour"), leaving);
  REQUIRE(stays.has_value());
  CHECK(stays->empty());
}

TEST_CASE("placement: a target without anything to move needs no server") {
  World world({});
  world.add("shop");
  world.fleet.instances["shop"].state = "suspended";
  const auto servers = candidates(world.fleet, target_of("shop"), kFrom13To15);
  REQUIRE(servers.has_value());
  CHECK(servers->empty());
}

TEST_CASE("placement: what servers of one host hold together stays below the caps of the host") {
  World world({"a", "b", "c"});
  world.fleet.servers["a"].host = world.fleet.servers["b"].host = "machine";
  world.fleet.hosts["machine"] = {"machine", {}};
  world.servers["a"].databases["there"] = "somebody";
  std::vector<std::string> order;
  for (int i = 0; i < 9; ++i) {
    order.push_back(fmt::format("db{}", i));
    world.add(order.back(), kGigabyte);
  }
  const auto on_host = [&](const Caps& caps) {
    world.fleet.hosts["machine"].caps = caps;
    int there = 0;
    for (const auto& [id, server] : placed(world, order)) there += server == "a" || server == "b";
    return there;
  };
  CHECK(on_host({}) == 6);
  // As much as may be, when the other server has no room for more.
  world.fleet.servers["c"].caps.databases = 6;
  CHECK(on_host({std::nullopt, 4, std::nullopt}) == 3);  // one is there already
  world.fleet.servers["c"].caps.databases = 7;
  CHECK(on_host({3 * kGigabyte, std::nullopt, std::nullopt}) == 2);  // a fifth is allowed for growth
  CHECK(on_host({std::nullopt, std::nullopt, 2}) == 2);

  world.fleet.servers["c"].caps.databases = 0;
  world.fleet.hosts["machine"].caps = {std::nullopt, 1, std::nullopt};
  Placer placer(world.input());
  CHECK_THAT(placer.place(target_of("db0")).error().message, Contains("host machine, caps.databases: 1 of 1 are taken"));
}

TEST_CASE("placement: equal servers get equal parts") {
  World world({"a", "b", "c"});
  std::vector<std::string> order;
  for (int i = 0; i < 12; ++i) {
    order.push_back(fmt::format("db{:02}", i));
    world.add(order.back());
  }
  std::map<std::string, int> parts;
  for (const auto& [id, server] : placed(world, order)) ++parts[server];
  CHECK(parts == std::map<std::string, int>{{"a", 4}, {"b", 4}, {"c", 4}});
}

TEST_CASE("placement: a server with little room gets a small part") {
  World world({"a", "b"});
  for (const char* id : {"a", "b"}) world.fleet.servers[id].caps.databases = 100;
  for (int i = 0; i < 80; ++i) world.servers["b"].databases[fmt::format("there{}", i)] = "somebody";
  std::vector<std::string> order;
  for (int i = 0; i < 20; ++i) {
    order.push_back(fmt::format("db{:02}", i));
    world.add(order.back());
  }
  std::map<std::string, int> parts;
  for (const auto& [id, server] : placed(world, order)) ++parts[server];
  CHECK(parts["a"] > parts["b"]);
  CHECK(parts["b"] > 0);
}

TEST_CASE("placement: servers of different hosts come first") {
  World world({"a1", "a2", "b1"});
  world.fleet.servers["a1"].host = world.fleet.servers["a2"].host = "a";
  world.fleet.servers["b1"].host = "b";
  world.add("one");
  world.add("two");
  CHECK(placed(world, {"one", "two"}) == std::map<std::string, std::string>{{"one", "a1"}, {"two", "b1"}});
}

TEST_CASE("placement: test and live of one application stand apart, also from one that was moved before") {
  World world({"a", "b"});
  world.add("one-test");
  world.add("other");
  world.add("one-live");
  world.bind("one-test", "one", "test");
  world.bind("one-live", "one", "live");
  auto servers = placed(world, {"one-test", "other", "one-live"});
  CHECK(servers["one-test"] == "a");
  CHECK(servers["other"] == "b");
  CHECK(servers["one-live"] == "b");

  world.fleet.instances["one-test"].server = "a";
  CHECK(placed(world, {"one-live"})["one-live"] == "b");
}

TEST_CASE("placement: two databases of one name never go to one server") {
  World world({"a", "b"});
  world.add_source("older");
  world.add("left", 0, "old", "shop");
  world.add("right", 0, "older", "shop");
  auto servers = placed(world, {"left", "right"});
  CHECK(servers["left"] != servers["right"]);
  CHECK_FALSE(servers["right"].empty());

  World one({"new"});
  one.add_source("older");
  one.add("left", 0, "old", "shop");
  one.add("right", 0, "older", "shop");
  Placer placer(one.input());
  REQUIRE(placer.place(target_of("left")).has_value());
  CHECK_THAT(placer.place(target_of("right")).error().message, Contains("instance left") && Contains("same name"));
}

TEST_CASE("placement: a name that is taken is the last choice, and the first one when it may be adopted") {
  World world({"a", "b"});
  world.add("shop");
  world.servers["a"].databases["shop"] = "owner";
  CHECK(placed(world, {"shop"})["shop"] == "b");
  world.servers["b"].databases["shop"] = "somebody else";
  world.adopts = true;
  CHECK(placed(world, {"shop"})["shop"] == "a");
  std::swap(world.servers["a"].databases["shop"], world.servers["b"].databases["shop"]);
  CHECK(placed(world, {"shop"})["shop"] == "b");
  // It is counted already.
  world.fleet.servers["b"].caps.databases = 1;
  CHECK(placed(world, {"shop"})["shop"] == "b");
}

TEST_CASE("placement: each cap is enforced, also on the only server, and the error says which") {
  World world({"new"});
  world.add("shop", kGigabyte);
  world.databases["shop"].connection_limit = 30;
  const auto error = [&world] {
    Placer placer(world.input());
    const auto placement = placer.place(target_of("shop"));
    return placement ? std::string() : placement.error().message;
  };
  Caps& caps = world.fleet.servers["new"].caps;
  caps.databases = 0;
  CHECK_THAT(error(), Contains("new (caps.databases: 0 of 0 are taken)") && Contains("instance shop"));
  caps = {};
  caps.bytes = kGigabyte;
  CHECK_THAT(error(), Contains("new (caps.bytes"));
  caps = {};
  caps.connections = 49;
  world.servers["new"].sessions = 20;
  CHECK_THAT(error(), Contains("caps.connections: 20 of 49 are taken, 30 more are needed"));
  caps.connections = 50;
  CHECK(error().empty());
}

TEST_CASE("placement: free bytes are shared by the servers of a host") {
  World world({"a", "b"});
  for (const char* id : {"a", "b"}) {
    world.fleet.servers[id].host = "h";
    world.servers[id].free_bytes = 2 * kGigabyte;
  }
  world.add("one", kGigabyte);
  world.add("two", kGigabyte);
  auto servers = placed(world, {"one", "two"});
  CHECK_FALSE(servers["one"].empty());
  CHECK(servers["two"].empty());
  world.fleet.servers["b"].host = "";
  CHECK(placed(world, {"one", "two"}) == std::map<std::string, std::string>{{"one", "a"}, {"two", "b"}});
}

TEST_CASE("placement: a server out of reach is left out, unless there is no other") {
  World world({"a", "b"});
  world.add("shop");
  world.servers["a"].reachable = false;
  world.servers["a"].unreachable_because = "connection refused";
  Placer placer(world.input());
  CHECK(placer.place(target_of("shop"))->at("shop").target_server == "b");
  CHECK(placer.left_out("r") == std::map<std::string, std::string>{{"a", "connection refused"}});

  world.servers["b"].reachable = false;
  Placer neither(world.input());
  CHECK(neither.place(target_of("shop"))->at("shop").target_server == "a");
  CHECK(neither.left_out("r").empty());
}

TEST_CASE("placement: a target that fits only in part takes nothing") {
  World world({"a", "b"});
  for (const char* id : {"a", "b"}) world.fleet.servers[id].caps.databases = 1;
  for (const char* id : {"one", "two", "three", "four"}) world.add(id);
  Placer placer(world.input());
  const Target three{"three", "r", {}, {"one", "three", "two"}};
  CHECK_FALSE(placer.place(three).has_value());
  CHECK(placer.place(target_of("four")).has_value());
  CHECK(placer.place(target_of("one")).has_value());
}

TEST_CASE("placement: on random worlds limits hold, the same input gives the same placement, and nothing fits that was refused") {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    INFO("seed " << seed);
    testing::SmallRandom random(seed);
    World world({});
    world.add_source("older");
    const auto servers = 1 + random.below(4);
    for (std::uint64_t i = 0; i < servers; ++i) {
      const std::string id = fmt::format("new{}", i);
      Server server = a_server(id, "15");
      if (random.below(2)) server.host = fmt::format("h{}", random.below(2));
      if (random.below(2)) server.caps.databases = static_cast<std::int64_t>(random.below(8));
      if (random.below(2)) server.caps.bytes = static_cast<std::int64_t>(random.below(20)) * kGigabyte;
      if (random.below(2)) server.caps.connections = static_cast<std::int64_t>(random.below(60));
      world.fleet.servers[id] = server;
      ServerFacts& facts = world.servers[id];
      facts.server = id;
      facts.reachable = true;
      facts.database_bytes = static_cast<std::int64_t>(random.below(4)) * kGigabyte;
      facts.sessions = static_cast<int>(random.below(10));
      if (random.below(2)) facts.free_bytes = static_cast<std::int64_t>(random.below(20)) * kGigabyte;
      for (std::uint64_t n = random.below(3); n > 0; --n) facts.databases[fmt::format("there{}", n)] = "somebody";
    }
    std::vector<std::string> order;
    for (std::uint64_t i = 0, count = random.below(16); i < count; ++i) {
      order.push_back(fmt::format("db{}", i));
      world.add(order.back(), static_cast<std::int64_t>(random.below(4)) * kGigabyte, random.below(2) ? "old" : "older",
                fmt::format("name{}", random.below(12)));
      if (random.below(2)) world.databases[order.back()].connection_limit = static_cast<int>(random.below(20));
    }
    const auto result = placed(world, order);
    CHECK(placed(world, order) == result);

    std::map<std::string, std::int64_t> host_bytes;
    std::map<std::string, std::int64_t> host_free;
    std::map<std::string, std::set<std::string>> names;
    for (const auto& [id, server] : world.fleet.servers) {
      if (!world.servers.contains(id)) continue;
      const ServerFacts& facts = world.servers.at(id);
      std::int64_t bytes = facts.database_bytes, connections = facts.sessions;
      auto databases = static_cast<std::int64_t>(facts.databases.size());
      const std::string host = server.host.empty() ? "alone " + id : server.host;
      if (facts.free_bytes)
        host_free[host] = host_free.contains(host) ? std::min(host_free[host], *facts.free_bytes) : *facts.free_bytes;
      bool any = false;
      for (const std::string& instance : order) {
        if (result.at(instance) != id) continue;
        any = true;
        const DatabaseFacts& database = world.databases.at(instance);
        bytes += database.bytes + database.bytes / 5;
        host_bytes[host] += database.bytes + database.bytes / 5;
        connections += database.connection_limit >= 0 ? database.connection_limit : 1;
        ++databases;
        CHECK(names[id].insert(database.database).second);
      }
      if (!any) continue;
      if (server.caps.bytes) CHECK(bytes <= *server.caps.bytes);
      if (server.caps.databases) CHECK(databases <= *server.caps.databases);
      if (server.caps.connections) CHECK(connections <= *server.caps.connections);
    }
    if (servers > 1)
      for (const auto& [host, free] : host_free) CHECK(host_bytes[host] <= free);
    // Another order of the fleet's own lists is no other input: maps are ordered by id. Another run order may differ,
    // and still fits: whoever was refused first is refused by a fuller world, too.
    for (std::size_t i = 0; i < order.size(); ++i) {
      if (!result.at(order[i]).empty()) continue;
      const std::vector<std::string> before(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(i) + 1);
      CHECK(placed(world, before).at(order[i]).empty());
    }
  }
}

TEST_CASE("placement: on random fleets exactly the collected instances are placed, inside of their region") {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    Fleet fleet = testing::random_fleet(seed);
    // Two may have one name on the one new server: that is an error of its own.
    for (auto& [id, instance] : fleet.instances) instance.database = id;
    const std::map<std::string, ServerFacts> servers;
    const std::map<std::string, DatabaseFacts> databases;
    Placer placer({fleet, kFrom13To15, servers, databases, false});
    for (const Target& target : group_targets(fleet)) {
      INFO("seed " << seed << ", target " << target.id);
      const auto placements = placer.place(target);
      REQUIRE(placements.has_value());
      std::vector<std::string> ids;
      for (const auto& [id, placement] : *placements) {
        ids.push_back(id);
        CHECK(fleet.servers.at(placement.source_server).service == kFrom13To15.source_service);
        CHECK(fleet.servers.at(placement.target_server).service == kFrom13To15.target_service);
        CHECK(fleet.servers.at(placement.target_server).region == target.region);
      }
      CHECK(ids == collected_instances(fleet, target, kFrom13To15));
    }
  }
}

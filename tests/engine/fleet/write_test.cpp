#include <catch2/catch.hpp>

#include <random>

#include "engine/fleet/duration.hpp"
#include "tests/engine/fleet/example.hpp"

using namespace pgconvoy;
using namespace pgconvoy::testing;

namespace {

const std::vector<std::string> kHostile{"\"; drop",
                                        "it's",
                                        "a\nb",
                                        "a\r\nb\t",
                                        " lead",
                                        "trail ",
                                        "\xF0\x9F\x98\x80 emoji",
                                        "-dash",
                                        "--- x",
                                        ": # y",
                                        "a: b",
                                        "#no",
                                        "no",
                                        "Null",
                                        "~",
                                        "true",
                                        "013",
                                        "1e3",
                                        "0x1F",
                                        "2001-01-01",
                                        ".inf",
                                        "[x]",
                                        "{x}",
                                        "*x",
                                        "&x",
                                        "!x",
                                        "|",
                                        ">",
                                        "%TAG",
                                        "@x",
                                        "`x`",
                                        "\\",
                                        "\\n",
                                        "?",
                                        "? x",
                                        "-",
                                        "a,b",
                                        "\x01\x1b\x7f",
                                        "\xC2\x85\xE2\x80\xA8",
                                        "=",
                                        "<<",
                                        "\xEF\xBB\xBF"
                                        "bom",
                                        "C:\\x",
                                        "'"};

Fleet hostile_fleet(std::mt19937& random) {
  const auto any = [&] { return kHostile[random() % kHostile.size()]; };
  const std::vector<std::string> ids{"no",  "null", "013", "-x",   "---", "1.5",
                                     "...", "true", "a",   "0x10", "y",   "2001-01-01"};
  const auto program = [&] { return PlatformProgram{{"/bin/x y", any(), ""}, Seconds(1 + random() % 99), {{any(), any()}, {any(), ""}}}; };
  Fleet fleet;
  fleet.regions["no"] = {"no", 1 + static_cast<int>(random() % 9)};
  fleet.regions["-"] = {"-", std::nullopt};
  const std::vector<PasswordSource> sources{{},
                                            {"NAME", "", "", {}},
                                            {"", "/a b/" + any(), "", {}},
                                            {"", "", "/p/x#y", {}},
                                            {"", "", "", {"pass", "", any()}}};
  fleet.servers["1"] = {"1", "no", any(), "postgresql://u@h:1/d%20b?sslmode=require",
                        sources[random() % sources.size()]};
  if (random() % 2) fleet.servers["1"].host = any();
  if (random() % 2) {
    fleet.servers["1"].host = "on";
    fleet.hosts["on"] = {"on", {std::nullopt, 3, 5}};
  }
  if (random() % 2) fleet.servers["1"].caps = {std::int64_t{1} << (random() % 50), 7, std::nullopt};
  if (random() % 2) fleet.servers["1"].provisioner = program();
  if (random() % 2) fleet.servers["1"].care = program();
  for (std::size_t number = 0; number < ids.size(); ++number) {
    const std::string& id = ids[number];
    fleet.instances[id] = {id,
                           "1",
                           any() + std::to_string(number),
                           any(),
                           any(),
                           sources[random() % sources.size()],
                           {{any(), any()}, {any(), ""}}};
    Environment environment;
    environment.id = id;
    environment.region = "no";
    environment.application = any();
    environment.stage = random() % 2 ? "test" : "live";
    if (random() % 2) environment.downtime_budget = Seconds(std::uniform_real_distribution<>(0.001, 1e5)(random));
    if (random() % 2) environment.downtime_budget = Seconds(1 + static_cast<double>(random() % 100'000));
    if (random() % 2)
      environment.controller = {
          "local",           {},                                  "/d" + std::to_string(number),   {any(), any(), ""}, "/e #1", "/p", "/l: x", "/m",
          "http://h/health", random() % 2 ? "https://h/" : ""};
    environment.bindings = {{id, {{"NO", "url"}, {"_x1", "port"}}, {}}};
    if (random() % 3 == 0) {
      Pooler pooler{id, "no", "pgbouncer", "postgresql://p@h:6432/pgbouncer", {}, "/etc/db.ini", {}};
      if (random() % 2) pooler = {id, "no", "exec", "postgresql://h:6432/x", {}, "", program()};
      fleet.poolers[id] = pooler;
      environment.bindings[0].poolers = {{id, any()}};
    }
    if (random() % 3 == 0) environment.controller = {"exec", program()};
    fleet.environments[id] = environment;
  }
  if (random() % 2) {
    Hook hook;
    hook.id = "chat";
    hook.program = program();
    hook.events = {"target_planned", "step_started"};
    fleet.hooks["chat"] = std::move(hook);
  }
  if (random() % 2) fleet.backups = {"/b", Seconds(86400), {"age", "-r", "x"}, {"age", "-d"}, {"up"}, {"down"}, {"rm"}};
  return fleet;
}

}  // namespace

TEST_CASE("fleet to YAML: what was written is read back equal, whatever the names are") {
  const std::string name = Catch::getResultCapture().getCurrentTestName();
  std::mt19937 random(static_cast<unsigned>(std::hash<std::string>{}(name)));
  for (int round = 0; round < 200; ++round) {
    const Fleet fleet = hostile_fleet(random);
    const std::string yaml = fleet_to_yaml(fleet);
    const LoadedFleet loaded = parse_fleet(yaml, "/elsewhere");
    CAPTURE(yaml);
    REQUIRE(format_problems("fleet.yaml", loaded.problems) == "");
    REQUIRE(loaded.fleet == fleet);
    REQUIRE(json::parse(json(fleet).dump()).get<Fleet>() == fleet);
  }
}

TEST_CASE("fleet to YAML: the example comes back equal and is written the same again") {
  const Fleet fleet = parse_fleet(kExample, "/fleet").fleet;
  const std::string yaml = fleet_to_yaml(fleet);
  CHECK(parse_fleet(yaml, "/other").fleet == fleet);
  CHECK(fleet_to_yaml(parse_fleet(yaml, "/other").fleet) == yaml);
}

TEST_CASE("fleet to YAML: sizes are comments beside their instances") {
  const Fleet fleet = parse_fleet(kExample, "/fleet").fleet;
  const std::string yaml = fleet_to_yaml(fleet, {{"shop-live-db", 8 << 20}});
  CHECK(yaml.find("  shop-live-db:  # 8 MB\n") != std::string::npos);
  CHECK(parse_fleet(yaml, "/other").fleet == fleet);
}

TEST_CASE("fleet as JSON: equal fleets have one digest, a changed one another") {
  const Fleet fleet = parse_fleet(kExample, "/fleet").fleet;
  Fleet copy = json(fleet).get<Fleet>();
  CHECK(copy == fleet);
  CHECK(digest(copy) == digest(fleet));
  copy.instances.at("shop-live-db").labels["team"] = "b";
  CHECK(digest(copy) != digest(fleet));
}

TEST_CASE("durations: units in falling order, each once") {
  CHECK(parse_short_duration("90s") == Seconds(90));
  CHECK(parse_short_duration("1h30m") == Seconds(5400));
  CHECK(parse_short_duration("1d1s") == Seconds(86401));
  CHECK(parse_short_duration("0.5s") == Seconds(0.5));
  for (const char* wrong : {"", "5", "s", "5x", "5 m", "-5m", "+5m", "1m1h", "1m1m", "1.5m", "0s", "0h0m", "infs",
                            "nans", "1e3s", "99999999999999s", "5m ", "five"})
    CHECK(parse_short_duration(wrong) == std::nullopt);
  CHECK(format_short_duration(Seconds(5400)) == "1h30m");
  CHECK(format_short_duration(Seconds(90.25)) == "90.25s");
}

TEST_CASE("fleet file: windows and webhooks are written as they were read") {
  const LoadedFleet read = parse_fleet(changed("concurrency: 2", "concurrency: 2, time_zone: Europe/Berlin, windows: [\"01:00-05:00\", \"sat,sun 22:00-06:00\"]") +
                                     "hooks:\n  chat: {webhook: {env: CHAT_URL}, format: slack, limit: 5s, events: [target_stuck]}\n"
                                     "  log: {webhook: {file: /etc/hook}}\n",
                                       "/srv");
  REQUIRE(read.problems.empty());
  const Fleet& fleet = read.fleet;
  CHECK(fleet.regions.at("eu-west").windows == std::vector<std::string>{"01:00-05:00", "sat,sun 22:00-06:00"});
  CHECK(fleet.hooks.at("chat").program.limit == Seconds(5));
  CHECK(parse_fleet(fleet_to_yaml(fleet), "/srv").fleet == fleet);
  CHECK(json(fleet).get<Fleet>() == fleet);
}

TEST_CASE("fleet file: an environment's own windows and notices are written as they were read") {
  const LoadedFleet read = parse_fleet(changed("application: shop\n", "application: shop\n    windows: [\"sat 02:00-04:00\"]\n") + "notices: {before: 3d, after: 1d}\n", "/srv");
  REQUIRE(format_problems("fleet.yaml", read.problems) == "");
  const Fleet& fleet = read.fleet;
  CHECK(fleet.notices.before == Seconds(3 * 86400));
  CHECK(fleet.notices.after == Seconds(86400));
  int own = 0;
  for (const auto& [id, environment] : fleet.environments) own += environment.windows == std::vector<std::string>{"sat 02:00-04:00"};
  CHECK(own == 1);
  CHECK(parse_fleet(fleet_to_yaml(fleet), "/srv").fleet == fleet);
  CHECK(json(fleet).get<Fleet>() == fleet);
  const Fleet plain = parse_fleet(kExample, "/srv").fleet;
  CHECK_FALSE(json(plain).contains("notices"));  // stored fleets of earlier versions keep their digests
  CHECK_FALSE(parse_fleet(std::string(kExample) + "notices: {before: soon}\n", "/srv").problems.empty());
}

#include "engine/plan/restore_memory.hpp"

#include <catch2/catch.hpp>

using namespace pgconvoy;

namespace {

constexpr std::int64_t kMegabyte = 1 << 20;

// Sizes as pg_settings has them: blocks of 8 kB, and kB.
ServerFacts server_with(std::int64_t shared_buffers, std::int64_t maintenance_work_mem, int processes = 8, int parallel = 8, int maintenance = 2) {
  ServerFacts server;
  server.settings = {{"shared_buffers", std::to_string(shared_buffers / 8192)}, {"maintenance_work_mem", std::to_string(maintenance_work_mem / 1024)},
                     {"max_worker_processes", std::to_string(processes)}, {"max_parallel_workers", std::to_string(parallel)},
                     {"max_parallel_maintenance_workers", std::to_string(maintenance)}};
  return server;
}

Plan plan_on(const std::string& server, int targets, const std::string& region = "a") {
  Plan plan;
  plan.fleet.regions[region].id = region;
  for (int i = 0; i < targets; ++i) {
    PlannedTarget planned;
    planned.number = i + 1;
    planned.target.region = region;
    planned.placements["db"] = {"old", server, ""};
    plan.targets.push_back(planned);
  }
  return plan;
}

}  // namespace

TEST_CASE("restore memory: half of shared_buffers is divided, and nobody gets less than the server gives anyway") {
  const ServerFacts server = server_with(8192 * kMegabyte, 64 * kMegabyte);
  CHECK(restore_share(server, std::nullopt, 4)->memory == 1024 * kMegabyte);
  CHECK(restore_share(server, std::nullopt, 16)->memory == 256 * kMegabyte);
  CHECK(restore_share(server, std::nullopt, 1)->memory == 2048 * kMegabyte);    // no session takes more by itself
  CHECK(restore_share(server, std::nullopt, 1000)->memory == 64 * kMegabyte);
  CHECK(restore_share(server_with(128 * kMegabyte, 64 * kMegabyte), std::nullopt, 4)->memory == 64 * kMegabyte);  // as installed
  CHECK(restore_share(server_with(128 * kMegabyte, 4096 * kMegabyte), std::nullopt, 4)->memory == 4096 * kMegabyte);
}

TEST_CASE("restore memory: an amount that was asked for is divided whatever the server has") {
  const ServerFacts server = server_with(128 * kMegabyte, 64 * kMegabyte);
  CHECK(restore_share(server, 2048 * kMegabyte, 4)->memory == 512 * kMegabyte);
  CHECK(restore_share(server, 64 * kMegabyte, 4)->memory == 16 * kMegabyte);
  CHECK(restore_share(server, 2 * kMegabyte, 4)->memory == kMegabyte);  // the least that PostgreSQL takes
  CHECK(restore_share(server, 2048 * kMegabyte, 0)->memory == 2048 * kMegabyte);
  // All shares together are never more than what was asked for, beyond that least.
  for (const std::int64_t budget : {100 * kMegabyte, 1000 * kMegabyte, 12345 * kMegabyte})
    for (int sessions = 1; sessions <= 40; ++sessions) CHECK(restore_share(server, budget, sessions)->memory * sessions <= budget);
}

TEST_CASE("restore memory: workers are those that the server has for it, divided; none where it allows none") {
  const auto workers = [](const ServerFacts& server, int sessions) { return restore_share(server, std::nullopt, sessions)->workers; };
  const ServerFacts server = server_with(128 * kMegabyte, 64 * kMegabyte);
  CHECK(workers(server, 1) == 4);
  CHECK(workers(server, 4) == 2);
  CHECK(workers(server, 16) == 0);
  CHECK(workers(server_with(128 * kMegabyte, 64 * kMegabyte, 3, 8), 1) == 3);
  CHECK(workers(server_with(128 * kMegabyte, 64 * kMegabyte, 8, 2), 2) == 1);
  CHECK(workers(server_with(128 * kMegabyte, 64 * kMegabyte, 8, 8, 0), 1) == 0);
}

TEST_CASE("restore memory: facts without the server's settings change nothing") {
  ServerFacts server = server_with(128 * kMegabyte, 64 * kMegabyte);
  for (const auto& [name, value] : ServerFacts(server).settings) {
    INFO(name);
    ServerFacts less = server;
    less.settings.erase(name);
    CHECK_FALSE(restore_share(less, 2048 * kMegabyte, 1));
    less.settings[name] = "64MB";  // not as the facts have it
    CHECK_FALSE(restore_share(less, 2048 * kMegabyte, 1));
  }
  CHECK(settings_of(std::nullopt).empty());
  CHECK(server_options_of(std::nullopt).empty());
  const RestoreShare share{96 * kMegabyte, 3};
  CHECK(server_options_of(share) == "-c maintenance_work_mem=98304kB -c max_parallel_maintenance_workers=3");
  CHECK(settings_of(share).size() == 2);
}

TEST_CASE("restore memory: sessions at a time are the jobs of as many targets as the limits let be at work on the server") {
  Plan plan = plan_on("new", 10);
  plan.options.concurrency = 8;
  plan.options.concurrency_per_region = 3;
  CHECK(builders_at_a_time(plan, "new", 2, true) == 6);
  CHECK(builders_at_a_time(plan, "new", 0, true) == 3);
  CHECK(builders_at_a_time(plan, "elsewhere", 2, true) == 2);
  plan.fleet.regions["a"].concurrency = 5;
  CHECK(builders_at_a_time(plan, "new", 2, true) == 10);
  plan.options.concurrency = 4;
  CHECK(builders_at_a_time(plan, "new", 2, true) == 8);
  plan.options.concurrency_per_target = 2;
  CHECK(builders_at_a_time(plan, "new", 2, true) == 4);
  plan.options.max_paused = 1;
  CHECK(builders_at_a_time(plan, "new", 2, true) == 2);
  CHECK(builders_at_a_time(plan, "new", 2, false) == 4);
  CHECK(builders_at_a_time(plan_on("new", 1), "new", 2, true) == 2);
}

TEST_CASE("restore memory: what is asked for is an amount of at least 1 MB, or auto") {
  for (const json& arguments : {json(), json::object(), json{{"restore_memory", "auto"}}}) {
    const auto asked = asked_restore_memory(arguments);
    REQUIRE(asked.has_value());
    CHECK_FALSE(asked->has_value());
  }
  CHECK(**asked_restore_memory({{"restore_memory", "2GB"}}) == 2048 * kMegabyte);
  CHECK(**asked_restore_memory({{"restore_memory", "1MB"}}) == kMegabyte);
  for (const json& wrong : {json("1000"), json("much"), json(""), json("-1GB"), json(2)}) {
    INFO(wrong.dump());
    CHECK_FALSE(asked_restore_memory({{"restore_memory", wrong}}).has_value());
  }
}

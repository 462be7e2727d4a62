// Fleets of every shape from a seed: environments with none to three databases, shared ones, several services.
#pragma once

#include <fmt/format.h>

#include <cstdint>

#include "engine/fleet/fleet.hpp"
#include "engine/fleet/target.hpp"

namespace pgconvoy::testing {

class SmallRandom {
 public:
  explicit SmallRandom(std::uint64_t seed) : state_(seed * 2654435769U + 12345) {}
  std::uint64_t below(std::uint64_t bound) {
    state_ = state_ * 6364136223846793005U + 1442695040888963407U;
    return (state_ >> 33) % bound;
  }

 private:
  std::uint64_t state_;
};

// Regions r0, r1, ...; each with one server for 13 and one for 15 (r0-13, r0-15).
inline Fleet random_fleet(std::uint64_t seed) {
  SmallRandom random(seed);
  Fleet fleet;
  const auto regions = 1 + random.below(3);
  for (std::uint64_t r = 0; r < regions; ++r) {
    const std::string region = fmt::format("r{}", r);
    fleet.regions[region].id = region;
    for (const char* major : {"13", "15"}) {
      Server server;
      server.id = region + "-" + major;
      server.region = region;
      server.service = std::string("postgresql-database-") + major;
      server.url = "postgresql://127.0.0.1/postgres";
      fleet.servers[server.id] = server;
    }
    const auto instances = random.below(8);
    for (std::uint64_t i = 0; i < instances; ++i) {
      Instance instance;
      instance.id = fmt::format("{}-db{}", region, i);
      instance.server = region + (random.below(5) == 0 ? "-15" : "-13");
      instance.database = fmt::format("db{}", i);
      instance.role = "owner";
      if (random.below(6) == 0) instance.state = "suspended";
      fleet.instances[instance.id] = instance;
    }
    const auto environments = random.below(6);
    for (std::uint64_t e = 0; e < environments; ++e) {
      Environment environment;
      environment.id = fmt::format("{}-app{}", region, e);
      environment.region = region;
      environment.application = fmt::format("app{}", e);
      for (std::uint64_t i = 0; i < instances; ++i)
        if (random.below(3) == 0)
          environment.bindings.push_back({fmt::format("{}-db{}", region, i), {{"DATABASE_URL", "url"}}});
      fleet.environments[environment.id] = environment;
    }
  }
  return fleet;
}

}  // namespace pgconvoy::testing

// When a server is too busy for more to be started on it. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "engine/core/clock.hpp"

namespace pgconvoy {

// What was read of a server; what couldn't be read is not set, and holds nothing back.
struct ServerLoad {
  std::optional<double> active_sessions;   // of others than pgconvoy
  std::optional<double> replication_lag;   // seconds, of the standby that is farthest behind
  std::optional<double> load;              // of its machine, over the last minute
  std::optional<std::int64_t> free_bytes;  // where its data are
};

struct Throttle {
  std::optional<double> active_sessions, replication_lag, load;  // more than that is busy
  bool any() const { return active_sessions || replication_lag || load; }
  bool operator==(const Throttle&) const = default;
};

// "active>50,lag>10s,load>8", each at most once, in any order; "" is one that never holds. nullopt for anything else.
std::optional<Throttle> parse_throttle(const std::string& text);

// "71 active sessions, more than 50"; "" when the server isn't busy.
std::string busy_because(const Throttle& throttle, const ServerLoad& load);

}  // namespace pgconvoy

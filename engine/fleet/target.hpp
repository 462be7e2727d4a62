// A target: a connected group of environments and the databases they share. What is paused, bound and undone
// together.
#pragma once

#include <string>
#include <vector>

#include "engine/core/json.hpp"
#include "engine/fleet/fleet.hpp"

namespace pgconvoy {

struct Target {
  std::string id;  // id of its first environment, or of its instance when it has none
  std::string region;
  std::vector<std::string> environments;  // ids, sorted
  std::vector<std::string> instances;     // ids, sorted
  bool operator==(const Target&) const = default;
};

PGCONVOY_JSON(Target);

// The connected components of environments and instances over all bindings, sorted by id. Instances that no
// environment binds are targets of their own. Pure; linear but for the sort. A binding to an instance that doesn't
// exist is ignored.
std::vector<Target> group_targets(const Fleet& fleet);

}  // namespace pgconvoy

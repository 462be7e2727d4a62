// A fleet from live servers: what `fleet discover` prints and `init` writes.
#pragma once

#include <map>
#include <string>

#include "cli/application.hpp"
#include "engine/core/task.hpp"
#include "engine/fleet/fleet.hpp"

namespace pgconvoy::cli {

struct Discovered {
  Fleet fleet;
  std::map<std::string, std::int64_t> bytes;  // by instance, where they could be read
  std::size_t matching = 0;                   // databases that the pattern takes, known ones too
};

// The servers of a file, or the two of the command line, with every database that is found on them whose name fits. `name_services`: what
// the servers offer is named after their versions, and the one must not be older than the other. Reads only.
Task<Result<Discovered>> discover(Services services, Fleet fleet, std::string glob, bool name_services);

}  // namespace pgconvoy::cli

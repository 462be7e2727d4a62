// Which targets a command is about.
#pragma once

#include <string>
#include <vector>

#include "engine/core/error.hpp"
#include "engine/fleet/fleet.hpp"
#include "engine/fleet/target.hpp"

namespace pgconvoy {

struct Selection {
  std::vector<std::string> regions;  // ids; none: all regions
  std::vector<std::string> limit;    // GLOB, or @FILE with one a line; none: all targets
  std::vector<std::string> exclude;  // the same
};

// The targets in a selected region that match a limit and no exclusion, in the order given. A glob (fnmatch: * ? [...])
// is held against the ids of the target, its environments and its instances; one match takes or excludes the whole
// target, for it is moved as one. In a file, empty lines and lines that begin with # are skipped.
//
// Errors, all of kind usage (io for a file): a region that doesn't exist, a limit that matches nothing, an exclusion
// without * ? [ that matches nothing (a misspelled one would migrate what it was to protect), and a selection of no
// targets: that is never "all". Pure apart from reading @FILE; may be repeated; any thread.
Result<std::vector<Target>> select_targets(const Fleet& fleet, const std::vector<Target>& targets,
                                           const Selection& selection);

}  // namespace pgconvoy

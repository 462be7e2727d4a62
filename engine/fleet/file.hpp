// The fleet file: YAML in, YAML out. Its format is described in docs/fleet.md.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "engine/core/error.hpp"
#include "engine/fleet/fleet.hpp"

namespace pgconvoy {

struct FileProblem {
  int line = 0;    // from 1; 0: the file as a whole
  int column = 0;  // from 1
  std::string message;
};

// "fleet.yaml:12:5: unknown key "servr" (did you mean "server"?)", one per line, in the order of the file.
std::string format_problems(const std::filesystem::path& file, const std::vector<FileProblem>& problems);

struct LoadedFleet {
  Fleet fleet;
  std::vector<FileProblem> problems;  // all of them at once; empty means the fleet is good
};

// Reads and validates strictly: unknown key, wrong type, dangling reference, duplicate key or id, a password in
// a URL. Relative paths become absolute against the file's folder. Never throws; touches nothing else.
LoadedFleet load_fleet(const std::filesystem::path& file);
LoadedFleet parse_fleet(const std::string& yaml, const std::filesystem::path& folder);

// The same format; what load_fleet() reads back is equal. `bytes` are sizes of instances, by id: a comment beside each.
std::string fleet_to_yaml(const Fleet& fleet, const std::map<std::string, std::int64_t>& bytes = {});

}  // namespace pgconvoy

// A fleet file of any bytes is read without a crash, and what is good comes back from its own YAML.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "engine/fleet/file.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pgconvoy;
  const LoadedFleet loaded = parse_fleet(std::string(reinterpret_cast<const char*>(data), size), "/folder");
  (void)format_problems("fleet.yaml", loaded.problems);
  if (!loaded.problems.empty()) return 0;
  const std::string written = fleet_to_yaml(loaded.fleet);
  const LoadedFleet again = parse_fleet(written, "/folder");
  if (!again.problems.empty() || fleet_to_yaml(again.fleet) != written) std::abort();
  return 0;
}

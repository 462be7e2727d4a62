// A runbook file of any bytes is read without a crash, and what is good comes back from its own YAML with its digest.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "runbooks/yaml.hpp"
#include "tests/runbooks/fake_registries.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pgconvoy;
  static const testing::Registries registries;
  const auto parse = [](const std::string& yaml) { return parse_runbook(yaml, registries.operations, registries.conditions); };
  const ParsedRunbook parsed = parse(std::string(reinterpret_cast<const char*>(data), size));
  (void)format_problems("runbook.yaml", parsed.problems);
  if (!parsed.problems.empty()) return 0;
  const ParsedRunbook again = parse(runbook_to_yaml(parsed.runbook));
  if (!again.problems.empty() || digest(again.runbook) != digest(parsed.runbook)) std::abort();
  return 0;
}

#include "operations/differences.hpp"

#include <fmt/format.h>

namespace pgconvoy {

Error differences_error(const Comparison& comparison, const std::string& new_server) {
  constexpr std::size_t kNamed = 5;
  std::string named;
  for (std::size_t i = 0; i < comparison.differences.size() && i < kNamed; ++i) {
    const Difference& difference = comparison.differences[i];
    named += fmt::format("\n  {} {}: old {}; new {}", difference.kind, difference.object,
                         difference.source.empty() ? "(missing)" : difference.source,
                         difference.target.empty() ? "(missing)" : difference.target);
  }
  return Error(ErrorKind::corrupt,
               fmt::format("the new database is not equal to the old one: {} differences{}", comparison.differences.size(), named))
      .on(new_server);
}

VerifyOutcome verified(const Comparison& comparison) {
  VerifyOutcome outcome;
  outcome.rows = comparison.rows;
  outcome.bytes = comparison.bytes;
  outcome.tables = static_cast<std::int64_t>(comparison.tables.size());
  outcome.objects = comparison.objects;
  outcome.large_objects = comparison.large_objects;
  return outcome;
}

}  // namespace pgconvoy

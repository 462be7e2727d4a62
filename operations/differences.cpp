#include "operations/differences.hpp"

#include <fmt/format.h>

#include <algorithm>

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

void limit_evidence(std::vector<TableEvidence>& evidence) {
  if (evidence.size() > kEvidenceTables) {
    std::nth_element(evidence.begin(), evidence.begin() + kEvidenceTables, evidence.end(),
                     [](const TableEvidence& left, const TableEvidence& right) { return left.bytes > right.bytes; });
    evidence.resize(kEvidenceTables);
  }
  std::sort(evidence.begin(), evidence.end(), [](const TableEvidence& left, const TableEvidence& right) { return left.table < right.table; });
}

VerifyOutcome verified(const Comparison& comparison) {
  VerifyOutcome outcome;
  outcome.rows = comparison.rows;
  outcome.bytes = comparison.bytes;
  outcome.tables = static_cast<std::int64_t>(comparison.tables.size());
  outcome.objects = comparison.objects;
  outcome.large_objects = comparison.large_objects;
  for (const auto& [name, content] : comparison.tables)
    outcome.evidence.push_back({name, content.rows, content.bytes, content.checksum});
  limit_evidence(outcome.evidence);
  return outcome;
}

}  // namespace pgconvoy

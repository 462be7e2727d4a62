#include "conditions/no_indexes_on_extract.hpp"

#include <fmt/format.h>

#include "conditions/moves.hpp"
#include "engine/facts/code.hpp"
#include "engine/facts/extract_indexes.hpp"

namespace pgconvoy {
namespace {

class NoIndexesOnExtract final : public Condition {
 public:
  std::string name() const override { return "no_indexes_on_extract"; }
  std::string summary() const override { return "No index or partition key rests on extract(), which the target takes for another function."; }
  std::vector<std::string> needs() const override { return {kCodePart, kExtractIndexesInquiry}; }

  ConditionPage page() const override {
    ConditionPage page;
    page.since = 14;
    page.why = "Until 13 extract() is date_part() spelled otherwise, so an index over extract(year from made) is one over "
               "date_part('year', made), and a dump says so. From 14 on extract() is a function of its own that gives numeric. The "
               "index is restored over date_part(), and queries with extract() no longer use it: everything works, and is slow.";
    page.reads = "Expressions and conditions of indexes and partition keys (pg_index, pg_partitioned_table) that call "
                 "date_part() of the server.";
    page.silent = "Views, defaults and queries over extract(): they give the same values, of views even in the same type. "
                  "Whether queries say extract() or date_part() the catalogue can't tell: those with date_part() go on using the index.";
    page.remedies = "After the move make the index anew over extract(), and drop the restored one; or write date_part() in the "
                    "queries. Accept the finding in the fleet file when they do so already.";
    page.sources = "Release notes of PostgreSQL 14, \"Migration to Version 14\"; manual: Date/Time Functions, EXTRACT, date_part.";
    return page;
  }

  std::vector<Finding> evaluate(const TargetFacts& facts, const json&) const override {
    std::vector<Finding> findings;
    for (const Move& move : moves_of(facts)) {
      if (!crosses(move, 14)) continue;
      const auto indexes = part<std::vector<ExtractIndex>>(move.database.parts, kExtractIndexesInquiry);
      if (!indexes) {
        findings.push_back(not_known(name(), move, kExtractIndexesInquiry));
        continue;
      }
      for (const ExtractIndex& index : *indexes) findings.push_back(finding_of(move, index));
    }
    return findings;
  }

 private:
  Finding finding_of(const Move& move, const ExtractIndex& index) const {
    const bool is_index = index.object.starts_with("index ");
    Finding finding;
    finding.severity = Severity::warn;
    finding.condition = name();
    finding.object = fmt::format("{} in {}", shown_name(index.object), move.object());
    finding.evidence = fmt::format("over {}, table {}", shown_name(index.definition), shown_name(index.table));
    finding.why = fmt::format("it comes back over date_part(), and {} with extract(), numeric since PostgreSQL 14 (release notes of 14, Migration)",
                              is_index ? "is no longer used by queries" : "partitions are no longer left out for queries");
    finding.remedy = is_index ? "after the move CREATE INDEX CONCURRENTLY over extract(... from ...), then DROP INDEX of the restored one; or date_part() in the queries"
                              : "write date_part() in the queries, as the partition key has it";
    finding.cause = "indexes over extract()";
    return finding;
  }
};

}  // namespace

std::unique_ptr<Condition> make_no_indexes_on_extract() { return std::make_unique<NoIndexesOnExtract>(); }

}  // namespace pgconvoy

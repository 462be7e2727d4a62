#include "conditions/indexes_and_constraints_valid.hpp"

#include <fmt/format.h>

#include "conditions/moves.hpp"
#include "engine/facts/unfinished.hpp"

namespace pgconvoy {
namespace {

class IndexesAndConstraintsValid final : public Condition {
 public:
  std::string name() const override { return "indexes_and_constraints_valid"; }
  std::string summary() const override { return "No index is invalid, for a dump leaves such out; constraints that were never checked are told."; }
  std::vector<std::string> needs() const override { return {kUnfinishedPart}; }

  ConditionPage page() const override {
    ConditionPage page;
    page.why = "CREATE INDEX CONCURRENTLY or REINDEX CONCURRENTLY that failed leaves an invalid index, which no query uses. A dump leaves "
               "it out, so the new database hasn't got it. A unique one still keeps duplicates out, up to the move and no longer.";
    page.reads = "pg_index.indisvalid, pg_constraint.convalidated.";
    page.silent = "An index of a partitioned table is invalid as long as it isn't on every partition, and comes back like that. NOT VALID "
                  "constraints come back as they are and are only told with -v: VALIDATE CONSTRAINT may be cheaper on the new server.";
    page.remedies = "REINDEX INDEX CONCURRENTLY it, or drop it.";
    page.sources = "Manual: CREATE INDEX, \"Building Indexes Concurrently\"; REINDEX; ALTER TABLE (NOT VALID).";
    return page;
  }

  std::vector<Finding> evaluate(const TargetFacts& facts, const json&) const override {
    std::vector<Finding> findings;
    for (const Move& move : moves_of(facts)) {
      const auto found = part<UnfinishedFact>(move.database.parts, kUnfinishedPart);
      if (!found) {
        findings.push_back(not_known(name(), move, kUnfinishedPart));
        continue;
      }
      for (const InvalidIndexFact& index : found->invalid_indexes) findings.push_back(invalid(move, index));
      if (const auto shown = static_cast<int>(found->invalid_indexes.size()); found->invalid_count > shown)
        findings.push_back({Severity::warn, name(), move.object(), fmt::format("{} more indexes are invalid", found->invalid_count - shown),
                            "a dump leaves invalid indexes out", "look at pg_index.indisvalid", false});
      if (found->not_valid_count > 0)
        findings.push_back({Severity::info, name(), move.object(),
                            fmt::format("{} constraints are NOT VALID: {}", found->not_valid_count, shown_name(shortened(found->not_valid))),
                            "they come back as they are: rows of before they were made were never checked", "ALTER TABLE ... VALIDATE CONSTRAINT", false});
    }
    return findings;
  }

 private:
  Finding invalid(const Move& move, const InvalidIndexFact& index) const {
    const bool keeps_out = index.unique && index.ready;
    // REINDEX CONCURRENTLY builds a second one, and drops the one of the two that it doesn't need any more.
    const auto dot = index.index.rfind("_cc");
    const bool left_over = dot != std::string::npos && (index.index.compare(dot, 6, "_ccnew") == 0 || index.index.compare(dot, 6, "_ccold") == 0);
    return {Severity::warn, name(), fmt::format("index {} in {}", shown_name(index.index), move.object()),
            fmt::format("it is invalid, on table {}{}", shown_name(index.table), keeps_out ? "; it is unique and keeps duplicates out all the same" : ""),
            keeps_out ? "a dump leaves it out: the new database would take duplicates that the old one refuses"
                      : "a dump leaves it out: the new database hasn't got it; no query uses it now either",
            left_over ? fmt::format("DROP INDEX CONCURRENTLY {}: a REINDEX CONCURRENTLY left it behind", shown_name(index.index))
                      : fmt::format("REINDEX INDEX CONCURRENTLY {0}, or DROP INDEX {0}", shown_name(index.index)),
            false};
  }
};

}  // namespace

std::unique_ptr<Condition> make_indexes_and_constraints_valid() { return std::make_unique<IndexesAndConstraintsValid>(); }

}  // namespace pgconvoy

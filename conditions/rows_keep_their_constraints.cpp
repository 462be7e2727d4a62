#include "conditions/rows_keep_their_constraints.hpp"

#include <fmt/format.h>

#include "conditions/not_checked.hpp"
#include "engine/facts/broken_constraints.hpp"

namespace pgconvoy {
namespace {

std::string counted(const BrokenConstraint& broken, const char* one, const char* many) {
  if (broken.rows < 0) return fmt::format("rows of {}", shown_name(broken.table));
  return fmt::format("{} {} of {}", broken.rows, broken.rows == 1 ? one : many, shown_name(broken.table));
}

class RowsKeepTheirConstraints final : public Condition {
 public:
  std::string name() const override { return "rows_keep_their_constraints"; }
  std::string summary() const override { return "Every row keeps the keys, references and checks of its own table, which a restore checks anew."; }
  std::vector<Parameter> parameters() const override { return {time_budget_parameter("rows for constraints")}; }
  std::vector<std::string> needs() const override { return {kBrokenConstraintsInquiry}; }

  ConditionPage page() const override {
    ConditionPage page;
    page.why = "A server checks a constraint when a row is written, and believes in it from then on. Triggers that were switched off, a "
               "corrupt index, another version of the C library's sort order, a function under a CHECK that was changed, or a CHECK against "
               "today's date leave rows behind that no longer keep it. A restore writes every row and builds every key anew, and stops at "
               "the first of them.";
    page.reads = "Foreign keys by looking for rows without a referenced row; unique indexes by grouping the table's rows, never through the "
                 "index; exclusion constraints by comparing pairs, where one part is an equality or the table is small; CHECK constraints, bounds of partitions and domains by evaluating them; stored generated columns that call a function "
                 "of the database by computing them anew. Small tables first, until time_budget runs out: a warning says what was left. "
                 "Nothing that the tenant wrote is evaluated by the administrator: it is left to a login as the owner.";
    page.silent = "NOT VALID constraints, which a restore doesn't check either; NULLs in keys; rows outside a partial index. Exclusion "
                  "constraints of large tables without an equality aren't checked (said), nor unique indexes whose operator class has an equality of "
                  "its own (said). Sort orders are the source's: whether the target's differ is another check.";
    page.remedies = "Mend or delete the rows that the finding's SELECT shows; where they must stay, DROP CONSTRAINT and ADD it again as NOT "
                    "VALID: a dump keeps that. After duplicates under a unique index, REINDEX says when all are gone.";
    page.sources = "Manual: ALTER TABLE (NOT VALID, DISABLE TRIGGER), \"Constraints\", \"Generated Columns\", amcheck.";
    return page;
  }

  std::vector<Finding> evaluate(const TargetFacts& facts, const json&) const override {
    std::vector<Finding> findings;
    for (const Move& move : moves_of(facts)) {
      const auto fact = part<BrokenConstraintsFact>(move.database.parts, kBrokenConstraintsInquiry);
      if (!fact) {
        findings.push_back(not_known(name(), move, kBrokenConstraintsInquiry));
        continue;
      }
      for (const BrokenConstraint& broken : fact->broken) findings.push_back(finding_for(move, broken));
      report_not_checked(name(), move, "constraints", fact->not_checked, findings);
    }
    return findings;
  }

 private:
  Finding finding_for(const Move& move, const BrokenConstraint& broken) const {
    Finding finding;
    finding.severity = Severity::block;
    finding.condition = name();
    const std::string table = shown_name(broken.table), object = shown_name(broken.object), detail = shown_name(broken.detail);
    finding.remedy = fmt::format("mend the rows that this shows: {}", shown_name(broken.show));
    if (broken.kind == "unique") {
      finding.object = fmt::format("index {} in {}", object, move.object());
      finding.evidence = fmt::format("{} in more than one row, over {}", counted(broken, "key", "keys"), detail);
      finding.why = "CREATE UNIQUE INDEX or ADD CONSTRAINT on the target fails: could not create unique index (manual: CREATE INDEX). The "
                    "source's index doesn't have these rows as they are: it is damaged, or its sort order changed under it";
      finding.remedy = "with enable_indexscan, enable_indexonlyscan and enable_bitmapscan off, " + finding.remedy + "; then REINDEX";
      finding.cause = "duplicates under a unique index";
      return finding;
    }
    const std::string replace = fmt::format("; or ALTER TABLE {} DROP CONSTRAINT {} and ADD it again as NOT VALID", table, object);
    if (broken.kind == "partition") {
      finding.object = fmt::format("table {} in {}", table, move.object());
      finding.evidence = broken.error.empty() ? fmt::format("{} outside the bounds of their partition", counted(broken, "row", "rows"))
                                              : "evaluating the bounds fails: " + broken.error;
      finding.why = "COPY into a partition checks its bounds: the restore stops at the first such row (manual: Table Partitioning)";
      finding.cause = "rows outside their partition's bounds";
      return finding;
    }
    if (broken.kind == "generated" || broken.kind == "domain") {
      finding.object = fmt::format("column {} of {} in {}", object, table, move.object());
      if (broken.kind == "generated") {
        finding.evidence = fmt::format("{} hold something else than the expression gives now", counted(broken, "row", "rows"));
        finding.why = "a dump holds no generated values: the restore computes them anew, and the databases differ (manual: Generated Columns)";
        finding.remedy = fmt::format("as the owner, compute them on the source: UPDATE {} SET {} = DEFAULT; or put the function right", table, object);
        finding.cause = "generated columns that the restore computes differently";
        return finding;
      }
      finding.evidence = fmt::format("a value breaks the domain {}: {}", detail, broken.error);
      finding.why = "COPY checks the constraints of domains: the restore stops at the first such value (manual: CREATE DOMAIN)";
      finding.remedy = fmt::format("mend the values ({}); or ALTER DOMAIN {} DROP CONSTRAINT and ADD it again as NOT VALID",
                                   shown_name(broken.show), detail);
      finding.cause = "values that break their domain";
      return finding;
    }
    finding.object = fmt::format("constraint {} of {} in {}", object, table, move.object());
    if (broken.kind == "foreign") {
      finding.evidence = fmt::format("{} without a referenced row of {}", counted(broken, "row", "rows"), detail);
      finding.why = "ADD FOREIGN KEY on the target looks at every row and fails (manual: ALTER TABLE)";
      finding.cause = "orphans under a foreign key";
    } else if (broken.kind == "exclusion") {
      finding.evidence = fmt::format("{} that exclude each other, over {}", counted(broken, "pair of rows", "pairs of rows"), detail);
      finding.why = "ADD CONSTRAINT ... EXCLUDE on the target fails: could not create exclusion constraint (manual: CREATE TABLE)";
      finding.cause = "rows that exclude each other";
      return finding;
    } else {
      finding.evidence = broken.error.empty() ? fmt::format("{} {} it", counted(broken, "row", "rows"), broken.rows == 1 ? "breaks" : "break")
                                              : "evaluating it fails: " + broken.error;
      finding.why = "COPY checks every row: the restore stops at the first that breaks it (manual: Constraints)";
      finding.cause = "rows that break a CHECK constraint";
    }
    finding.remedy += replace;
    return finding;
  }
};

}  // namespace

std::unique_ptr<Condition> make_rows_keep_their_constraints() { return std::make_unique<RowsKeepTheirConstraints>(); }

}  // namespace pgconvoy

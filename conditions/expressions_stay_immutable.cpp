#include "conditions/expressions_stay_immutable.hpp"

#include <fmt/format.h>

#include "conditions/moves.hpp"
#include "engine/facts/changed_functions.hpp"

namespace pgconvoy {
namespace {

class ExpressionsStayImmutable final : public Condition {
 public:
  std::string name() const override { return "expressions_stay_immutable"; }
  std::string summary() const override { return "What indexes, generated columns and partition keys are made of is still declared IMMUTABLE."; }
  std::vector<std::string> needs() const override { return {kMutableExpressionsPart}; }

  ConditionPage page() const override {
    ConditionPage page;
    page.why = "An index, a generated column and a partition key may only call immutable functions, and a server asks for that when they are made. "
               "A function that is replaced later without the word IMMUTABLE becomes volatile, and what was made of it stays as it is: until a restore makes "
               "it anew and stops there.";
    page.reads = "Functions of the database, also behind its operators, that indexes, generated columns and partition keys depend on (pg_depend), "
                 "and how each is declared (pg_proc.provolatile).";
    page.silent = "CHECK constraints, views and defaults, which may call what they like. A function in SQL is put in the place of its call when an index "
                  "is made, and may be fine for what it consists of: that is a warning. Functions that an immutable one calls aren't looked at, nor does "
                  "a server.";
    page.remedies = "ALTER FUNCTION ... IMMUTABLE when it is; else drop what was made of it.";
    page.sources = "Manual: CREATE INDEX, Function Volatility Categories, Generated Columns.";
    return page;
  }

  std::vector<Finding> evaluate(const TargetFacts& facts, const json&) const override {
    std::vector<Finding> findings;
    for (const Move& move : moves_of(facts)) {
      const auto found = part<std::vector<MutableExpression>>(move.database.parts, kMutableExpressionsPart);
      if (!found) {
        findings.push_back(not_known(name(), move, kMutableExpressionsPart));
        continue;
      }
      for (const MutableExpression& each : *found) findings.push_back(finding_of(move, each));
    }
    return findings;
  }

 private:
  Finding finding_of(const Move& move, const MutableExpression& each) const {
    const bool may_be_expanded = each.language == "sql" && each.kind == "index";
    Finding finding;
    finding.severity = may_be_expanded ? Severity::warn : Severity::block;
    finding.condition = name();
    finding.object = fmt::format("{} in {}", shown_name(each.object), move.object());
    finding.evidence = fmt::format("calls {}, which is declared {}", shown_name(each.function), each.volatility);
    finding.why = may_be_expanded ? "the restore stops here unless all that the function's body calls is immutable" : "it can only be made of immutable functions: the restore stops here";
    finding.remedy = fmt::format("ALTER FUNCTION {} IMMUTABLE, if its result depends on nothing but its arguments; else drop the {}", shown_name(each.function), each.kind);
    finding.cause = fmt::format("{}s of functions that aren't immutable", each.kind);
    return finding;
  }
};

}  // namespace

std::unique_ptr<Condition> make_expressions_stay_immutable() { return std::make_unique<ExpressionsStayImmutable>(); }

}  // namespace pgconvoy

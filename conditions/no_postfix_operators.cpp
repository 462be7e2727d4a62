#include "conditions/no_postfix_operators.hpp"

#include <fmt/format.h>

#include "conditions/moves.hpp"
#include "engine/facts/operators.hpp"

namespace pgconvoy {
namespace {

class NoPostfixOperators final : public Condition {
 public:
  std::string name() const override { return "no_postfix_operators"; }
  std::string summary() const override { return "The databases define no postfix operator where the target knows none any more."; }
  std::vector<std::string> needs() const override { return {kOperatorsPart}; }

  ConditionPage page() const override {
    ConditionPage page;
    page.since = 14;
    page.why = "PostgreSQL 14 removed postfix operators, those that stand behind their only operand. CREATE OPERATOR "
               "without a right operand is an error there, so the restore stops at it.";
    page.reads = "The operators that the database defines itself (pg_operator.oprkind), without members of extensions.";
    page.silent = "Prefix and infix operators, whatever they are called. The built-in postfix operator ! is the matter of "
                  "no_removed_builtins.";
    page.remedies = "Drop the operator, or write its function's name where it was used; a prefix operator over the same "
                    "function works on both versions.";
    page.sources = "Release notes of PostgreSQL 14, \"Migration to Version 14\"; manual: CREATE OPERATOR.";
    return page;
  }

  std::vector<Finding> evaluate(const TargetFacts& facts, const json&) const override {
    std::vector<Finding> findings;
    for (const Move& move : moves_of(facts)) {
      if (!crosses(move, 14)) continue;
      const auto operators = part<std::vector<OperatorFact>>(move.database.parts, kOperatorsPart);
      if (!operators) {
        findings.push_back(not_known(name(), move, kOperatorsPart));
        continue;
      }
      for (const OperatorFact& found : *operators)
        if (found.kind == "postfix")
          findings.push_back({Severity::block, name(), fmt::format("operator {} in {}", shown_name(found.name), move.object()),
                              fmt::format("a postfix operator over function {}", shown_name(found.function)),
                              "PostgreSQL 14 removed postfix operators: the restore stops at CREATE OPERATOR (release notes of 14)",
                              fmt::format("DROP OPERATOR {}; and call {} where it was used", shown_name(found.name),
                                          shown_name(found.function)),
                              false});
    }
    return findings;
  }
};

}  // namespace

std::unique_ptr<Condition> make_no_postfix_operators() { return std::make_unique<NoPostfixOperators>(); }

}  // namespace pgconvoy

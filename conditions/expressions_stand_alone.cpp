#include "conditions/expressions_stand_alone.hpp"

#include <fmt/format.h>

#include "conditions/not_checked.hpp"
#include "engine/facts/evaluated_expressions.hpp"

namespace pgconvoy {
namespace {

class ExpressionsStandAlone final : public Condition {
 public:
  std::string name() const override { return "expressions_stand_alone"; }
  std::string summary() const override { return "What a restore evaluates works with an empty search_path: indexes, generated columns, checks, views."; }
  std::vector<Parameter> parameters() const override { return {time_budget_parameter("rows for expressions")}; }
  std::vector<std::string> needs() const override { return {kEvaluatedExpressionsInquiry}; }

  ConditionPage page() const override {
    ConditionPage page;
    page.why = "A restore runs with search_path empty. Names in an index or a view are stored with their schema, but the body of a function is "
               "text: an unqualified table, function or type in it, or in a function that it calls, isn't found any more. CREATE INDEX, COPY "
               "into a table with such a CHECK, or REFRESH MATERIALIZED VIEW then fails while the app is paused, although the app, with its "
               "own search_path, never saw an error.";
    page.reads = "Indexes, predicates, generated columns, CHECK constraints, domains and partition keys that call a function of the database, and "
                 "populated materialized views, are evaluated over the rows there are: in a session that logged in as the owner, read-only, "
                 "with search_path empty and limits on time and locks, until time_budget runs out. Any error of the expression counts, "
                 "whether a name isn't found or a row makes it fail.";
    page.silent = "Functions with a search_path of their own (SET search_path), qualified names, constraints of tables without rows (nothing "
                  "evaluates them; but functions in SQL are expanded when an index is made, with rows or without), NOT VALID constraints, views that "
                  "aren't populated, defaults, policies and triggers: a restore evaluates none of them. A function that only gives another "
                  "result without its search_path isn't found; one that reads settings of the role works here and fails in a restore.";
    page.remedies = "ALTER FUNCTION ... SET search_path = ..., with the schemas that its body means, or write the schemas into the body. Both "
                    "work without a change of the app.";
    page.sources = "Manual: ALTER FUNCTION, \"The Schema Search Path\"; release notes of 10.3, which made dumps run with an empty search_path.";
    return page;
  }

  std::vector<Finding> evaluate(const TargetFacts& facts, const json&) const override {
    std::vector<Finding> findings;
    for (const Move& move : moves_of(facts)) {
      const auto fact = part<EvaluatedExpressionsFact>(move.database.parts, kEvaluatedExpressionsInquiry);
      if (!fact) {
        findings.push_back(not_known(name(), move, kEvaluatedExpressionsInquiry));
        continue;
      }
      for (const FailedExpression& failed : fact->failed) findings.push_back(finding_for(move, failed));
      report_not_checked(name(), move, "expressions", fact->not_checked, findings);
    }
    return findings;
  }

 private:
  Finding finding_for(const Move& move, const FailedExpression& failed) const {
    const bool has_word = failed.object.starts_with("column ") || failed.object.starts_with("constraint ");
    std::string functions;
    for (const std::string& function : failed.functions) functions += (functions.empty() ? "" : ", ") + shown_name(function);
    Finding finding;
    finding.severity = Severity::block;
    finding.condition = name();
    finding.object = fmt::format("{}{} in {}", has_word ? "" : failed.kind + " ", shown_name(failed.object), move.object());
    finding.evidence = fmt::format("evaluated with an empty search_path: {} ({})", shown_name(failed.error), failed.sqlstate);
    if (!functions.empty()) finding.evidence += "; it calls " + functions;
    finding.why = failed.name_not_found
                      ? "a restore runs with an empty search_path and stops here: a name in a function's body leads nowhere without it (release "
                        "notes of 10.3; manual: The Schema Search Path)"
                      : "a restore evaluates it over every row and stops here (manual: pg_restore)";
    if (!failed.name_not_found)
      finding.remedy = "mend the expression or the rows that it fails for";
    else if (failed.functions.empty())
      finding.remedy = "ALTER FUNCTION ... SET search_path of the functions that its views call, with the schemas they mean; or qualify the "
                       "names in their bodies";
    else
      finding.remedy = fmt::format("ALTER FUNCTION {} SET search_path = ... with the schemas that its body means (likewise functions that it "
                                   "calls); or qualify the names in the body",
                                   shown_name(failed.functions.front()));
    finding.cause = failed.name_not_found ? fmt::format("{} that relies on search_path", failed.kind) : fmt::format("{} that fails", failed.kind);
    return finding;
  }
};

}  // namespace

std::unique_ptr<Condition> make_expressions_stand_alone() { return std::make_unique<ExpressionsStandAlone>(); }

}  // namespace pgconvoy

#include "conditions/views_keep_types.hpp"

#include <fmt/format.h>

#include "conditions/code_of_move.hpp"

namespace pgconvoy {
namespace {

class ViewsKeepTypes final : public Condition {
 public:
  std::string name() const override { return "views_keep_types"; }
  std::string summary() const override { return "No view gives out a column of the system that has another type on the target."; }
  std::vector<std::string> needs() const override { return code_needs(); }

  ConditionPage page() const override {
    ConditionPage page;
    page.why = "Columns of system catalogues change their types: 15 made pg_database.datcollate and datctype and "
               "pg_collation.collcollate and collctype text, they were name; 16 made some of pg_attribute smallint. A view is "
               "dumped as its query, so its columns get their types anew where it is restored, and whatever reads the view gets "
               "values of another type. The values are the same, and the comparison knows that it is the server's doing.";
    page.reads = "The columns of the system that the database's views use, and their types on both servers; where one differs, the "
                 "parsed queries of the views over it: which of their columns take the type, through subqueries, WITH, joins, UNION, "
                 "COALESCE, CASE, arrays and aggregates.";
    page.silent = "Views that only look at such a column (WHERE, ORDER BY), that cast it, or use it in an expression with a type of its "
                  "own; rules, functions and policies; members of extensions. Views over such a view are right as soon as that one is.";
    page.remedies = "Mostly none. Where a client depends on the type: cast the column to its type on the target (datcollate::text) in the view. A view's column can't "
                    "change its type: DROP VIEW and CREATE VIEW, with what is built over it. A cast to the old type is of no use, the "
                    "server leaves it out.";
    page.sources = "Manual of both versions: System Catalogs, CREATE VIEW.";
    return page;
  }

  std::vector<Finding> evaluate(const TargetFacts& facts, const json&) const override {
    std::vector<Finding> findings;
    for (const Move& move : moves_of(facts)) {
      const auto known = code_of(name(), move, findings);
      if (!known) continue;
      const Builtins here(known->source), there(known->target);
      for (const TakenTypeFact& each : known->removed.taken_types)
        findings.push_back(each.column.empty() ? untold(move, shown_name(each.view), "its query is too long, or of a form that isn't known")
                                               : taken(move, each, std::string(here.type_of_column(each.source)), std::string(there.type_of_column(each.source))));
      if (known->removed.more_views > 0)
        findings.push_back(untold(move, fmt::format("{} more views", known->removed.more_views), "no more than 200 are looked at"));
    }
    return findings;
  }

 private:
  Finding taken(const Move& move, const TakenTypeFact& each, const std::string& before, const std::string& after) const {
    const std::string column = each.source.substr(each.source.find('.') + 1);
    Finding finding;
    finding.severity = Severity::warn;
    finding.condition = name();
    finding.object = fmt::format("{} in {}", shown_name(each.view), move.object());
    finding.evidence = fmt::format("its column {} takes its type from {}: {} here, {} on the target", shown_name(each.column), each.source, before, after);
    finding.why = fmt::format("PostgreSQL {} gives the restored view another type than the source's has; a client that asks for the type, a row type "
                              "or a function chosen by it meet the other one (manual, System Catalogs)",
                              major_of(move.target));
    finding.remedy = fmt::format("nothing, if nobody depends on the type; else DROP VIEW and CREATE VIEW it with {}::{}, which is the same on both servers", column, after);
    finding.cause = fmt::format("views that give out {}", each.source);
    return finding;
  }

  Finding untold(const Move& move, const std::string& object, const std::string& because) const {
    Finding finding;
    finding.severity = Severity::info;
    finding.condition = name();
    finding.object = fmt::format("{} in {}", object, move.object());
    finding.evidence = "over columns of the system that have another type on the target; whether its own columns take that was not found out: " + because;
    finding.why = "a view that gives such a column out is restored with another type";
    finding.remedy = "look at what the view gives out of pg_database, pg_collation and other catalogues, and cast it to its type on the target";
    finding.cause = "views over columns with another type on the target";
    return finding;
  }
};

}  // namespace

std::unique_ptr<Condition> make_views_keep_types() { return std::make_unique<ViewsKeepTypes>(); }

}  // namespace pgconvoy

#include "conditions/views_keep_columns.hpp"

#include <fmt/format.h>

#include "conditions/code_of_move.hpp"

namespace pgconvoy {
namespace {

class ViewsKeepColumns final : public Condition {
 public:
  std::string name() const override { return "views_keep_columns"; }
  std::string summary() const override { return "Views over the system have the columns and types on the target that they have now."; }
  std::vector<std::string> needs() const override { return code_needs(); }

  ConditionPage page() const override {
    ConditionPage page;
    page.why = "Columns of system catalogues change their types: 15 made pg_database.datcollate and datctype and "
               "pg_collation.collcollate and collctype text, they were name; 16 made some of pg_attribute smallint. A view is "
               "dumped as its query, so its columns get their types anew where it is restored, and whatever reads the view gets "
               "values of another type. The values are the same, and the comparison knows that it is the server's doing. "
               "Worse are names by position: FROM pg_database d(a, b, c), and every view over a function of the system or over a join "
               "that has a name, for the server prints all its columns there; likewise over a function of one's own that returns rows of a "
               "system relation. Where the target has them in another order such a view is restored without an error, and reads other columns.";
    page.reads = "The columns of the system that the database's views use, and their types on both servers; where one differs, the "
                 "parsed queries of the views over it: which of their columns take the type, through subqueries, WITH, joins, UNION, "
                 "COALESCE, CASE, arrays and aggregates. And whether they name columns by position of relations and functions of the "
                 "system that have others on the target.";
    page.silent = "Views that only look at such a column (WHERE, ORDER BY), that cast it, or use it in an expression with a type of its "
                  "own; rules, functions and policies; members of extensions. Functions of the system that only return further columns.";
    page.remedies = "Names by position: name the columns in the SELECT instead of behind the relation, or read the system view in place of the "
                    "function. Types: mostly none. Where a client depends on the type: cast the column to its type on the target (datcollate::text) in the view. A view's column can't "
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
      const Builtins &here = *known->source, &there = *known->target;
      for (const TakenTypeFact& each : known->removed->taken_types)
        findings.push_back(each.column.empty() ? untold(move, shown_name(each.view), "its query is too long, or of a form that isn't known")
                                               : taken(move, each, std::string(here.type_of_column(each.source)), std::string(there.type_of_column(each.source))));
      if (!known->removed->views_unread.empty()) findings.push_back(untold(move, "views", known->removed->views_unread));
      for (const PositionsFact& each : known->removed->positions) findings.push_back(by_position(move, each));
      if (known->removed->more_views > 0)
        findings.push_back(untold(move, fmt::format("{} more views", known->removed->more_views), "no more than 200 are looked at"));
    }
    return findings;
  }

 private:
  Finding by_position(const Move& move, const PositionsFact& each) const {
    Finding finding;
    finding.severity = Severity::block;
    finding.condition = name();
    finding.object = fmt::format("{} in {}", shown_name(each.view), move.object());
    finding.evidence = fmt::format("names columns of {} by their position, and they stand at other places on the target", each.source);
    finding.why = "the view is restored from its text: it fails, or reads other columns under the names of these (manual, SELECT, column aliases)";
    finding.remedy = each.source.starts_with("function ") ? "DROP VIEW and CREATE VIEW it over the system view that shows what the function returns"
                                                          : "DROP VIEW and CREATE VIEW it with the new names in its SELECT, and without a list of names or a name for the join";
    finding.cause = fmt::format("views that name columns of {} by position", each.source);
    return finding;
  }

  Finding taken(const Move& move, const TakenTypeFact& each, const std::string& before, const std::string& after) const {
    const std::string column = each.source.substr(each.source.find('.') + 1);
    Finding finding;
    finding.severity = Severity::warn;
    finding.condition = name();
    finding.object = fmt::format("{} in {}", shown_name(each.view), move.object());
    finding.evidence = fmt::format("its column {} takes its type from {}{}: {} here, {} on the target", shown_name(each.column), each.source,
                                   each.through.empty() ? "" : ", through " + shown_name(each.through), before, after);
    finding.why = fmt::format("PostgreSQL {} gives the restored view another type than the source's has; a client that asks for the type, a row type "
                              "or a function chosen by it meet the other one (manual, System Catalogs)",
                              major_of(move.target));
    finding.remedy = fmt::format("nothing, if nobody depends on the type; else DROP VIEW and CREATE VIEW {} with {}::{}, which is the same on both servers",
                                 each.through.empty() ? "it" : shown_name(each.through), column, after);
    finding.cause = fmt::format("views that give out {}", each.source);
    return finding;
  }

  Finding untold(const Move& move, const std::string& object, const std::string& because) const {
    Finding finding;
    finding.severity = Severity::info;
    finding.condition = name();
    finding.object = fmt::format("{} in {}", object, move.object());
    finding.evidence = "over what the target's system has with other columns or types; whether its own columns depend on that was not found out: " + because;
    finding.why = "a view that gives such a column out is restored with another type, and one that names columns by their position may read others";
    finding.remedy = "look at what the view gives out of pg_database, pg_collation and other catalogues, and cast it to its type on the target";
    finding.cause = "views over columns with another type on the target";
    return finding;
  }
};

}  // namespace

std::unique_ptr<Condition> make_views_keep_columns() { return std::make_unique<ViewsKeepColumns>(); }

}  // namespace pgconvoy

#include "conditions/no_system_row_types.hpp"

#include <fmt/format.h>

#include "conditions/code_of_move.hpp"
#include "engine/facts/system_objects.hpp"

namespace pgconvoy {
namespace {

class NoSystemRowTypes final : public Condition {
 public:
  std::string name() const override { return "no_system_row_types"; }
  std::string summary() const override { return "No table keeps rows of a system relation whose columns are others on the target."; }
  std::vector<std::string> needs() const override { return {kCodePart, kBuiltinsPart, kSystemObjectsInquiry}; }

  ConditionPage page() const override {
    ConditionPage page;
    page.why = "Each system catalogue and system view is a type, and a table may have a column of it: a log that keeps whole rows of "
               "pg_stat_activity. Such a value is dumped as its fields, one after the other. On the target the relation has other "
               "fields, so the restore stops at the first row, or takes values for what they are not.";
    page.reads = "Columns of tables and materialized views whose type is the row of a system relation, straight, in an array, a "
                 "domain or a composite type; and the columns that this relation has on both servers.";
    page.silent = "Relations that have the same columns on both servers. A table without rows is a warning: what the app writes has "
                  "other fields afterwards. Columns of named types (oid, name) and views over system relations are no matter of this.";
    page.remedies = "Make the column json or a composite type of your own (ALTER TABLE ... ALTER COLUMN ... TYPE jsonb USING to_jsonb(...)).";
    page.sources = "pg_upgrade refuses such tables as well; manual: Composite Types, System Catalogs.";
    return page;
  }

  std::vector<Finding> evaluate(const TargetFacts& facts, const json&) const override {
    std::vector<Finding> findings;
    for (const Move& move : moves_of(facts)) {
      const auto found = part<SystemObjectsFacts>(move.database.parts, kSystemObjectsInquiry);
      const auto here = builtins_of(move.source.parts), there = builtins_of(move.target.parts);
      if (!found || !here || !there) {
        findings.push_back(not_known(name(), move, found ? kBuiltinsPart : kSystemObjectsInquiry));
        continue;
      }
      for (const SystemRowColumn& column : found->columns) {
        const auto before = here->columns_of(column.relation), after = there->columns_of(column.relation);
        if (before != after) findings.push_back(finding_of(move, column, before, after));
      }
    }
    return findings;
  }

 private:
  Finding finding_of(const Move& move, const SystemRowColumn& column, const std::vector<std::string_view>& before,
                     const std::vector<std::string_view>& after) const {
    Finding finding;
    finding.severity = column.has_rows ? Severity::block : Severity::warn;
    finding.condition = name();
    finding.object = fmt::format("column {} in {}", shown_name(column.column), move.object());
    finding.evidence = fmt::format("of type {}: {} has {} columns here and {} on the target{}", shown_name(column.type), column.relation, before.size(), after.size(),
                                   before.size() == after.size() ? ", others" : "");
    finding.why = column.has_rows ? "its values are dumped field by field, and the fields are others on the target: the restore stops at the first row"
                                  : "the table has no rows now; what is written on the target has other fields";
    finding.remedy = fmt::format("ALTER TABLE ... ALTER COLUMN {} TYPE jsonb USING to_jsonb(...), or a composite type of your own",
                                 shown_name(column.column.substr(column.column.rfind('.') + 1)));
    finding.cause = fmt::format("tables that keep rows of {}", column.relation);
    return finding;
  }
};

}  // namespace

std::unique_ptr<Condition> make_no_system_row_types() { return std::make_unique<NoSystemRowTypes>(); }

}  // namespace pgconvoy

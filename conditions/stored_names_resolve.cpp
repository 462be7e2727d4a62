#include "conditions/stored_names_resolve.hpp"

#include <fmt/format.h>

#include <map>
#include <string_view>
#include <utility>

#include "conditions/moves.hpp"
#include "conditions/not_checked.hpp"
#include "engine/facts/stored_names.hpp"

namespace pgconvoy {
namespace {

struct FaultOfName {
  std::string_view fault, evidence, why, remedy;
};
constexpr FaultOfName kFaultsOfNames[] = {
    {"late", "names of indexes", "rows are restored before indexes are made: COPY stops at the first of them",
     "make the column text, or take these values out until the move is over"},
    {"ambiguous", "names that several objects have, or that lead to none", "a name without its arguments isn't found again: COPY stops at the first of them",
     "store regprocedure or regoperator, which hold the arguments, or text"},
    {"place", "names of TOAST or temporary relations", "they have other names, or none, in another database: COPY stops at the first of them", "delete these values"},
    {"gone", "names of what the target server doesn't have", "COPY stops at the first of them: what they name was removed or is called otherwise in the newer version",
     "change or delete these values, or make the column text"},
    {"role", "roles that nobody makes on the target", "a role moves with the database when something in it belongs to it or is granted to it; a value is neither, and COPY stops at it",
     "make the roles on the target beforehand, or delete these values"},
};

class StoredNamesResolve final : public Condition {
 public:
  std::string name() const override { return "stored_names_resolve"; }
  std::string summary() const override { return "Objects that rows name by regclass, regproc and their like are found again when the rows are restored."; }
  std::vector<std::string> needs() const override { return {kNameColumnsPart, kStoredNamesInquiry}; }
  std::vector<Parameter> parameters() const override { return {time_budget_parameter("columns of names")}; }

  ConditionPage page() const override {
    ConditionPage page;
    page.why = "A column of type regclass, regproc, regtype or one of their like holds the number of an object. A dump writes its name, and "
               "the restore looks that name up: at a moment when there are no indexes yet, on a server whose own functions and views are "
               "others. A name that isn't found, or that two functions have, stops the restore of its table.";
    page.reads = "The distinct values of such columns, in arrays and domains too, as a dump writes them: which object each is, whether its name "
                 "leads back to it, and whether the target server has what the system brings. Small tables first, until time_budget runs out.";
    page.silent = "Numbers that name nothing any more are restored as numbers, and only told with -v. Columns inside composite types aren't "
                  "looked at, nor members of extensions on the target. Names in text, and numbers in columns of type oid, mean on the target "
                  "whatever they mean there.";
    page.remedies = "Store regprocedure instead of regproc, or text; take values out that name what moves later or not at all.";
    page.sources = "Manual: Object Identifier Types; pg_upgrade refuses most of these types.";
    return page;
  }

  std::vector<Finding> evaluate(const TargetFacts& facts, const json&) const override {
    std::vector<Finding> findings;
    for (const Move& move : moves_of(facts)) {
      const auto found = part<StoredNamesFact>(move.database.parts, kStoredNamesInquiry);
      if (!found) {
        findings.push_back(not_known(name(), move, kStoredNamesInquiry));
        continue;
      }
      std::map<std::pair<std::string, std::string>, std::vector<const StoredName*>> groups;  // by column and fault
      for (const StoredName& each : found->faults) groups[{each.column, each.fault}].push_back(&each);
      for (const auto& [group, names] : groups) findings.push_back(finding_of(move, group.second, names));
      report_not_checked(name(), move, "columns", found->not_checked, findings);
    }
    return findings;
  }

 private:
  Finding finding_of(const Move& move, const std::string& fault, const std::vector<const StoredName*>& names) const {
    std::vector<std::string> shown;
    for (const StoredName* each : names) shown.push_back(fmt::format("{} ({} rows)", shown_name(each->name), each->rows));
    Finding finding;
    finding.condition = name();
    finding.object = fmt::format("column {} in {}", shown_name(names.front()->column), move.object());
    for (const FaultOfName& each : kFaultsOfNames) {
      if (each.fault != fault) continue;
      finding.severity = Severity::block;
      finding.evidence = fmt::format("of type {}, it holds {}: {}", names.front()->type, each.evidence, shortened(shown));
      finding.why = each.why;
      finding.remedy = each.remedy;
      finding.cause = fmt::format("rows that hold {}", each.evidence);
      return finding;
    }
    finding.severity = Severity::info;
    finding.evidence = fmt::format("of type {}, it holds numbers that name nothing: {}", names.front()->type, shortened(shown));
    finding.why = "they are restored as numbers; an object made later may get such a number";
    finding.remedy = "nothing has to be done; delete them if they are of no use";
    return finding;
  }
};

}  // namespace

std::unique_ptr<Condition> make_stored_names_resolve() { return std::make_unique<StoredNamesResolve>(); }

}  // namespace pgconvoy

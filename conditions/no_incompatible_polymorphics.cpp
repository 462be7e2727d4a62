#include "conditions/no_incompatible_polymorphics.hpp"

#include <fmt/format.h>

#include <map>

#include "conditions/code_of_move.hpp"

namespace pgconvoy {
namespace {

class NoIncompatiblePolymorphics final : public Condition {
 public:
  std::string name() const override { return "no_incompatible_polymorphics"; }
  std::string summary() const override {
    return "Aggregates and operators of the databases are defined over functions that the target has with the same argument types.";
  }
  std::vector<std::string> needs() const override { return code_needs(); }

  ConditionPage page() const override {
    ConditionPage page;
    page.why = "PostgreSQL 14 gave array_append, array_prepend, array_cat, array_remove, array_replace, array_position, "
               "array_positions and width_bucket other argument types: anycompatiblearray and anycompatible instead of "
               "anyarray and anyelement. CREATE AGGREGATE and CREATE OPERATOR look such a function up by types, so a "
               "polymorphic one that was made over them can't be made on the target, and the restore stops.";
    page.reads = "Every support function of aggregates (transition, final, combine, moving ...) and of operators in the "
                 "catalogue, against the functions that the target server has. Not a list of names: what else changed between "
                 "the two versions is found as well.";
    page.silent = "An aggregate over a concrete state (integer[]) finds the new function by itself. One over a function of "
                  "the database's own, whatever that calls, is made as it is. What an extension made, the extension makes anew.";
    page.remedies = "Make the aggregate or operator over a function of your own that calls the built-in one: that works on "
                    "both versions. Or drop it and make it on the target over anycompatiblearray and anycompatible.";
    page.sources = "Release notes of PostgreSQL 14, \"Migration to Version 14\"; manual: CREATE AGGREGATE, Polymorphic Types.";
    return page;
  }

  std::vector<Finding> evaluate(const TargetFacts& facts, const json&) const override {
    std::vector<Finding> findings;
    for (const Move& move : moves_of(facts)) {
      const auto known = code_of(name(), move, findings);
      if (!known) continue;
      const Builtins& there = *known->target;
      std::map<std::string, std::vector<std::string>> broken;  // by object
      for (const DefinitionFact& each : known->removed->definitions) {
        const bool is_ours = each.object.starts_with("aggregate ") || each.object.starts_with("operator ");
        if (is_ours && !each.object.starts_with("operator family ") && !can_be_made(each, there))
          broken[each.object].push_back(fmt::format("{} = {}", each.clause, each.uses));
      }
      for (const auto& [object, clauses] : broken) findings.push_back(finding_of(move, object, clauses));
    }
    return findings;
  }

 private:
  Finding finding_of(const Move& move, const std::string& object, const std::vector<std::string>& clauses) const {
    Finding finding;
    finding.severity = Severity::block;
    finding.condition = name();
    finding.object = fmt::format("{} in {}", shown_name(object), move.object());
    finding.evidence = fmt::format("defined over {}", shortened(clauses, 8));
    finding.why = fmt::format("PostgreSQL {} has no function with these argument types: the restore stops at CREATE {} (release notes of 14)",
                              major_of(move.target), object.starts_with("aggregate ") ? "AGGREGATE" : "OPERATOR");
    finding.remedy = fmt::format(
        "make it over a function of your own that calls this one (CREATE FUNCTION ... LANGUAGE sql), which works on both versions; or DROP {} "
        "and make it on the target with anycompatiblearray and anycompatible",
        shown_name((object.starts_with("aggregate ") ? "AGGREGATE " : "OPERATOR ") + object.substr(object.find(' ') + 1)));
    finding.cause = "aggregates and operators over functions whose argument types changed";
    return finding;
  }
};

}  // namespace

std::unique_ptr<Condition> make_no_incompatible_polymorphics() { return std::make_unique<NoIncompatiblePolymorphics>(); }

}  // namespace pgconvoy

#include "conditions/no_removed_builtins.hpp"

#include <fmt/format.h>

#include <set>

#include "conditions/code_of_move.hpp"

namespace pgconvoy {
namespace {

std::string advice_on_removed(const std::string& object, const std::vector<std::string>& uses) {
  std::string text;
  std::set<std::string> said;
  for (const std::string& use : uses)
    if (const std::string other = replacement_of(use); !other.empty() && said.insert(other).second)
      text += fmt::format("{}in place of {}: {}", text.empty() ? "" : "; ", shown_name(use), other);
  const std::string first = fmt::format("write {} anew without it before the move, or drop it", shown_name(object));
  return text.empty() ? first : fmt::format("{} ({})", first, text);
}

class NoRemovedBuiltins final : public Condition {
 public:
  std::string name() const override { return "no_removed_builtins"; }
  std::string summary() const override {
    return "Views, defaults, constraints, indexes, policies and other expressions use only what the target server still has.";
  }
  std::vector<std::string> needs() const override { return code_needs(); }

  ConditionPage page() const override {
    ConditionPage page;
    page.why = "Operators and functions that a server brings along disappear with new versions: 14 removed the factorial "
               "operators ! and !!, the containment operators @ and ~ of geometric types and of aclitem[], the conversion of "
               "a path to a point, and pg_stat_ssl.compression; 15 removed pg_is_in_backup(), pg_start_backup() and their "
               "kin, and pg_database.datlastsysoid. The restore stops at the first object that uses one.";
    page.reads = "The parsed expressions of views, rules, materialized views, defaults, generated columns, constraints, "
                 "domains, indexes, policies, trigger conditions, partition keys and arguments; and what operator classes, "
                 "casts, range types and triggers are defined over. All of it is "
                 "compared with what the target server has, read from its own catalogue, for any pair of versions. "
                 "PostgreSQL notes no dependency on what it brings along, so pg_depend can't tell.";
    page.silent = "Operators of the same name for other types (@ of numbers, ~ of text, !! of tsquery) and functions that "
                  "only got more arguments with defaults, or polymorphic ones, are fine. Members of extensions are not "
                  "looked at. Sources of routines are the matter of routines_work_on_target, those of LANGUAGE internal of "
                  "libraries_available.";
    page.remedies = "Write the object with what takes the place of the removed thing, before the move: factorial(n), <@ and @>, "
                    "pg_backup_start() ... Where there is nothing, drop it.";
    page.sources = "Release notes of PostgreSQL 14 and 15, \"Migration\".";
    return page;
  }

  std::vector<Finding> evaluate(const TargetFacts& facts, const json&) const override {
    std::vector<Finding> findings;
    for (const Move& move : moves_of(facts)) {
      const auto known = code_of(name(), move, findings);
      if (!known) continue;
      const Builtins& there = *known->target;
      for (const DefinitionFact& each : known->removed->definitions)
        if ((each.object.starts_with("operator family ") || !(each.object.starts_with("aggregate ") || each.object.starts_with("operator "))) &&
            !can_be_made(each, there))
          findings.push_back(finding_of(move, each.object, {(each.is_operator ? "operator " : "function ") + each.uses}));
      for (const RemovedUse& each : known->removed->uses) findings.push_back(finding_of(move, each.object, each.uses));
      if (known->removed->more_uses > 0) findings.push_back(finding_of(move, fmt::format("{} more objects", known->removed->more_uses), {"the like"}));
    }
    return findings;
  }

 private:
  Finding finding_of(const Move& move, const std::string& object, const std::vector<std::string>& uses) const {
    std::vector<std::string> shown;
    for (const std::string& use : uses) shown.push_back(shown_name(use));
    Finding finding;
    finding.severity = Severity::block;
    finding.condition = name();
    finding.object = fmt::format("{} in {}", shown_name(object), move.object());
    finding.evidence = "uses " + shortened(shown, 8);
    finding.why = fmt::format("PostgreSQL {} doesn't have it any more: the restore stops where the object is made (release notes of 14 and 15, Migration)",
                              major_of(move.target));
    finding.remedy = advice_on_removed(object, uses);
    finding.cause = shown.front();
    return finding;
  }
};

}  // namespace

std::unique_ptr<Condition> make_no_removed_builtins() { return std::make_unique<NoRemovedBuiltins>(); }

}  // namespace pgconvoy

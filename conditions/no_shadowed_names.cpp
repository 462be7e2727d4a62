#include "conditions/no_shadowed_names.hpp"

#include <fmt/format.h>

#include "conditions/moves.hpp"
#include "engine/facts/builtins.hpp"
#include "engine/facts/own_routines.hpp"

namespace pgconvoy {
namespace {

// "regexp_count(text, text)" of "public.regexp_count(text, text)"; a name in quotes is left as it is, for the system has
// none that needs them.
std::string_view without_schema(std::string_view routine) {
  bool quoted = false;
  std::size_t point = 0;
  for (std::size_t i = 0; i < routine.size(); ++i) {
    if (routine[i] == '"') quoted = !quoted;
    if (routine[i] == '(' && !quoted) break;
    if (routine[i] == '.' && !quoted) point = i + 1;
  }
  return routine.substr(point);
}

class NoShadowedNames final : public Condition {
 public:
  std::string name() const override { return "no_shadowed_names"; }
  std::string summary() const override { return "No function of the database has the name and arguments of one that the target's system has newly."; }
  std::vector<std::string> needs() const override { return {kOwnRoutinesPart, kBuiltinsPart}; }

  ConditionPage page() const override {
    ConditionPage page;
    page.why = "A call that names no schema means the system's function where there is one, before any of the database's own. Each version "
               "brings new functions: string functions of 14 and 15, for instance, have the names that many wrote for themselves, to work "
               "as in another product. After the move such a call means the system's, without an error, and may give another result.";
    page.reads = "Names and argument types of the database's functions (pg_proc) against those that the target server's system has and the source's hasn't.";
    page.silent = "Functions with other argument types, those of extensions, and those whose name the old version has as well. Views, indexes and "
                  "constraints hold the function itself and keep it; whether the app calls it by its bare name can't be seen.";
    page.remedies = "Compare what both return. Call it by schema and name, rename it, or drop it where the system's does the same.";
    page.sources = "Manual: Typeconv, Functions; The System Catalog Schema (pg_catalog is searched first); release notes, \"Functions\".";
    return page;
  }

  std::vector<Finding> evaluate(const TargetFacts& facts, const json&) const override {
    std::vector<Finding> findings;
    for (const Move& move : moves_of(facts)) {
      const auto own = part<OwnRoutinesFact>(move.database.parts, kOwnRoutinesPart);
      const auto here = builtins_of(move.source.parts), there = builtins_of(move.target.parts);
      if (!own || !here || !there) {
        findings.push_back(not_known(name(), move, own ? kBuiltinsPart : kOwnRoutinesPart));
        continue;
      }
      const Builtins &before = *here, &after = *there;
      for (const std::string& routine : own->routines) {
        const std::string_view bare = without_schema(routine);
        if (!after.has_function(bare) || before.has_function(bare)) continue;
        Finding finding{Severity::warn, name(), fmt::format("function {} in {}", shown_name(routine), move.object()),
                        fmt::format("{} of PostgreSQL {} has a function {} of its own, {} has none", move.target.server, major_of(move.target), shown_name(bare), move.source.server),
                        "a call without schema means the system's from then on, and may give something else",
                        fmt::format("compare the two on {}; then call {} with its schema, rename it, or drop it", move.target.server, shown_name(routine)), false};
        finding.cause = "functions that the system has, too, from now on";
        findings.push_back(std::move(finding));
      }
      if (own->more > 0)
        findings.push_back(not_looked_at(name(), move, fmt::format("{} functions more than are looked at", own->more), "look for names in the release notes"));
    }
    return findings;
  }
};

}  // namespace

std::unique_ptr<Condition> make_no_shadowed_names() { return std::make_unique<NoShadowedNames>(); }

}  // namespace pgconvoy

#include "conditions/target_database_absent.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "conditions/moves.hpp"
#include "engine/facts/adoption.hpp"

namespace pgconvoy {
namespace {

class TargetDatabaseAbsent final : public Condition {
 public:
  std::string name() const override { return "target_database_absent"; }
  std::string summary() const override {
    return "The target server has no database of the same name yet, or an empty one that may be adopted.";
  }
  std::vector<Parameter> parameters() const override {
    return {{"adopt_empty", Parameter::Type::boolean, false,
             "Accept a database that was made there beforehand when it is empty and has the right owner and locale."}};
  }

  ConditionPage page() const override {
    ConditionPage page;
    page.why = "pgconvoy never writes into a database that it did not make in this run.";
    page.reads = "pg_database of the target, and what is inside the database of that name.";
    page.silent = "An empty one that fits may be adopted when the runbook says so.";
    page.remedies = "Rename or drop what is there, or --set adopt_empty_database=true.";
    page.sources = "docs/fleet.md.";
    return page;
  }

  std::vector<Finding> evaluate(const TargetFacts& facts, const json& arguments) const override {
    const bool adopts = arguments.is_object() && arguments.value("adopt_empty", false);
    std::vector<Finding> findings;
    for (const Move& move : moves_of(facts)) {
      if (!move.target_known()) {
        findings.push_back(not_known(name(), move, "whether the target server has a database of this name"));
        continue;
      }
      auto there = move.target.databases.find(move.database.database);
      if (there == move.target.databases.end()) continue;
      const auto seen = facts.in_the_way.find(move.instance);
      std::vector<std::string> obstacles;
      if (seen == facts.in_the_way.end())
        obstacles.push_back("it was not looked into");
      else if (!seen->second.exists)
        continue;  // gone since the server was read
      else
        obstacles = obstacles_to_adoption(move.database, seen->second);
      findings.push_back(adopts && obstacles.empty() ? adopted(move, seen->second)
                                                     : blocked(move, there->second, adopts, obstacles));
    }
    return findings;
  }

 private:
  Finding adopted(const Move& move, const DatabaseFacts& there) const {
    return {Severity::info, name(), move.object(),
            fmt::format("{} has an empty one, owned by {}: it will be adopted (oid {})", move.target.server,
                        as_identifier(there.owner), there.oid),
            "it becomes the new database; if the target is undone, it is empty again and under its own name",
            "nothing to do", false};
  }

  Finding blocked(const Move& move, const std::string& owner, bool adopts, const std::vector<std::string>& obstacles) const {
    std::string evidence = fmt::format("{} has one already, owned by {}", move.target.server, as_identifier(owner));
    const std::string rename = fmt::format("on {}: ALTER DATABASE {} RENAME TO a free name", move.target.server,
                                           as_identifier(move.database.database));
    std::string remedy;
    if (adopts)
      evidence += fmt::format("; it can't be adopted: {}", fmt::join(obstacles, ", "));
    if (adopts)
      remedy = fmt::format("mend what stands in the way of adopting it, or {}", rename);
    else if (obstacles.empty())
      remedy = fmt::format("it is empty and fits: --set adopt_empty_database=true takes it for the new one; or {}", rename);
    else
      remedy = fmt::format("if it is the moved one already, set server: {} for instance {} in the fleet file; if it is a "
                           "leftover, {}",
                           move.target.server, move.instance, rename);
    return {Severity::block, name(), move.object(), std::move(evidence),
            "pgconvoy never writes into a database that holds something it did not put there in this run, and never drops one",
            std::move(remedy), false};
  }
};

}  // namespace

std::unique_ptr<Condition> make_target_database_absent() { return std::make_unique<TargetDatabaseAbsent>(); }

}  // namespace pgconvoy

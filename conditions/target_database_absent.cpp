#include "conditions/target_database_absent.hpp"

#include <fmt/format.h>

#include "conditions/moves.hpp"

namespace pgconvoy {
namespace {

class TargetDatabaseAbsent final : public Condition {
 public:
  std::string name() const override { return "target_database_absent"; }
  std::string summary() const override { return "The target server has no database of the same name yet."; }

  std::vector<Finding> evaluate(const TargetFacts& facts, const json&) const override {
    std::vector<Finding> findings;
    for (const Move& move : moves_of(facts)) {
      if (!move.target_known()) {
        findings.push_back(not_known(name(), move, "whether the target server has a database of this name"));
        continue;
      }
      auto there = move.target.databases.find(move.database.database);
      if (there == move.target.databases.end()) continue;
      const std::string sql = as_identifier(move.database.database);
      findings.push_back(
          {Severity::block, name(), move.object(),
           fmt::format("{} has one already, owned by {}", move.target.server, as_identifier(there->second)),
           "pgconvoy never writes into a database that it did not make in this run, and never drops one",
           fmt::format(
               "if it is the moved one already, set server: {} for instance {} in the fleet file (adopt it); if it "
               "is a leftover, on {}: ALTER DATABASE {} RENAME TO a free name",
               move.target.server, move.instance, move.target.server, sql),
           false});
    }
    return findings;
  }
};

}  // namespace

std::unique_ptr<Condition> make_target_database_absent() { return std::make_unique<TargetDatabaseAbsent>(); }

}  // namespace pgconvoy

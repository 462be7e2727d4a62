#include "conditions/no_prepared_transactions.hpp"

#include <fmt/format.h>

#include "conditions/moves.hpp"
#include "engine/postgres/session.hpp"

namespace pgconvoy {
namespace {

class NoPreparedTransactions final : public Condition {
 public:
  std::string name() const override { return "no_prepared_transactions"; }
  std::string summary() const override { return "No prepared transaction is left in the databases."; }

  ConditionPage page() const override {
    ConditionPage page;
    page.why = "A prepared transaction survives every disconnect. It keeps the database from being renamed, a "
                "dump does not hold it, and what it did would be lost.";
    page.reads = "pg_prepared_xacts of the source server, for this database.";
    page.silent = "Prepared transactions of other databases of the server.";
    page.remedies = "COMMIT PREPARED or ROLLBACK PREPARED, as the owner of the application decides.";
    page.sources = "Manual: PREPARE TRANSACTION, pg_prepared_xacts.";
    return page;
  }

  std::vector<Finding> evaluate(const TargetFacts& facts, const json&) const override {
    std::vector<Finding> findings;
    for (const Move& move : moves_of(facts)) {
      if (!move.database_known()) {
        findings.push_back(not_known(name(), move, "prepared transactions"));
        continue;
      }
      const auto& left = move.database.prepared_transactions;
      if (left.empty()) continue;
      std::vector<std::string> names;
      for (const auto& gid : left) names.push_back(quote_literal(gid));
      findings.push_back(
          {Severity::block, name(), move.object(),
           fmt::format("{} prepared transaction{} on {}: {}", left.size(), left.size() == 1 ? "" : "s",
                       move.source.server, shortened(names)),
           "a prepared transaction survives every disconnect: it would keep the database from being renamed, a dump "
           "does not hold it, and what it did would be lost (manual: PREPARE TRANSACTION)",
           fmt::format("in {}: COMMIT PREPARED {}; or ROLLBACK PREPARED {}; ask the owner which", move.object(),
                       names.front(), names.front()),
           false});
    }
    return findings;
  }
};

}  // namespace

std::unique_ptr<Condition> make_no_prepared_transactions() { return std::make_unique<NoPreparedTransactions>(); }

}  // namespace pgconvoy

#include "conditions/no_long_transactions.hpp"

#include <fmt/format.h>

#include "conditions/moves.hpp"
#include "engine/facts/activity.hpp"

namespace pgconvoy {
namespace {

// Whoever began a transaction, as far as it is shown to us.
std::string who_of(const OpenTransactionFact& transaction) {
  std::string text = fmt::format("pid {}, role {}", transaction.pid, as_identifier(transaction.role));
  if (!transaction.application.empty()) text += ", application " + as_identifier(transaction.application);
  if (!transaction.address.empty()) text += " from " + transaction.address;
  return text;
}

std::string age_of(std::int64_t seconds) {
  if (seconds < 120) return fmt::format("{} s", seconds);
  if (seconds < 7200) return fmt::format("{} min", seconds / 60);
  return fmt::format("{} h", seconds / 3600);
}

class NoLongTransactions final : public Condition {
 public:
  std::string name() const override { return "no_long_transactions"; }
  std::string summary() const override { return "No transaction is open for long, and none locks out a dump."; }
  std::vector<Parameter> parameters() const override {
    return {{"longer_than", Parameter::Type::duration, 300, "How long a transaction may be open without a warning."}};
  }
  std::vector<std::string> needs() const override { return {kTransactionsPart}; }

  ConditionPage page() const override {
    ConditionPage page;
    page.why = "The fence waits for open transactions as long as drain_timeout says, then ends their sessions: what they did is lost, and "
               "a batch of hours begins anew. One that holds a table exclusively also makes checks wait, and a rehearsal's dump.";
    page.reads = "pg_stat_activity.xact_start of the sessions in the database, and exclusive locks on its tables in pg_locks.";
    page.silent = "Transactions of less than two seconds; up to `longer_than` they are only told with -v. Ours are left out. An "
                  "administrator without pg_read_all_stats sees no times of other roles, but their exclusive locks.";
    page.remedies = "Let it end, or choose another time for this database; find out what keeps a transaction idle.";
    page.sources = "Manual: The Cumulative Statistics System, pg_stat_activity; pg_locks.";
    return page;
  }

  std::vector<Finding> evaluate(const TargetFacts& facts, const json& arguments) const override {
    const double limit = arguments.value("longer_than", 300.0);
    std::vector<Finding> findings;
    for (const Move& move : moves_of(facts)) {
      const auto open = part<std::vector<OpenTransactionFact>>(move.database.parts, kTransactionsPart);
      if (!open) {
        findings.push_back(not_known(name(), move, kTransactionsPart));
        continue;
      }
      for (const OpenTransactionFact& transaction : *open) findings.push_back(told(move, transaction, limit));
    }
    return findings;
  }

 private:
  Finding told(const Move& move, const OpenTransactionFact& transaction, double limit) const {
    const bool is_long = static_cast<double>(transaction.seconds) >= limit;
    std::string evidence = who_of(transaction);
    if (transaction.state.empty())
      evidence += ": when it began isn't shown to our administrator";
    else
      evidence += fmt::format(": {}, its transaction is open for {}", transaction.state, age_of(transaction.seconds));
    if (transaction.exclusive_locks > 0)
      evidence += fmt::format("; it holds {} of {} tables exclusively", shown_name(transaction.locked), transaction.exclusive_locks);
    Finding finding{is_long || transaction.exclusive_locks > 0 ? Severity::warn : Severity::info,
                    name(),
                    move.object(),
                    std::move(evidence),
                    "the fence ends it when drain_timeout is over, and what it did is lost",
                    fmt::format("let it end; or on {}: SELECT pg_terminate_backend({})", move.source.server, transaction.pid),
                    false};
    finding.cause = "open transactions";
    return finding;
  }
};

}  // namespace

std::unique_ptr<Condition> make_no_long_transactions() { return std::make_unique<NoLongTransactions>(); }

}  // namespace pgconvoy

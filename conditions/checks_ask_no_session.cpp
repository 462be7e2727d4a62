#include "conditions/checks_ask_no_session.hpp"

#include <fmt/format.h>

#include "conditions/moves.hpp"
#include "engine/facts/changed_functions.hpp"

namespace pgconvoy {
namespace {

class ChecksAskNoSession final : public Condition {
 public:
  std::string name() const override { return "checks_ask_no_session"; }
  std::string summary() const override { return "No CHECK constraint depends on who evaluates it, in which database, or from where."; }
  std::vector<std::string> needs() const override { return {kSessionChecksPart}; }

  ConditionPage page() const override {
    ConditionPage page;
    page.why = "A restore evaluates CHECK constraints over all rows, in a session of its own: as a temporary role, in a database that has a temporary "
               "name until it is verified, from another address. A constraint that compares a column with current_user or current_database() held for "
               "every row when it was written, and holds for none then.";
    page.reads = "The parsed trees of validated CHECK constraints of tables with rows and of domains, and the sources of the functions that they call themselves: "
                 "current_user, session_user, current_database(), current_schema(), current_setting(), inet_client_addr() and their like.";
    page.silent = "NOT VALID constraints, tables without rows, defaults, policies, triggers and views. Words in comments and literals. What functions call that "
                  "a function calls isn't looked at. Settings and rights may be asked for and be of no consequence: that is a warning. What a function does with the answer "
                  "can't be seen (most only keep superusers out): that is only told with -v.";
    page.remedies = "Make it a trigger, which a restore doesn't run, or drop the constraint and add it again as NOT VALID.";
    page.sources = "Manual: CREATE TABLE (CHECK), Session Information Functions.";
    return page;
  }

  std::vector<Finding> evaluate(const TargetFacts& facts, const json&) const override {
    std::vector<Finding> findings;
    for (const Move& move : moves_of(facts)) {
      const auto found = part<std::vector<SessionCheck>>(move.database.parts, kSessionChecksPart);
      if (!found) {
        findings.push_back(not_known(name(), move, kSessionChecksPart));
        continue;
      }
      for (const SessionCheck& each : *found) findings.push_back(finding_of(move, each));
    }
    return findings;
  }

 private:
  Finding finding_of(const Move& move, const SessionCheck& each) const {
    const bool may_not_matter = each.asks == "current_setting" || each.asks == "pg_has_role";
    Finding finding;
    finding.severity = !each.function.empty() ? Severity::info : may_not_matter ? Severity::warn : Severity::block;
    finding.condition = name();
    finding.object = fmt::format("{} in {}", shown_name(each.object), move.object());
    finding.evidence = each.function.empty() ? fmt::format("it asks for {}", each.asks) : fmt::format("it calls {}, which asks for {}", shown_name(each.function), each.asks);
    finding.why = "in the restore's session the answer is another one, and COPY stops at the first row for which the check fails";
    finding.remedy = "make it a trigger, or DROP CONSTRAINT and ADD it again as NOT VALID: a dump keeps that";
    finding.cause = fmt::format("checks that ask for {}", each.asks);
    return finding;
  }
};

}  // namespace

std::unique_ptr<Condition> make_checks_ask_no_session() { return std::make_unique<ChecksAskNoSession>(); }

}  // namespace pgconvoy

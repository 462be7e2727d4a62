#include "conditions/replication_accounted_for.hpp"

#include <fmt/format.h>

#include "conditions/moves.hpp"
#include "engine/facts/replication.hpp"

namespace pgconvoy {
namespace {

class ReplicationAccountedFor final : public Condition {
 public:
  std::string name() const override { return "replication_accounted_for"; }
  std::string summary() const override {
    return "Subscriptions that are off and scheduled jobs are known to whoever has to take them along; publications and unlogged tables are told.";
  }
  std::vector<std::string> needs() const override { return {kReplicationPart, kScheduledJobsPart}; }

  ConditionPage page() const override {
    ConditionPage page;
    page.why = "A dump holds a subscription, but not how far it came: enabled on the target it may apply something twice, or not at all. "
               "A job that a scheduler in another database runs in this one keeps its old address: after the move it fails, or writes to "
               "the old database as long as that is there.";
    page.reads = "pg_subscription, pg_publication, unlogged tables of the database; cron.job and pgagent.pga_jobstep of the server's "
                 "maintenance database, when they are plain tables of a superuser's.";
    page.silent = "Enabled subscriptions and logical slots are the matter of source_database_ready. Jobs of schedulers outside PostgreSQL "
                  "can't be seen, nor those of pg_cron in a database that isn't the maintenance database.";
    page.remedies = "Drop subscriptions that are of no use; make the others anew after the move. Make the jobs anew on the target.";
    page.sources = "Manual: Logical Replication; pg_dump, Notes; the manuals of pg_cron and pgAgent.";
    return page;
  }

  std::vector<Finding> evaluate(const TargetFacts& facts, const json&) const override {
    std::vector<Finding> findings;
    for (const Move& move : moves_of(facts)) {
      const auto found = part<ReplicationFact>(move.database.parts, kReplicationPart);
      if (!found) {
        findings.push_back(not_known(name(), move, kReplicationPart));
        continue;
      }
      for (const std::string& subscription : found->disabled_subscriptions) findings.push_back(off(move, subscription));
      jobs(move, findings);
      tell(move, *found, findings);
    }
    return findings;
  }

 private:
  Finding off(const Move& move, const std::string& subscription) const {
    return {Severity::warn, name(), fmt::format("subscription {} in {}", shown_name(subscription), move.object()),
            fmt::format("it is disabled on {}", move.source.server),
            "it is restored as it is, disabled; where it goes on from isn't in a dump, so enabling it there may apply something twice, and "
            "its slot keeps WAL at the publisher all the while",
            fmt::format("if nobody needs it: ALTER SUBSCRIPTION {0} SET (slot_name = NONE); DROP SUBSCRIPTION {0}; and drop its slot at the publisher",
                        shown_name(subscription)),
            false};
  }

  void jobs(const Move& move, std::vector<Finding>& findings) const {
    const auto list = part<std::vector<ScheduledJobFact>>(move.source.parts, kScheduledJobsPart);
    if (!list) return;
    std::map<std::string, std::vector<std::string>> by_scheduler;
    for (const ScheduledJobFact& job : *list)
      if (job.database == move.database.database) by_scheduler[job.scheduler].push_back(shown_name(job.job));
    for (const auto& [scheduler, names] : by_scheduler) {
      Finding finding{Severity::warn, name(), move.object(),
                      fmt::format("{} in the maintenance database of {} runs jobs in it: {}", scheduler, move.source.server, shortened(names, 10)),
                      "jobs don't move with the database: after the move they fail where it was, and nobody runs them where it is",
                      fmt::format("make them anew on {}, and take them off {} after the move", move.target.server, move.source.server), false};
      finding.cause = scheduler + " jobs";
      findings.push_back(std::move(finding));
    }
  }

  void tell(const Move& move, const ReplicationFact& found, std::vector<Finding>& findings) const {
    if (!found.publications.empty())
      findings.push_back({Severity::info, name(), move.object(), fmt::format("publications: {}", shown_name(shortened(found.publications))),
                          "they are restored; subscribers elsewhere still follow the old server, and their slots don't move",
                          "after the move: ALTER SUBSCRIPTION ... CONNECTION at each subscriber, with a new slot", false});
    if (found.unlogged_count > 0)
      findings.push_back({Severity::info, name(), move.object(),
                          fmt::format("{} unlogged tables, such as {}", found.unlogged_count, shown_name(shortened(found.unlogged, 3))),
                          "they are dumped with their rows and restored as unlogged", "nothing to do", false});
  }
};

}  // namespace

std::unique_ptr<Condition> make_replication_accounted_for() { return std::make_unique<ReplicationAccountedFor>(); }

}  // namespace pgconvoy

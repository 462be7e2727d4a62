// Facts for whole targets: puts together what the gatherers read from servers, databases, platform and host.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/facts/condition.hpp"
#include "engine/facts/facts.hpp"
#include "engine/plan/plan.hpp"
#include "engine/run/step_context.hpp"

namespace pgconvoy {

class SessionLoans;

struct SurveyRequest {
  const Fleet& fleet;
  std::string backup_directory;
  Requirements requirements;
  // Parts and inquiries that the runbook's preconditions need, each with the arguments of the first that needs it.
  std::map<std::string, json> needs = {};
};

// Of a runbook's preconditions. Names that no condition has are left out: evaluate() says so.
std::map<std::string, json> needs_of(const Runbook& runbook, const ConditionRegistry& conditions);

// One survey serves many targets: servers are read once, databases of a server in one query, the insides of
// databases with a few sessions per server at a time. Read-only. Loop's thread only.
class Survey {
 public:
  Survey(Services services, SurveyRequest request);

  // Reads servers that were not read yet, a bounded number at a time, each with the maintenance-database part of the
  // instances that it has to read. What can't be reached becomes a fact (unreachable_because), not an error.
  struct ServerRequest {
    std::vector<Instance> instances;
    bool room = false;  // how much of it is taken, too
  };
  Task<Result<void>> read_servers(std::map<std::string, ServerRequest> wanted);
  const std::map<std::string, ServerFacts>& servers() const { return servers_; }
  const std::map<std::string, DatabaseFacts>& databases() const { return databases_; }  // by instance

  // The servers of these targets, the host, and what of the databases' names is taken where they go to.
  Task<Result<void>> begin(std::vector<Target> targets, std::vector<std::map<std::string, Placement>> placements);

  // Facts of one target. REQUIRES: begin() had it. Opens one session as administrator in each of its databases, and one as
  // the tenant where what it wrote has to be evaluated: whoever reads takes his turn in them.
  Task<Result<TargetFacts>> gather(Target target, std::map<std::string, Placement> placements);

 private:
  Task<void> read_some(std::map<std::string, ServerRequest>& wanted);
  Task<Result<void>> read_server(std::string server_id, ServerRequest request);
  Task<Result<void>> read_in_the_way(std::string server_id, std::vector<Instance> instances);
  Task<Result<SessionPtr>> open(std::string server_id, std::string database);
  Task<DatabaseFacts> read_inside(SessionLoans& loans, DatabaseFacts facts, std::string target_server);
  Task<Result<void>> inquire(SessionLoans& loans, TargetFacts& facts, Target target, std::string instance);
  Task<DatabaseFacts> read_objects(DatabaseFacts facts);
  Task<Result<void>> read_applications(TargetFacts& facts, const Target& target);
  // Where a variable or an alias leads is the id of one of the instance's two servers, or an address that is neither's.
  Task<void> read_poolers(TargetFacts& facts, const Target& target);

  Services services_;
  SurveyRequest request_;
  std::map<std::string, ServerFacts> servers_;
  std::map<std::string, DatabaseFacts> databases_;   // by instance
  std::map<std::string, DatabaseFacts> in_the_way_;  // likewise: the target server's
  std::map<std::string, json> learnt_;               // see InquiryContext
  std::optional<Error> failure_;
  HostFacts host_;
};

// Facts of one target from nothing: what run and resume read right before the first step.
Task<Result<TargetFacts>> survey_target(Services services, const Plan& plan, const PlannedTarget& planned,
                                        const ConditionRegistry& conditions);

// What later steps and a resume need of the facts, small enough to be journaled for every target: lists of
// available extensions and locales and roles that the target does not use are left out.
TargetFacts reduced(const TargetFacts& facts);

}  // namespace pgconvoy

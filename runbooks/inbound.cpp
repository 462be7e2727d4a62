#include "runbooks/inbound.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "conditions/moves.hpp"
#include "engine/facts/foreign_data.hpp"
#include "engine/run/findings.hpp"

namespace pgconvoy {
namespace {

constexpr const char* kCondition = "other_clients_seen";

bool asks_for_others(const Runbook& runbook) {
  return std::any_of(runbook.preconditions.begin(), runbook.preconditions.end(), [](const RunbookNode& node) { return node.name == kCondition; });
}

}  // namespace

void Inbound::note(const std::string& target, const TargetFacts& facts) {
  for (const auto& [id, database] : facts.databases)
    if (const auto places = part<ForeignPlacesFact>(database.parts, kForeignPlacesPart))
      for (const ForeignLeadFact& lead : places->leads)
        if (!lead.database.empty()) leads_.push_back({target, database.database, lead.name, lead.server, lead.database});
}

void Inbound::tell(Plan& plan, WallTime now) const {
  if (leads_.empty() || !asks_for_others(plan.runbook)) return;
  std::map<std::pair<std::string, std::string>, PlannedTarget*> owners;  // of server and database
  for (PlannedTarget& planned : plan.targets)
    for (const auto& [id, placement] : planned.placements)
      owners[{placement.source_server, plan.fleet.instances.at(id).database}] = &planned;
  for (const Lead& lead : leads_) {
    const auto found = owners.find({lead.server, lead.to});
    if (found == owners.end() || found->second->target.id == lead.target) continue;
    PlannedTarget& led_to = *found->second;
    Finding finding{Severity::warn, kCondition, "database " + as_identifier(lead.to),
                    fmt::format("foreign server {} in database {} of {} leads to it", shown_name(lead.foreign_server), as_identifier(lead.database), lead.target),
                    "its options name the old place: after the move it finds no database of that name there",
                    fmt::format("after the move, in database {}: ALTER SERVER {} OPTIONS (SET host '...', SET port '...')", as_identifier(lead.database),
                                shown_name(lead.foreign_server)),
                    false};
    finding.cause = "other clients";
    suppress(finding, plan.fleet, led_to.target.id, now);
    led_to.findings.push_back(std::move(finding));
  }
}

}  // namespace pgconvoy

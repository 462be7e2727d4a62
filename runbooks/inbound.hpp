// What leads from one database of a plan into another: a foreign server that was made for the old place of the other.
// Only a plan knows of both, so it is found when all facts have been read, and told to the target that is led to.
#pragma once

#include <string>
#include <vector>

#include "engine/core/clock.hpp"
#include "engine/facts/facts.hpp"
#include "engine/plan/plan.hpp"

namespace pgconvoy {

class Inbound {
 public:
  // Keeps what leads out of a target's databases. REQUIRES: kForeignPlacesPart was read; without it nothing is known.
  void note(const std::string& target, const TargetFacts& facts);
  // Adds a warning of the condition other_clients_seen to each target that others lead to, when the runbook has it. Pure.
  void tell(Plan& plan, WallTime now) const;

 private:
  struct Lead {
    std::string target, database, foreign_server;  // where from
    std::string server, to;                        // where to
  };
  std::vector<Lead> leads_;
};

}  // namespace pgconvoy

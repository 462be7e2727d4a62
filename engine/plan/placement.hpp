// Which server each database goes to. Pure: the same fleet, facts and order of targets give the same placement.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine/facts/facts.hpp"
#include "engine/plan/plan.hpp"

namespace pgconvoy {

// The servers of the target's region that offer the wanted service, by id; empty when the target has nothing to move. In
// place: those that its databases are on.
// Error usage when there is none, or when an instance could only go to the server that it is on.
Result<std::vector<const Server*>> candidates(const Fleet& fleet, const Target& target, const Requirements& requirements);

// What placement decides from. REQUIRES: all of it outlives the placer.
struct PlacementInput {
  const Fleet& fleet;
  const Requirements& requirements;
  const std::map<std::string, ServerFacts>& servers;      // of every candidate; one without facts counts as out of reach
  const std::map<std::string, DatabaseFacts>& databases;  // by instance: what each needs
  bool adopts = false;                                    // an empty database that was made beforehand may be taken
};

// Places targets one after the other, in the order of the run; each takes its room from those that come after it. In place
// every database stays where it is, and takes no room.
//
// Limits that are never exceeded: the caps of a server (`databases` without template0, template1 and postgres); those of
// its host, for all of its servers that offer the wanted service together, as far as they were read; two
// databases of one name never go to one server; never to the server it is on. Where there is a choice also the free
// bytes, with a growth allowance of a fifth. Servers of one `host` are taken to stand on one file system and share the
// least of the free bytes that they tell; a server without `host` has its own. max_connections is no limit, for the
// limits of databases are often more than it together: it only counts as room. A server that has a database of the
// name already is taken when all others are out of the question (target_database_absent judges it); with `adopts` and
// the right owner it is taken first.
//
// The choice: apart from the other stages of the same application; then spread, so that those that shared a source
// server come to stand on servers and hosts in proportion to their free room; then by id.
// A candidate that can't be reached, or is a standby, is left out, unless there is no other.
class Placer {
 public:
  explicit Placer(PlacementInput input);
  ~Placer();

  // By instance. Error usage when an instance fits nowhere: says for each server which limit is in the way, and takes
  // no room. REQUIRES: candidates() accepted the target.
  Result<std::map<std::string, Placement>> place(const Target& target);

  // Candidates of a region that were left out, with the reason.
  std::map<std::string, std::string> left_out(const std::string& region) const;

 private:
  class Rooms;
  std::unique_ptr<Rooms> rooms_;
};

}  // namespace pgconvoy

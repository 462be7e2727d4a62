// pgconvoy doctor --platform: do the programs of a fleet's platform do what docs/platform.md asks of them?
//
// Without `changes` only verbs that read are called, and calls that a program must refuse. With it, what was named is
// really changed, and put back: an environment's page and process, a pooler's alias, a scratch database and role.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "cli/diagnosis.hpp"
#include "engine/platform/exec_platform.hpp"

namespace pgconvoy::cli {

struct PlatformTest {
  std::set<std::string> environments, servers, poolers;  // ids; all three empty: everything of the fleet
  bool changes = false;                                  // REQUIRES: something is named
};

// not_found with what may have been meant; usage for one that has no program.
Result<void> check_named(const Fleet& fleet, const PlatformTest& test);

Task<std::vector<Diagnosis>> test_platform(Services services, ProgramLog log, Fleet fleet, PlatformTest test);

// What the parts of the test have in common.
class PlatformProbe {
 public:
  PlatformProbe(Services services, ProgramLog log);

  Services services;
  ProgramLog log;
  std::vector<Diagnosis> found;

  // Who asks when something is changed: a run of its own, so that no real run's epochs are touched.
  CallIdentity at_epoch(int epoch, const std::string& verb) const;
  const std::string& token() const { return token_; }

  void good(const std::string& what, const std::string& detail);
  void warning(const std::string& what, const std::string& detail, const std::string& remedy);
  void bad(const std::string& what, const std::string& detail, const std::string& remedy);
  // bad when it failed; true when it didn't.
  template <class T>
  bool passed(const std::string& what, const Result<T>& result) {
    if (!result) bad(what, describe_shortly(result.error()), result.error().remedy);
    return result.has_value();
  }
  // A call of a lower epoch: good only when it was refused with kind "conflict".
  void judge_lower_epoch(const std::string& what, const Result<void>& call);

 private:
  static std::string describe_shortly(const Error& error);
  std::string token_;
};

// describe, verbs and garbage, once for each program and what it is ("controller"). False: it can't be talked to.
Task<bool> test_protocol(PlatformProbe& probe, ProgramRequest request, std::string what_it_is, std::vector<std::string> verbs);
Task<void> test_controller(PlatformProbe& probe, Environment environment, bool changes);
Task<void> test_pooler(PlatformProbe& probe, Pooler pooler, std::string alias, bool changes);
Task<void> test_provisioner(PlatformProbe& probe, Server server);  // changes

}  // namespace pgconvoy::cli

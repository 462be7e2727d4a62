#include "conditions/application_startable.hpp"

#include <fmt/format.h>

#include <set>

#include "conditions/moves.hpp"
#include "engine/facts/application_host.hpp"

namespace pgconvoy {
namespace {

class ApplicationStartable final : public Condition {
 public:
  std::string name() const override { return "application_startable"; }
  std::string summary() const override { return "What starts the applications is still there, and their variables can be written."; }
  std::vector<std::string> needs() const override { return {kApplicationHostPart}; }

  ConditionPage page() const override {
    ConditionPage page;
    page.why = "An application may run for months after what it was started from was cleaned away. Once stopped it doesn't come back, on "
               "neither database.";
    page.reads = "Of environments with a local controller: its directory, the first word of `start`, the env file and the folder around "
                 "it, as they are on this host.";
    page.silent = "Environments with another controller: what they start from is their program's to know. Whether the program works can't "
                  "be seen without starting it.";
    page.remedies = "Put the program back, or correct the controller in the fleet file.";
    page.sources = "docs/fleet.md, controller.";
    return page;
  }

  std::vector<Finding> evaluate(const TargetFacts& facts, const json&) const override {
    std::vector<Finding> findings;
    std::set<std::string> said;  // an environment may be bound to several instances
    for (const Move& move : moves_of(facts)) {
      const auto hosts = part<std::vector<ApplicationHostFact>>(move.database.parts, kApplicationHostPart);
      if (!hosts) {
        findings.push_back(not_known(name(), move, kApplicationHostPart));
        continue;
      }
      for (const ApplicationHostFact& host : *hosts) {
        if (!said.insert(host.environment).second) continue;
        for (const std::string& obstacle : host.obstacles)
          findings.push_back({Severity::block, name(), "environment " + host.environment, shown_name(obstacle),
                              "the move stops the application, writes its binding and starts it: it would stay down",
                              "put it back, or correct the environment's controller in the fleet file", false});
      }
    }
    return findings;
  }
};

}  // namespace

std::unique_ptr<Condition> make_application_startable() { return std::make_unique<ApplicationStartable>(); }

}  // namespace pgconvoy

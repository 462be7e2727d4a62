#include "conditions/variables_follow.hpp"

#include <fmt/format.h>

#include <set>

#include "conditions/moves.hpp"
#include "engine/facts/application_host.hpp"

namespace pgconvoy {
namespace {

class VariablesFollow final : public Condition {
 public:
  std::string name() const override { return "variables_follow"; }
  std::string summary() const override { return "No variable of an application holds the old server's address past its binding."; }
  std::vector<std::string> needs() const override { return {kApplicationHostPart}; }

  ConditionPage page() const override {
    ConditionPage page;
    page.why = "The move changes the variables that the binding names. One more that holds the old address, for a worker, a report or a "
               "read replica, goes on leading there: part of the application fails, or writes where nobody looks.";
    page.reads = "The env file of environments with a local controller: which variables hold host and port of the instance's server, its "
                 "host alone, or its port under a name like a database's. Values are neither kept nor shown.";
    page.silent = "Variables that a binding of the environment names, and addresses of other servers. What stands in configuration files "
                  "or images can't be seen.";
    page.remedies = "Name the variable in the binding, with the part that it holds; then it follows.";
    page.sources = "docs/fleet.md, bindings.";
    return page;
  }

  std::vector<Finding> evaluate(const TargetFacts& facts, const json&) const override {
    std::vector<Finding> findings;
    std::set<std::string> said;
    for (const Move& move : moves_of(facts)) {
      const auto hosts = part<std::vector<ApplicationHostFact>>(move.database.parts, kApplicationHostPart);
      if (!hosts) {
        findings.push_back(not_known(name(), move, kApplicationHostPart));
        continue;
      }
      for (const ApplicationHostFact& host : *hosts)
        for (const HardWiredVariable& variable : host.hard_wired)
          if (said.insert(host.environment + "\n" + variable.variable).second)
            findings.push_back({Severity::warn, name(), fmt::format("variable {} of environment {}", shown_name(variable.variable), host.environment),
                                fmt::format("it holds {} of {}, and no binding names it", shown_name(variable.what), move.source.server),
                                "the move changes only the variables of bindings: this one goes on leading to the old server",
                                fmt::format("bindings: - instance: {}, variables: {{{}: url}} (or host, port ...) in the fleet file", move.instance,
                                            shown_name(variable.variable)),
                                false});
    }
    return findings;
  }
};

}  // namespace

std::unique_ptr<Condition> make_variables_follow() { return std::make_unique<VariablesFollow>(); }

}  // namespace pgconvoy

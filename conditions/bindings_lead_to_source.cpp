#include "conditions/bindings_lead_to_source.hpp"

#include <fmt/format.h>

#include "conditions/moves.hpp"
#include "engine/platform/places.hpp"

namespace pgconvoy {
namespace {

class BindingsLeadToSource final : public Condition {
 public:
  std::string name() const override { return "bindings_lead_to_source"; }
  std::string summary() const override {
    return "Every binding that is to be changed can be read now and names the database that moves, straight or through its poolers.";
  }

  ConditionPage page() const override {
    ConditionPage page;
    page.why = "The move changes where the app's variables lead. One that leads elsewhere today, or can't be "
                "read, would be found out with the app paused and its database fenced, or would lead an app to a "
                "database that it never used.";
    page.reads = "The variables of each binding through the environment's controller, and each pooler's alias as "
                  "the pooler itself tells it: pool mode, where it leads, whether it is paused.";
    page.silent = "Passwords are never part of it. Different spellings of one address are one address.";
    page.remedies = "Correct the variables, or the binding and its poolers in the fleet file.";
    page.sources = "docs/fleet.md, bindings and poolers; PgBouncer: config, pool_mode.";
    return page;
  }

  std::vector<Finding> evaluate(const TargetFacts& facts, const json&) const override {
    std::vector<Finding> findings;
    for (const BindingFact& binding : facts.bindings)
      if (facts.databases.contains(binding.instance)) look_at(binding, facts, findings);
    for (const PoolerFacts& pooler : facts.poolers)
      if (facts.databases.contains(pooler.instance)) look_at(pooler, facts, findings);
    return findings;
  }

 private:
  static std::vector<const PoolerFacts*> poolers_of(const BindingFact& binding, const TargetFacts& facts) {
    std::vector<const PoolerFacts*> found;
    for (const PoolerFacts& pooler : facts.poolers)
      if (pooler.instance == binding.instance) found.push_back(&pooler);
    return found;
  }

  void look_at(const BindingFact& binding, const TargetFacts& facts, std::vector<Finding>& findings) const {
    const std::string object = fmt::format("environment {}, binding to {}", binding.environment, binding.instance);
    const std::string& database = facts.databases.at(binding.instance).database;
    if (!binding.unreadable_because.empty()) {
      findings.push_back({Severity::block, name(), object, binding.unreadable_because,
                          "it would be found out while the app is paused and its database fenced",
                          "set the variables, or correct the binding in the fleet file", false});
      return;
    }
    const auto poolers = poolers_of(binding, facts);
    const auto at_pooler = [&](const std::string& address) {
      for (const PoolerFacts* pooler : poolers)
        if (same_address(pooler->address, address)) return pooler;
      return static_cast<const PoolerFacts*>(nullptr);
    };
    const PoolerFacts* through = at_pooler(binding.address);
    const std::string& wanted = through ? through->alias : database;
    if (!binding.database.empty() && binding.database != wanted)
      findings.push_back({Severity::block, name(), object,
                          through ? fmt::format("it leads to {} at pooler {}, whose alias for the instance is {}", as_identifier(binding.database),
                                                through->pooler, as_identifier(wanted))
                                  : fmt::format("it leads to database {} at {}, the instance is {}", as_identifier(binding.database),
                                                binding.address, as_identifier(wanted)),
                          "the variables would be changed to lead to a database that the app does not use now",
                          "correct instance, variables or poolers of the binding in the fleet file", false});
    for (const auto& [variable, place] : binding.places) {
      const bool address = place.find(':') != std::string::npos;
      if (!address || at_pooler(place)) continue;
      // A server may be written in another way. Behind a pooler a variable that isn't recognised would be led past it.
      findings.push_back({poolers.empty() ? Severity::warn : Severity::block, name(), object,
                          fmt::format("{} leads to {}, which is neither the instance's server as the fleet file writes it nor a pooler of the binding",
                                      variable, place),
                          poolers.empty() ? "it will be changed to lead straight to the new server, past whatever is there"
                                          : "it would be changed to lead straight to the new server, past the pooler",
                          "if that is a pooler, name it in `poolers` of the binding; write the same address in the fleet file and in the variable",
                          false});
    }
  }

  void look_at(const PoolerFacts& pooler, const TargetFacts& facts, std::vector<Finding>& findings) const {
    const std::string object = fmt::format("pooler {}, alias {} of {}", pooler.pooler, as_identifier(pooler.alias), pooler.instance);
    const char* late = "it would be found out while its clients wait and the database is fenced";
    const auto block = [&](std::string evidence, const char* why, std::string remedy) {
      findings.push_back({Severity::block, name(), object, std::move(evidence), why, std::move(remedy), false});
    };
    const DatabaseFacts& database = facts.databases.at(pooler.instance);
    const auto source = facts.source_server.find(pooler.instance);
    if (!pooler.unreadable_because.empty())
      block(pooler.unreadable_because, late, "let pgconvoy reach the pooler's console and change its config_file, or correct the pooler in the fleet file");
    else if (!pooler.known)
      block("the pooler has no line of its own for it", "a `*` that stands for every name can't be led elsewhere for one",
            "give it a line in the pooler's config_file, or correct the alias in the fleet file");
    else if (source != facts.source_server.end() && pooler.leads_to != source->second)
      block(fmt::format("it leads to {}, the instance is on {}", pooler.leads_to, source->second),
            "the pooler would be led to a database that its clients do not use now",
            "correct the alias, or write the server's address in the same way in both places");
    else if (pooler.database != database.database)
      block(fmt::format("it leads to database {}, the instance is {}", as_identifier(pooler.database), as_identifier(database.database)),
            "the pooler would be led to a database that its clients do not use now", "correct the alias in the fleet file or at the pooler");
    else if (pooler.paused)
      block("it is paused, and not by this run", "whoever paused it counts on that, and the app would not come back behind it",
            "resume it when that is over");
    else
      look_closer(pooler, facts, object, findings);
  }

  // Where nothing blocks.
  void look_closer(const PoolerFacts& pooler, const TargetFacts& facts, const std::string& object, std::vector<Finding>& findings) const {
    const auto source = facts.source_server.find(pooler.instance);
    const auto role = facts.role_of.find(pooler.instance);
    const auto server = source == facts.source_server.end() ? facts.servers.end() : facts.servers.find(source->second);
    if (role != facts.role_of.end() && server != facts.servers.end())
      if (const auto known = server->second.roles.find(role->second); known != server->second.roles.end() && known->second.verifier == "md5")
        findings.push_back({Severity::warn, name(), object,
                            fmt::format("role {} has an md5 password, on the new server it will be a SCRAM one", as_identifier(role->second)),
                            "a pooler that holds the md5 verifier in its auth_file can't log in there",
                            "give the pooler the password itself or an auth_query, or set the password anew on the source with SCRAM", false});
    if (pooler.pool_mode == "session")
      findings.push_back({Severity::warn, name(), object, "its pool_mode is session",
                          "clients keep their connection for as long as they like: those that do after drain_timeout are ended",
                          "stop them beforehand, or let them use pool_mode transaction", false});
  }
};

}  // namespace

std::unique_ptr<Condition> make_bindings_lead_to_source() { return std::make_unique<BindingsLeadToSource>(); }

}  // namespace pgconvoy

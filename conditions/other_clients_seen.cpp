#include "conditions/other_clients_seen.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <set>
#include <string_view>

#include "conditions/moves.hpp"
#include "engine/facts/activity.hpp"

namespace pgconvoy {
namespace {

// What people and reporting use, whatever role they log in as: the beginning of application_name in lower case.
constexpr std::array<std::string_view, 29> kTools{
    "psql",     "pgadmin", "dbeaver",  "datagrip", "pgcli",    "navicat", "heidisql", "postico", "tableplus", "azuredatastudio",
    "metabase", "tableau", "looker",   "power bi", "grafana",  "superset", "redash",   "debezium", "airbyte", "fivetran",
    "stitch",   "hevo",    "pg_dump",  "pg_restore", "pg_recvlogical", "pgbench", "zabbix", "check_postgres", "postgres_fdw"};

bool is_tool(std::string application) {
  std::transform(application.begin(), application.end(), application.begin(), [](unsigned char c) { return std::tolower(c); });
  return std::any_of(kTools.begin(), kTools.end(), [&](std::string_view tool) { return application.starts_with(tool); });
}

class OtherClientsSeen final : public Condition {
 public:
  std::string name() const override { return "other_clients_seen"; }
  std::string summary() const override { return "Nobody but the application is connected to the databases."; }
  std::vector<Parameter> parameters() const override {
    return {{"observe", Parameter::Type::duration, 0, "How long sessions are watched, one look a second; 0 is one look."}};
  }
  std::vector<std::string> needs() const override { return {kClientsPart, kObservedClientsPart}; }

  ConditionPage page() const override {
    ConditionPage page;
    page.why = "The move leads the application's bindings to the new database, and nobody else's: a report, a monitor or an export that "
               "isn't in the fleet file goes on asking the old server, where the database has another name by then.";
    page.reads = "pg_stat_activity: roles, addresses and application names of the sessions in the database, at one moment or over the "
                 "time that `observe` says. The roles of the instance and of its bindings are the application's. Foreign servers in other "
                 "databases that are checked together with this one, and that lead to it (a plan or check of a single target sees none).";
    page.silent = "Sessions as a role of the application, unless their name is that of a tool that people or reporting use. Clients that "
                  "aren't connected at that moment can't be seen, nor who comes through a pooler as the application's role, nor dblink "
                  "with a connection in a function's body.";
    page.remedies = "Give these clients the new address, or bind them in the fleet file; accept the finding with a reason where it is meant.";
    page.sources = "Manual: The Cumulative Statistics System, pg_stat_activity.";
    return page;
  }

  std::vector<Finding> evaluate(const TargetFacts& facts, const json&) const override {
    std::vector<Finding> findings;
    for (const Move& move : moves_of(facts)) {
      auto clients = part<std::vector<ClientFact>>(move.database.parts, kClientsPart);
      if (!clients) {
        findings.push_back(not_known(name(), move, kClientsPart));
        continue;
      }
      if (const auto observed = part<std::vector<ClientFact>>(move.database.parts, kObservedClientsPart)) add_new(*clients, *observed);
      examine(facts, move, *clients, findings);
    }
    return findings;
  }

 private:
  static void add_new(std::vector<ClientFact>& clients, const std::vector<ClientFact>& observed) {
    for (const ClientFact& client : observed)
      if (std::none_of(clients.begin(), clients.end(), [&](const ClientFact& known) {
            return known.role == client.role && known.application == client.application && known.address == client.address && known.kind == client.kind;
          }))
        clients.push_back(client);
  }

  static std::set<std::string> roles_of_application(const TargetFacts& facts, const Move& move) {
    std::set<std::string> roles;
    if (const auto own = facts.role_of.find(move.instance); own != facts.role_of.end() && !own->second.empty()) roles.insert(own->second);
    for (const BindingFact& binding : facts.bindings)
      if (binding.instance == move.instance && !binding.role.empty()) roles.insert(binding.role);
    if (roles.empty()) roles.insert(move.database.owner);
    return roles;
  }

  void examine(const TargetFacts& facts, const Move& move, const std::vector<ClientFact>& clients, std::vector<Finding>& findings) const {
    const std::set<std::string> own = roles_of_application(facts, move);
    std::set<std::string> addresses;
    for (const ClientFact& client : clients) {
      if (own.contains(client.role) && !is_tool(client.application) && client.kind != "walsender") {
        addresses.insert(client.address);
        continue;
      }
      std::string evidence = fmt::format("{} {} as role {}", client.sessions, client.sessions == 1 ? "session" : "sessions", as_identifier(client.role));
      if (client.superuser) evidence += ", a superuser";
      evidence += client.application.empty() ? ", without an application name" : ", application " + as_identifier(client.application);
      if (!client.address.empty()) evidence += client.address == "local" ? ", through a local socket" : ", from " + client.address;
      if (client.kind == "walsender") evidence += ", receiving changes (walsender)";
      Finding finding{Severity::warn, name(), move.object(), std::move(evidence),
                      own.contains(client.role) ? "it uses the application's role, but its name isn't that of an application: it won't follow to the new server"
                                                : "its role isn't the application's, so no binding leads it to the new server: after the move it finds no database of that name",
                      "give it the new address after the move, or bind it in the fleet file (environments: bindings)", false};
      finding.cause = "other clients";
      findings.push_back(std::move(finding));
    }
    if (addresses.size() > 1)
      findings.push_back({Severity::info, name(), move.object(),
                          fmt::format("sessions of the application come from {} addresses: {}", addresses.size(),
                                      shortened({addresses.begin(), addresses.end()}, 10)),
                          "each of them must be a part of the application that the fleet file knows", "compare with the environments of the fleet file", false});
  }
};

}  // namespace

std::unique_ptr<Condition> make_other_clients_seen() { return std::make_unique<OtherClientsSeen>(); }

}  // namespace pgconvoy

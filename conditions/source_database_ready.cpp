#include "conditions/source_database_ready.hpp"

#include <fmt/format.h>

#include "conditions/moves.hpp"

namespace pgconvoy {
namespace {

bool is_reserved(const std::string& name) { return name.starts_with("pg_") || name.starts_with("pgconvoy_"); }

class SourceDatabaseReady final : public Condition {
 public:
  std::string name() const override { return "source_database_ready"; }
  std::string summary() const override { return "Each database exists, is ordinary, and can be connected to."; }

  ConditionPage page() const override {
    ConditionPage page;
    page.why = "A template, a closed database, or one with an enabled subscription or a logical slot can't be "
                "moved like an ordinary one.";
    page.reads = "pg_database, pg_subscription and pg_replication_slots of the source server, and one connection "
                  "to the database itself.";
    page.silent = "Disabled subscriptions: they move disabled. Slots of other databases.";
    page.remedies = "Correct the fleet file, open the database, disable the subscription, plan what becomes of the "
                     "slot.";
    page.sources = "Manual: logical replication; pg_database.";
    return page;
  }

  std::vector<Finding> evaluate(const TargetFacts& facts, const json&) const override {
    std::vector<Finding> findings;
    for (const Move& move : moves_of(facts))
      if (move.source_known()) examine(move, findings);  // servers_reachable blocks otherwise
    return findings;
  }

 private:
  void block(std::vector<Finding>& findings, const Move& move, std::string evidence, std::string why,
             std::string remedy) const {
    findings.push_back(
        {Severity::block, name(), move.object(), std::move(evidence), std::move(why), std::move(remedy), false});
  }

  void examine(const Move& move, std::vector<Finding>& findings) const {
    const DatabaseFacts& database = move.database;
    const std::string sql = as_identifier(database.database);
    if (!database.exists)
      return block(findings, move,
                   fmt::format("not found on {}{}{}", move.source.server,
                               database.unreachable_because.empty() ? "" : ": ", database.unreachable_because),
                   fmt::format("instance {} of the fleet says it is there", move.instance),
                   "correct database or server of the instance in the fleet file; fleet discover lists what exists");
    if (database.database == "postgres" || database.is_template || is_reserved(database.database))
      return block(findings, move,
                   fmt::format("{} on {}", database.is_template ? "a template (datistemplate)" : "a reserved name",
                               move.source.server),
                   "templates, the maintenance database and pgconvoy's own scratch databases belong to no application",
                   database.is_template && !database.database.starts_with("template")
                       ? fmt::format("if it holds data of an application: ALTER DATABASE {} IS_TEMPLATE false", sql)
                       : "take the instance out of the fleet file");
    if (database.connection_limit == -2)
      return block(findings, move, fmt::format("invalid: a DROP DATABASE of it was interrupted on {} (datconnlimit -2)", move.source.server),
                   "nobody can connect to it, and parts of it may be gone already: it can be neither moved nor used",
                   fmt::format("DROP DATABASE {} once more, and take the instance out of the fleet file; what it held is in a backup only", sql));
    if (!database.allows_connections)
      return block(
          findings, move, fmt::format("datallowconn is false on {}", move.source.server),
          "nobody can connect, so it can be neither dumped nor compared; an earlier run may have fenced it",
          fmt::format("look at pgconvoy status first; if no run holds it: ALTER DATABASE {} ALLOW_CONNECTIONS true",
                      sql));
    if (!database.unreachable_because.empty())
      block(findings, move, "could not be read: " + database.unreachable_because,
            "facts from inside the database are missing, so nothing about its content was checked",
            "make a connection of the administrator to this database work, then check again");
    if (!database.subscriptions.empty())
      block(findings, move, fmt::format("enabled subscriptions: {}", shortened(database.subscriptions)),
            "a dump restores a subscription disabled: nothing would arrive in the new database, while its slot keeps WAL at "
            "the publisher; where it goes on from isn't in the dump either, so enabling it could apply something twice",
            "DROP SUBSCRIPTION before the move; after it CREATE SUBSCRIPTION ... WITH (copy_data = false) on the target");
    if (!database.logical_slots.empty())
      findings.push_back({Severity::warn, name(), move.object(),
                          fmt::format("logical replication slots: {}", shortened(database.logical_slots)),
                          "a slot does not move to another server (manual 31, logical replication): its consumer ends at the "
                          "fence, and it keeps WAL on the source until it is dropped, with the old database at the latest",
                          "let the consumers catch up, drop the slots (pg_drop_replication_slot) after the move and make "
                          "them anew on the target",
                          false});
    if (is_reserved(database.owner))
      block(findings, move, fmt::format("its owner is {}", as_identifier(database.owner)),
            "roles that begin with pg_ belong to PostgreSQL and those with pgconvoy_ are temporary; the target's "
            "database "
            "needs an ordinary owner",
            fmt::format("ALTER DATABASE {} OWNER TO the role of the application", sql));
  }
};

}  // namespace

std::unique_ptr<Condition> make_source_database_ready() { return std::make_unique<SourceDatabaseReady>(); }

}  // namespace pgconvoy

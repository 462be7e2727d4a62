#include "conditions/connections_fit.hpp"

#include <fmt/format.h>

#include <set>

#include "conditions/moves.hpp"
#include "engine/facts/connection_room.hpp"

namespace pgconvoy {
namespace {

// Of those, in the database itself.
constexpr int kInDatabase = 2;
// Targets of a region at a time, when nobody says otherwise.
constexpr int kAtATime = 2;

class ConnectionsFit final : public Condition {
 public:
  std::string name() const override { return "connections_fit"; }
  std::string summary() const override { return "Both servers let in the connections that a move itself takes."; }
  std::vector<std::string> needs() const override { return {kConnectionRoomPart}; }

  ConditionPage page() const override {
    ConditionPage page;
    page.why = "A move dumps, restores and compares through connections of its own, beside those of all other databases of the two "
               "servers. When the last one is taken it fails in the middle, and so may somebody else's application.";
    page.reads = fmt::format("max_connections, what of it is reserved, and who is connected now, on both servers; CONNECTION LIMIT of our "
                             "administrator and of the database, where the administrator is no superuser. One move takes up to {} on each "
                             "server, {} of them in the database.", kConnectionsOfOneMove, kInDatabase);
    page.silent = "Servers with room for two moves at a time. For a superuser no limit of a role or a database holds, and reserved "
                  "connections are there. Whether the application's own connections have room on the target is the matter of "
                  "server_configuration_fits; who connects between the check and the move can't be known.";
    page.remedies = "Raise max_connections or the limit, end sessions of no use, or move fewer at a time: --concurrency-per-region.";
    page.sources = "Manual: Connections and Authentication (max_connections, superuser_reserved_connections), ALTER ROLE and ALTER DATABASE "
                   "(CONNECTION LIMIT); release notes of 16 (reserved_connections).";
    return page;
  }

  std::vector<Finding> evaluate(const TargetFacts& facts, const json&) const override {
    std::vector<Finding> findings;
    std::set<std::string> said;
    for (const Move& move : moves_of(facts)) {
      for (const ServerFacts* server : {&move.source, &move.target}) {
        if (!server->reachable || !said.insert(server->server).second) continue;
        const auto room = part<ConnectionRoomFact>(server->parts, kConnectionRoomPart);
        if (room)
          examine(*server, *room, findings);
        else
          findings.push_back(not_known(name(), move, kConnectionRoomPart));
      }
      limit_of_database(move, findings);
    }
    return findings;
  }

 private:
  void examine(const ServerFacts& server, const ConnectionRoomFact& room, std::vector<Finding>& findings) const {
    const int moves = room.free() / kConnectionsOfOneMove;
    if (moves >= kAtATime) return;
    const bool own = !room.superuser && room.own_limit >= 0 && room.own_limit - room.own_taken <= room.free();
    const std::string limit =
        own ? fmt::format("role {} may have {} connections and has {}", as_identifier(server.administrator), room.own_limit, room.own_taken)
            : fmt::format("max_connections is {}{}, and {} are taken", room.limit,
                          room.superuser || room.reserved == 0 ? "" : fmt::format(", {} of them reserved for others", room.reserved), room.taken);
    findings.push_back({moves == 0 ? Severity::block : Severity::warn, name(), "server " + server.server,
                        fmt::format("{}: {} more are let in, a move takes up to {}", limit, room.free(), kConnectionsOfOneMove),
                        moves == 0 ? "the move would be refused a connection in the middle, with the app paused"
                                   : "two moves at a time would refuse each other connections, with the apps paused",
                        own ? fmt::format("on {}: ALTER ROLE {} CONNECTION LIMIT -1", server.server, as_identifier(server.administrator))
                            : fmt::format("raise max_connections of {} and restart it, or end sessions there{}", server.server,
                                          moves == 0 ? "" : "; or --concurrency-per-region 1"),
                        false});
  }

  // The application's own sessions are gone by then: the limit is all ours.
  void limit_of_database(const Move& move, std::vector<Finding>& findings) const {
    if (!move.database_known() || move.source.superuser || move.database.connection_limit < 0 || move.database.connection_limit >= kInDatabase) return;
    findings.push_back({Severity::block, name(), move.object(),
                        fmt::format("its CONNECTION LIMIT is {}, and our administrator on {} is no superuser: it holds for us", move.database.connection_limit,
                                    move.source.server),
                        fmt::format("a move takes up to {} connections in it", kInDatabase),
                        fmt::format("ALTER DATABASE {} CONNECTION LIMIT {}", as_identifier(move.database.database), kInDatabase), false});
  }
};

}  // namespace

std::unique_ptr<Condition> make_connections_fit() { return std::make_unique<ConnectionsFit>(); }

}  // namespace pgconvoy

// What most conditions start from: the databases of a target, each with the server it is on and the one it goes to.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/facts/condition.hpp"
#include "engine/facts/part.hpp"

namespace pgconvoy {

struct Move {
  const std::string& instance;
  const DatabaseFacts& database;
  const ServerFacts& source;
  const ServerFacts& target;

  bool source_known() const { return source.reachable; }
  bool target_known() const { return target.reachable; }
  // The database was seen by its server's maintenance database.
  bool database_known() const { return source.reachable && database.exists; }
  // Its inside was read as well.
  bool inside_known() const { return database_known() && database.unreachable_because.empty(); }
  // database "shop"
  std::string object() const;
};

// Every database of the target that has a server to go to, by instance id. A server without facts counts as
// unreachable. The result refers to `facts`.
std::vector<Move> moves_of(const TargetFacts& facts);

// The finding of a condition that can't say anything because facts are missing: severity info, so that silence is
// never mistaken for ok. What is missing blocks elsewhere (servers_reachable, source_database_ready).
Finding not_known(std::string_view condition, const Move& move, const std::string& what);

// The same for what was left out because there is too much of it: `what` counts and names it.
Finding not_looked_at(std::string_view condition, const Move& move, std::string what, std::string remedy);

// 13 of 130023; 0 when not known.
int major_of(const ServerFacts& server);

// The move leaves a version before `major` for it or a newer one: what changed in `major` matters to it. False when a
// version is not known, servers_reachable says so.
bool crosses(const Move& move, int major);

// A name or an expression as the server spelled it, control characters made visible.
std::string shown_name(std::string_view name);

// `"shop"`: a name as it stands in SQL, always in quotes, control characters made visible.
std::string as_identifier(std::string_view name);

// The first `limit` of a list: "a, b, c and 12 more".
std::string shortened(const std::vector<std::string>& list, std::size_t limit = 5);

}  // namespace pgconvoy

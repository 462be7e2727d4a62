#include "conditions/moves.hpp"

#include <fmt/format.h>

#include <cctype>

namespace pgconvoy {
namespace {

const ServerFacts& server_of(const TargetFacts& facts, const std::map<std::string, std::string>& places,
                             const std::string& instance) {
  static const ServerFacts kNone;
  auto place = places.find(instance);
  if (place == places.end()) return kNone;
  auto server = facts.servers.find(place->second);
  return server == facts.servers.end() ? kNone : server->second;
}

}  // namespace

std::string Move::object() const { return "database " + as_identifier(database.database); }

std::vector<Move> moves_of(const TargetFacts& facts) {
  std::vector<Move> moves;
  for (const auto& [instance, database] : facts.databases)
    if (facts.target_server.contains(instance))
      moves.push_back({instance, database, server_of(facts, facts.source_server, instance),
                       server_of(facts, facts.target_server, instance)});
  return moves;
}

Finding not_known(std::string_view condition, const Move& move, const std::string& what) {
  std::string reason = move.database.unreachable_because;
  if (reason.empty()) reason = unreadable(move.database.parts, what);
  if (reason.empty()) reason = "what was read is not of the expected form";
  if (!move.target.reachable) reason = fmt::format("server {} was not read", move.target.server);
  if (move.source.reachable && !move.database.exists) reason = "the database was not found on " + move.source.server;
  if (!move.source.reachable) reason = fmt::format("server {} was not read", move.source.server);
  Finding finding;
  finding.severity = Severity::info;
  finding.condition = condition;
  finding.object = move.object();
  finding.evidence = fmt::format("not known: {} ({})", what, reason);
  finding.why = "what could not be read was not checked";
  finding.remedy = "mend what servers_reachable and source_database_ready report, then check again";
  return finding;
}

Finding not_looked_at(std::string_view condition, const Move& move, std::string what, std::string remedy) {
  Finding finding;
  finding.severity = Severity::info;
  finding.condition = condition;
  finding.object = move.object();
  finding.evidence = std::move(what);
  finding.why = "only so many are read in one check";
  finding.remedy = std::move(remedy);
  return finding;
}

bool crosses(const Move& move, int major) {
  const int from = major_of(move.source), to = major_of(move.target);
  return from != 0 && to != 0 && from < major && major <= to;
}

int major_of(const ServerFacts& server) { return server.version_number / 10000; }

std::string shown_name(std::string_view name) {
  std::string text;
  for (const char c : name)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
      text += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    else
      text += c;
  return text;
}

std::string as_identifier(std::string_view name) {
  std::string text = "\"";
  for (const char c : shown_name(name)) text += c == '"' ? std::string("\"\"") : std::string(1, c);
  return text + "\"";
}

std::string shortened(const std::vector<std::string>& list, std::size_t limit) {
  std::string text;
  for (std::size_t i = 0; i < list.size() && i < limit; ++i) text += (i ? ", " : "") + list[i];
  if (list.size() > limit) text += fmt::format(" and {} more", list.size() - limit);
  return text;
}

}  // namespace pgconvoy

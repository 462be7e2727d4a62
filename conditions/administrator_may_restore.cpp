#include "conditions/administrator_may_restore.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "conditions/moves.hpp"
#include "engine/facts/needed_roles.hpp"

namespace pgconvoy {
namespace {

using Findings = std::vector<Finding>;

bool contains(const std::vector<std::string>& list, const std::string& text) {
  return std::find(list.begin(), list.end(), text) != list.end();
}

class AdministratorMayRestore final : public Condition {
 public:
  std::string name() const override { return "administrator_may_restore"; }
  std::string summary() const override {
    return "Administrators without superuser may fence the old database, end its sessions, and make all that is in it anew.";
  }

  ConditionPage page() const override {
    ConditionPage page;
    page.why = "On a managed service the administrator is no superuser. A database is fenced by its owner, "
                "sessions are ended by somebody with the right to, and objects are given only to roles that one "
                "is a member of. What is missing shows in the middle of a move otherwise, with the app paused.";
    page.reads = "Our own role and its memberships on both servers (pg_roles, pg_auth_members), sessions of "
                  "superusers in the database, and what in it only a superuser can make: event triggers, "
                  "superusers' objects, publications FOR ALL TABLES, settings that only a superuser sets.";
    page.silent = "A superuser has none of these questions. Roles that our administrator administers are lent to "
                   "it for the move, which is an info.";
    page.remedies = "Grant what the finding names, have superusers disconnected, or name a superuser in the url of "
                     "the server.";
    page.sources = "Manual: ALTER DATABASE, GRANT, pg_signal_backend; release notes of 16 (CREATEROLE).";
    return page;
  }

  std::vector<Finding> evaluate(const TargetFacts& facts, const json&) const override {
    Findings findings;
    std::set<std::string> servers;
    for (const Move& move : moves_of(facts)) {
      if (move.source_known() && !move.source.superuser) {
        if (servers.insert(move.source.server).second) examine_signals(move.source, findings);
        if (move.database_known()) examine_source(move, findings);
      }
      if (!move.target_known() || move.target.superuser) continue;
      if (servers.insert(move.target.server).second) examine_signals(move.target, findings);
      if (!move.inside_known())
        findings.push_back(not_known(name(), move, "what only a superuser restores"));
      else
        examine_target(facts, move, findings);
    }
    return findings;
  }

 private:
  Finding finding(Severity severity, std::string object, std::string evidence, std::string why, std::string remedy) const {
    return {severity, name(), std::move(object), std::move(evidence), std::move(why), std::move(remedy), false};
  }

  void examine_signals(const ServerFacts& server, Findings& findings) const {
    if (server.can_end_sessions) return;
    const std::string who = as_identifier(server.administrator);
    findings.push_back(finding(Severity::block, "server " + server.server,
                               fmt::format("our administrator {} is no member of pg_signal_backend", who),
                               "a database can be fenced, renamed or dropped only when the sessions in it can be ended, and what a "
                               "killed pgconvoy left behind too",
                               fmt::format("as a superuser: GRANT pg_signal_backend TO {}", who)));
  }

  void examine_source(const Move& move, Findings& findings) const {
    const ServerFacts& server = move.source;
    const std::string who = as_identifier(server.administrator);
    if (!contains(server.acts_as, move.database.owner))
      findings.push_back(finding(Severity::block, move.object(),
                                 fmt::format("on {} it belongs to {}, of whom our administrator {} is no member", server.server,
                                             as_identifier(move.database.owner), who),
                                 "only its owner may close and rename it, which is the fence (manual: ALTER DATABASE)",
                                 fmt::format("on {}: GRANT {} TO {}", server.server, as_identifier(move.database.owner), who)));
    if (!move.database.superuser_sessions.empty())
      findings.push_back(finding(Severity::block, move.object(),
                                 fmt::format("superusers are connected on {}: {}", server.server,
                                             shortened(move.database.superuser_sessions)),
                                 fmt::format("{} may not end a superuser's session, and the fence doesn't hold before the last one "
                                             "has left",
                                             who),
                                 "have them disconnected and kept out until the move is over, or use a superuser in the url of the "
                                 "server"));
  }

  void examine_target(const TargetFacts& facts, const Move& move, Findings& findings) const {
    const ServerFacts& server = move.target;
    const std::string who = as_identifier(server.administrator);
    if (!move.database.superuser_only.empty())
      findings.push_back(finding(Severity::block, move.object(),
                                 fmt::format("only a superuser restores {}", shortened(move.database.superuser_only, 8)),
                                 fmt::format("our administrator {} of {} is none: the restore would fail, with the app paused", who,
                                             server.server),
                                 "use a superuser in the url of the target server; or drop them (owned by a superuser: ALTER ... OWNER "
                                 "TO the application's role) before the move, and have them made again on the target by who may"));
    std::vector<std::string> joins, refused;
    bool others_too = false;  // roles that were there before are somebody's
    const auto own = server.roles.find(server.administrator);
    for (const NeededRole& needed : needed_roles(facts, move.instance)) {
      if (!needed.role || needed.role->superuser || contains(server.acts_as, needed.name)) continue;
      if (needed.name != move.database.owner && !contains(move.database.roles, needed.name)) continue;
      const bool may = major_of(server) < 16 || !server.roles.contains(needed.name) ||
                       (own != server.roles.end() && contains(own->second.admin_of, needed.name));
      (may ? joins : refused).push_back(as_identifier(needed.name));
      others_too |= may && server.roles.contains(needed.name);
    }
    if (!refused.empty())
      findings.push_back(finding(Severity::block, move.object(),
                                 fmt::format("on {} our administrator {} is no member of {} and may not become one", server.server, who,
                                             shortened(refused)),
                                 "only a member of a role may give objects to it, and since 16 only who has its ADMIN OPTION may make "
                                 "members (manual: GRANT)",
                                 fmt::format("on {}, as who administers them: GRANT {} TO {}", server.server, shortened(refused, 50), who)));
    if (!joins.empty())
      findings.push_back(finding(others_too ? Severity::warn : Severity::info, move.object(),
                                 fmt::format("on {} our administrator {} is made a member of {}", server.server, who, shortened(joins)),
                                 "only a member of a role may give objects to it; a way back ends the membership, after a move it stays, "
                                 "as on the source",
                                 fmt::format("if it is not meant to stay, when the old database is dropped: REVOKE {} FROM {}",
                                             shortened(joins, 50), who)));
  }
};

}  // namespace

std::unique_ptr<Condition> make_administrator_may_restore() { return std::make_unique<AdministratorMayRestore>(); }

}  // namespace pgconvoy

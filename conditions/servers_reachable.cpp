#include "conditions/servers_reachable.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "conditions/moves.hpp"
#include "engine/fleet/service.hpp"

namespace pgconvoy {
namespace {

using Findings = std::vector<Finding>;

class ServersReachable final : public Condition {
 public:
  std::string name() const override { return "servers_reachable"; }
  std::string summary() const override {
    return "Both servers answer, have the right versions, give enough rights, and pg_dump and pg_restore fit them.";
  }

  ConditionPage page() const override {
    ConditionPage page;
    page.why = "Nothing can be checked or moved without both servers, rights on them, and programs that fit "
                "their versions.";
    page.reads = "A connection to each server as the administrator: version, role, recovery, control file's "
                  "identifier; versions of pg_dump and pg_restore of this host.";
    page.silent = "Newer client programs are fine up to where their output needs a newer server. A runbook that moves nothing needs neither "
                  "the programs nor those rights.";
    page.remedies = "What the finding says: it is an address, a right, or a package.";
    page.sources = "Manual: pg_dump and pg_restore, Notes; pg_control_system().";
    return page;
  }

  std::vector<Finding> evaluate(const TargetFacts& facts, const json&) const override {
    Findings findings;
    std::map<std::string, const ServerFacts*> servers;  // each said once, whatever number of databases it has
    std::set<std::pair<std::string, std::string>> pairs;
    std::map<int, std::string> target_majors;
    for (const Move& move : moves_of(facts)) {
      servers.emplace(facts.source_server.contains(move.instance) ? facts.source_server.at(move.instance) : "",
                      &move.source);
      servers.emplace(facts.target_server.at(move.instance), &move.target);
      if (!move.source_known() || !move.target_known() || in_place(move)) continue;
      target_majors.emplace(major_of(move.target), move.target.server);
      if (pairs.emplace(move.source.server, move.target.server).second) examine_pair(move, findings);
    }
    const auto moves = moves_of(facts);
    const bool moves_any = std::any_of(moves.begin(), moves.end(), [](const Move& move) { return !in_place(move); });
    for (const auto& [id, server] : servers) examine_server(id, *server, moves_any, findings);
    for (const auto& [major, server] : target_majors)
      for (const char* program : {"pg_dump", "pg_restore"})
        examine_program(facts.host, program, major, server, findings);
    return findings;
  }

 private:
  // A runbook that moves nothing: no move has one server as source and target.
  static bool in_place(const Move& move) { return !move.source.server.empty() && &move.source == &move.target; }

  Finding finding(Severity severity, std::string object, std::string evidence, std::string why,
                  std::string remedy) const {
    return {severity, name(), std::move(object), std::move(evidence), std::move(why), std::move(remedy), false};
  }

  void examine_server(const std::string& id, const ServerFacts& server, bool moves, Findings& findings) const {
    const std::string object = "server " + (id.empty() ? "(none)" : id);
    if (!server.reachable) {
      findings.push_back(finding(
          Severity::block, object, server.unreachable_because.empty() ? "it was not read" : server.unreachable_because,
          "without it nothing can be checked or moved",
          fmt::format("make its url and password in the fleet file work: pgconvoy doctor, or psql with "
                      "the url of {}",
                      id)));
      return;
    }
    if (const int wanted = major_of_service(server.service); wanted != 0 && wanted != major_of(server))
      findings.push_back(
          finding(Severity::block, object,
                  fmt::format("it is PostgreSQL {} and the fleet says it offers {}", server.version, server.service),
                  "the runbook chooses servers by their service; this one would be the wrong version",
                  "correct url or service of the server in the fleet file"));
    if (server.in_recovery)
      findings.push_back(finding(Severity::block, object, "it is in recovery (a standby)",
                                 moves ? "a standby can be neither fenced nor written to" : "nothing can be written to a standby",
                                 "put the primary's url in the fleet file, or add target_session_attrs=primary to it"));
    if (moves) examine_rights(object, server, findings);
  }

  void examine_rights(const std::string& object, const ServerFacts& server, Findings& findings) const {
    if (server.superuser) return;
    if (!server.can_create_database || !server.can_create_role) {
      findings.push_back(finding(
          Severity::block, object,
          fmt::format("our administrator is no superuser and lacks{}{}", server.can_create_database ? "" : " CREATEDB",
                      server.can_create_role ? "" : " CREATEROLE"),
          "databases are made, renamed and closed (CREATEDB), roles are made with their attributes (CREATEROLE)",
          fmt::format("as a superuser: ALTER ROLE {} CREATEDB CREATEROLE, or use a superuser in the url",
                      as_identifier(server.administrator))));
      return;
    }
    findings.push_back(finding(
        Severity::info, object, "our administrator has CREATEDB and CREATEROLE and is no superuser",
        "it can't read password verifiers, end sessions of superusers, read or alter what belongs to roles it is no member "
        "of, install extensions that are not trusted, set superuser-only settings; where that matters, a finding says so",
        fmt::format("nothing to do; it sees more when a superuser does: GRANT pg_monitor TO {}",
                    as_identifier(server.administrator))));
  }

  void examine_pair(const Move& move, Findings& findings) const {
    const ServerFacts &source = move.source, &target = move.target;
    const std::string object = fmt::format("servers {} and {}", source.server, target.server);
    if (source.server == target.server ||
        (!source.system_identifier.empty() && source.system_identifier == target.system_identifier)) {
      findings.push_back(finding(Severity::block, object,
                                 fmt::format("source and target are one server (system identifier {})",
                                             source.system_identifier.empty() ? "not known" : source.system_identifier),
                                 "a database moves to another server, never within its own",
                                 "correct the url of one of them in the fleet file, or choose another target server"));
      return;
    }
    if (major_of(target) < major_of(source))
      findings.push_back(
          finding(Severity::block, object,
                  fmt::format("the source is PostgreSQL {}, the target {}", source.version, target.version),
                  "a dump of a newer version is not meant to be restored into an older one (manual: pg_dump, Notes)",
                  "choose a target server of the same or a newer major version"));
  }

  void examine_program(const HostFacts& host, const std::string& program, int major, const std::string& server,
                       Findings& findings) const {
    const auto found = host.program_majors.find(program);
    const std::string install = fmt::format("apt-get install postgresql-client-{} on this host", major);
    if (found == host.program_majors.end()) {
      findings.push_back(finding(
          Severity::block, "program " + program, fmt::format("no {} of version {} was found", program, major),
          fmt::format("backup and restore use the programs of the target server's version ({})", server), install));
    } else if (found->second < major) {
      findings.push_back(
          finding(Severity::block, "program " + program,
                  fmt::format("{} is version {}, {} is PostgreSQL {}", program, found->second, server, major),
                  "an older pg_dump refuses a newer server, and an older pg_restore does not know its syntax "
                  "(manual: pg_dump, Notes)",
                  install));
    } else if (found->second >= 17 && major < 17) {
      findings.push_back(
          finding(Severity::block, "program " + program,
                  fmt::format("{} is version {}, {} is PostgreSQL {}", program, found->second, server, major),
                  "from 17 on a restore begins with SET transaction_timeout, which older servers do not know, and "
                  "it stops at the first error",
                  install));
    } else if (found->second > major) {
      findings.push_back(
          finding(Severity::warn, "program " + program,
                  fmt::format("{} is version {}, {} is PostgreSQL {}", program, found->second, server, major),
                  "a newer version may write what the older server does not know", install));
    }
  }
};

}  // namespace

std::unique_ptr<Condition> make_servers_reachable() { return std::make_unique<ServersReachable>(); }

}  // namespace pgconvoy

#include "conditions/roles_restorable.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "conditions/moves.hpp"
#include "engine/facts/authentication_policy.hpp"
#include "engine/facts/needed_roles.hpp"

namespace pgconvoy {
namespace {

using Findings = std::vector<Finding>;

// A role on its way between two servers; several databases of a target may need it.
struct MovingRole {
  const ServerFacts* source = nullptr;
  const ServerFacts* target = nullptr;
  NeededRole needed;
};

// Each role once for each pair of servers.
std::vector<MovingRole> moving_roles(const TargetFacts& facts) {
  std::map<std::string, MovingRole> found;
  for (const Move& move : moves_of(facts)) {
    if (!move.source_known() || !move.target_known()) continue;
    for (const NeededRole& needed : needed_roles(facts, move.instance)) {
      const std::string key = move.source.server + '\n' + move.target.server + '\n' + needed.name;
      auto [place, is_new] = found.try_emplace(key, MovingRole{&move.source, &move.target, needed});
      if (!is_new) place->second.needed.clear_text_known |= needed.clear_text_known;
    }
  }
  std::vector<MovingRole> moving;
  for (auto& [key, role] : found) moving.push_back(std::move(role));
  return moving;
}

void compare(std::vector<std::string>& differences, const char* attribute, bool source, bool target) {
  if (source != target)
    differences.push_back(fmt::format("{} {} here, {} there", attribute, source ? "yes" : "no", target ? "yes" : "no"));
}

template <class T>
void compare_values(std::vector<std::string>& differences, const char* attribute, const T& source, const T& target) {
  if (source != target) differences.push_back(fmt::format("{} {} here, {} there", attribute, source, target));
}

std::vector<std::string> differences_between(const RoleFact& source, const RoleFact& target) {
  std::vector<std::string> found;
  compare(found, "SUPERUSER", source.superuser, target.superuser);
  compare(found, "LOGIN", source.login, target.login);
  compare(found, "CREATEDB", source.create_database, target.create_database);
  compare(found, "CREATEROLE", source.create_role, target.create_role);
  compare(found, "INHERIT", source.inherit, target.inherit);
  compare(found, "REPLICATION", source.replication, target.replication);
  compare(found, "BYPASSRLS", source.bypass_row_security, target.bypass_row_security);
  compare_values(found, "CONNECTION LIMIT", source.connection_limit, target.connection_limit);
  compare_values(found, "VALID UNTIL", source.valid_until.empty() ? "none" : source.valid_until,
                 target.valid_until.empty() ? "none" : target.valid_until);
  std::vector<std::string> lacking;
  for (const std::string& group : source.member_of)
    if (std::find(target.member_of.begin(), target.member_of.end(), group) == target.member_of.end()) lacking.push_back(group);
  if (!lacking.empty()) found.push_back(fmt::format("member of {} here, not there", shortened(lacking)));
  if (source.settings != target.settings)
    found.push_back(fmt::format("settings {} here, {} there",
                                source.settings.empty() ? "none" : shortened(source.settings),
                                target.settings.empty() ? "none" : shortened(target.settings)));
  return found;
}

class RolesRestorable final : public Condition {
 public:
  std::string name() const override { return "roles_restorable"; }
  std::string summary() const override {
    return "Every role that the databases depend on can be made on the target server, with a password that works "
           "there.";
  }

  ConditionPage page() const override {
    ConditionPage page;
    page.why = "Objects of a dump belong to roles and are granted to roles that a dump does not hold. And a "
                "login that can't be carried over locks the app out.";
    page.reads = "pg_shdepend, default privileges, memberships and settings that name the database, against "
                  "pg_roles of the target; the kind of each verifier (never the verifier); logins with passwords "
                  "that the bindings or the fleet know.";
    page.silent = "Roles that are there already with the same attributes. An md5 verifier whose clear text is "
                   "known is set anew as SCRAM.";
    page.remedies = "Set the password anew, make the role beforehand, or correct its attributes on one of the "
                     "servers.";
    page.sources = "Manual: CREATE ROLE, password authentication; release notes of 14 (password_encryption).";
    return page;
  }

  std::vector<Parameter> parameters() const override { return {authentication_parameter()}; }

  std::vector<Finding> evaluate(const TargetFacts& facts, const json& arguments) const override {
    Findings findings;
    const auto policy = authentication_policy(arguments).value_or(AuthenticationPolicy::block);
    for (const Move& move : moves_of(facts))
      if (!move.inside_known() || !move.target_known())
        findings.push_back(not_known(name(), move, "roles it depends on"));
    for (const MovingRole& moving : moving_roles(facts)) examine(moving, policy, findings);
    examine_refused(facts, findings);
    return findings;
  }

 private:
  Finding finding(Severity severity, const std::string& role, std::string evidence, std::string why, std::string remedy,
                  bool mendable = false) const {
    return {severity,          name(),  "role " + as_identifier(role), std::move(evidence), std::move(why),
            std::move(remedy), mendable};
  }

  // Each role once for each server, whichever of the databases it was tried for.
  void examine_refused(const TargetFacts& facts, Findings& findings) const {
    std::set<std::string> said;
    for (const auto& [key, reason] : facts.refused_logins) {
      const std::string instance = key.substr(0, key.find('/')), role = key.substr(key.find('/') + 1);
      const auto place = facts.target_server.find(instance);
      if (place == facts.target_server.end() || !said.insert(place->second + "/" + role).second) continue;
      findings.push_back(finding(
          Severity::block, role,
          fmt::format("{} has it already and refuses the password that the app of {} has now: {}", place->second, instance, reason),
          "an existing role is left as it is, because other databases of that server may use it; the app would not get in "
          "after the move",
          fmt::format("on {}: \\password {} in psql, with the password of the app; or rename that role if it is somebody else's",
                      place->second, as_identifier(role))));
    }
  }

  void examine(const MovingRole& moving, AuthenticationPolicy policy, Findings& findings) const {
    const std::string& name = moving.needed.name;
    const auto target = moving.target->roles.find(name);
    if (!moving.needed.role) {
      findings.push_back(finding(Severity::block, name,
                                 fmt::format("{} has no such role ({})", moving.source->server, moving.needed.because),
                                 "its attributes and password can't be read, so it can't be made on the target",
                                 "correct the role of the instance in the fleet file"));
    } else if (target != moving.target->roles.end()) {
      examine_existing(*moving.needed.role, target->second, moving, findings);
    } else {
      examine_new(*moving.needed.role, moving, policy, findings);
    }
  }

  void examine_existing(const RoleFact& source, const RoleFact& target, const MovingRole& moving,
                        Findings& findings) const {
    const std::string where = fmt::format("{} has it already ({})", moving.target->server, moving.needed.because);
    if (target.superuser && !source.superuser) {
      findings.push_back(finding(Severity::block, source.name,
                                 fmt::format("{}, as a superuser; on {} it is none", where, moving.source->server),
                                 "a tenant that logs in with it would own every database of the target server",
                                 fmt::format("on {}: ALTER ROLE {} NOSUPERUSER, or rename that role",
                                             moving.target->server, as_identifier(source.name))));
      return;
    }
    if (const auto differences = differences_between(source, target); !differences.empty())
      findings.push_back(finding(Severity::warn, source.name, fmt::format("{}: {}", where, shortened(differences, 12)),
                                 "an existing role is left as it is, because other databases of that server may use it",
                                 fmt::format("ALTER ROLE {} on {} where the difference is not meant",
                                             as_identifier(source.name), moving.target->server)));
    if (source.login && source.verifier != "none" && target.verifier == "none")
      findings.push_back(
          finding(Severity::warn, source.name, where + ", without a password",
                  "a client that logs in with a password is refused there",
                  fmt::format("on {}: \\password {} in psql", moving.target->server, as_identifier(source.name))));
  }

  void examine_new(const RoleFact& role, const MovingRole& moving, AuthenticationPolicy policy, Findings& findings) const {
    const std::string where = fmt::format("on {} ({})", moving.source->server, moving.needed.because);
    if (!moving.target->superuser && (role.superuser || role.replication || role.bypass_row_security)) {
      findings.push_back(finding(Severity::block, role.name,
                                 fmt::format("it is {} {}; our administrator of {} is no superuser",
                                             role.superuser     ? "SUPERUSER"
                                             : role.replication ? "REPLICATION"
                                                                : "BYPASSRLS",
                                             where, moving.target->server),
                                 "only a superuser may make such a role (manual: CREATE ROLE)",
                                 "make it there by hand, or use a superuser in the url of the target server"));
      return;
    }
    if (role.superuser)
      findings.push_back(
          finding(Severity::info, role.name,
                  fmt::format("it is a superuser {} and missing on {}", where, moving.target->server),
                  "objects of the dump belong to it or are granted to it, so the move makes it there, with its "
                  "attributes",
                  fmt::format("to avoid that: REASSIGN OWNED BY {} TO the application's role in the database",
                              as_identifier(role.name))));
    if (role.login) examine_password(role, moving, where, policy, findings);
  }

  void examine_password(const RoleFact& role, const MovingRole& moving, const std::string& where, AuthenticationPolicy policy,
                        Findings& findings) const {
    const NewVerifier verifier = new_verifier(policy, role, moving.needed.clear_text_known);
    const std::string scram = fmt::format(
        "in psql on {}: SET password_encryption = 'scram-sha-256'; ALTER ROLE {} PASSWORD '...' (or \\password), the same password as now",
        moving.source->server, as_identifier(role.name));
    if (role.verifier == "md5" && verifier == NewVerifier::scram_from_clear)
      findings.push_back(
          finding(Severity::info, role.name, "its password is stored as md5 " + where,
                  "it does not work where pg_hba.conf asks for scram-sha-256; the clear text is known, so it is "
                  "set anew on the target as scram-sha-256",
                  "nothing to do", true));
    else if (is_md5(verifier))
      findings.push_back(finding(Severity::info, role.name, fmt::format("its password is stored as {} {}", role.verifier == "md5" ? "md5" : "nobody can see", where),
                                 fmt::format("--set authentication={} keeps it as md5 on {}, which only works where pg_hba.conf says md5",
                                             policy == AuthenticationPolicy::md5 ? "md5" : "carry", moving.target->server),
                                 "nothing to do", true));
    else if (verifier == NewVerifier::unknown && role.verifier == "md5")
      findings.push_back(
          finding(Severity::block, role.name,
                  fmt::format("its password is stored as md5 {} and nothing tells the clear text", where),
                  "an md5 verifier can't become a SCRAM one, and a login with it is refused where pg_hba.conf asks "
                  "for scram-sha-256, the default since PostgreSQL 14 (release notes of 14)",
                  scram + "; or give the role's password in the fleet file (password: of its instance); or --set authentication=md5, where "
                          "pg_hba.conf of " + moving.target->server + " says md5"));
    else if (verifier == NewVerifier::unknown && policy == AuthenticationPolicy::carry)
      findings.push_back(
          finding(Severity::block, role.name, fmt::format("its verifier {} can't be read", where),
                  "only a superuser may read pg_authid, so the verifier can't be carried to the target as it is",
                  fmt::format("--set authentication=block or md5 where the password is known; or use a superuser in the url of {}; or make the role "
                              "on {} beforehand",
                              moving.source->server, moving.target->server)));
    else if (verifier == NewVerifier::unknown)
      findings.push_back(
          finding(Severity::block, role.name,
                  fmt::format("whether it has a password {} can't be read, and nothing tells the clear text", where),
                  "only a superuser may read pg_authid, so the verifier can't be carried to the target",
                  fmt::format("give the role's password in the fleet file (password: of its instance); or make the role on {} beforehand, "
                              "with its password: what is there is left as it is; or use a superuser in the url of {}",
                              moving.target->server, moving.source->server)));
  }
};

}  // namespace

std::unique_ptr<Condition> make_roles_restorable() { return std::make_unique<RolesRestorable>(); }

}  // namespace pgconvoy

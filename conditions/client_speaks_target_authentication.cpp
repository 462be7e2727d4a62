#include "conditions/client_speaks_target_authentication.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "conditions/login_outlook.hpp"
#include "engine/facts/needed_roles.hpp"

namespace pgconvoy {
namespace {

using Asks = LoginOutlook::Asks;
using Scram = ClientOutlook::Scram;

constexpr const char* kWhy =
    "a client that doesn't know scram-sha-256 can't log in after the move (\"authentication method 10 not supported\", libpq before 10), "
    "and the application is down. Since PostgreSQL 14 it is the default of password_encryption (release notes of 14)";

bool behind_pooler(const TargetFacts& facts, const std::string& instance, const std::string& environment) {
  return std::any_of(facts.poolers.begin(), facts.poolers.end(), [&](const PoolerFacts& pooler) {
    return pooler.instance == instance && pooler.environment == environment;
  });
}

bool clear_text_known(const TargetFacts& facts, const std::string& instance, const std::string& role) {
  for (const NeededRole& needed : needed_roles(facts, instance))
    if (needed.name == role) return needed.clear_text_known;
  return false;
}

// Those that log in as the role; one without a name when nobody is known to.
std::set<std::string> environments_of(const TargetFacts& facts, const std::string& instance, const std::string& role) {
  std::set<std::string> found;
  const auto own = facts.role_of.find(instance);
  for (const BindingFact& binding : facts.bindings)
    if (binding.instance == instance && (binding.role == role || (binding.role.empty() && own != facts.role_of.end() && own->second == role)))
      found.insert(binding.environment);
  if (found.empty()) found.insert("");
  return found;
}

class ClientSpeaksTargetAuthentication final : public Condition {
 public:
  std::string name() const override { return "client_speaks_target_authentication"; }
  std::string summary() const override { return "The applications' clients can log in by the method that the target server asks for."; }
  std::vector<std::string> needs() const override {
    return {kAuthenticationPart, kClientSessionsPart, kImageClientsPart, kAccessRulesPart};
  }
  std::vector<Parameter> parameters() const override { return {authentication_parameter()}; }

  ConditionPage page() const override {
    ConditionPage page;
    page.why = "A server asks for scram-sha-256 where pg_hba.conf says so, and where it says md5 and the role's verifier is SCRAM. "
               "Roles with md5 verifiers get SCRAM ones by the move (since PostgreSQL 14 that is the default), so a client that only knows md5 "
               "(libpq before 10, old drivers of Node, Go, Java and others) is refused by the new server, after the pause, however healthy the move was.";
    page.reads = "What the target server asks of the application's role: a login is begun from this host and given up at the server's question, so "
                 "no password is sent. The role's verifiers on both servers (pg_authid) and pg_hba.conf of the target (pg_hba_file_rules), as far as the "
                 "administrator may read them. Which clients the environment's image holds. Who is logged in now (pg_stat_activity, pg_stat_ssl). "
                 "An image whose client can't speak SCRAM blocks; where the client isn't known, it is said with -v, and it is a warning when the image "
                 "holds a client of unknown age or a session uses TLS 1.0 or 1.1.";
    page.silent = "A source server that asks the role for SCRAM already: its clients speak it, nothing changes for them. Methods without SCRAM (trust, "
                  "certificates, a password in clear). Applications behind a pooler: the same pooler logs in to both servers. It can't see which of "
                  "several clients in an image is used: one that can't speak SCRAM blocks, unless the application is seen logged in with it. Another "
                  "address than this host's may meet another line of pg_hba.conf.";
    page.remedies = "Build the image with libpq 10 or newer, or a driver that speaks SCRAM. --set authentication=md5: roles with md5 verifiers keep "
                    "them on the target, where its pg_hba.conf says md5; this is tried before the pause and listed as a debt in the report. "
                    "--set authentication=carry: verifiers move as they are stored, without anybody knowing a password.";
    page.sources = "Release notes of PostgreSQL 14, \"Migration to Version 14\"; manual: Password Authentication, The pg_hba.conf File; release notes of "
                   "10 (SCRAM in libpq).";
    return page;
  }

  std::vector<Finding> evaluate(const TargetFacts& facts, const json& arguments) const override {
    std::vector<Finding> findings;
    const auto policy = authentication_policy(arguments);
    if (!policy)
      findings.push_back(finding(Severity::block, "parameter authentication", fmt::format("it is {}", arguments.value("authentication", json()).dump()),
                                 "it says how roles keep their passwords", "--set authentication=block, md5 or carry"));
    for (const Move& move : moves_of(facts)) {
      const auto logins = part<std::vector<AskedLogin>>(move.database.parts, kAuthenticationPart);
      if (!logins) {
        findings.push_back(not_known(name(), move, kAuthenticationPart));
        continue;
      }
      for (const AskedLogin& login : *logins) {
        const auto role = move.source.roles.find(login.role);
        if (role == move.source.roles.end() || !role->second.login) continue;
        examine(facts, move, login, policy.value_or(AuthenticationPolicy::block), findings);
      }
    }
    return findings;
  }

 private:
  Finding finding(Severity severity, std::string object, std::string evidence, std::string why, std::string remedy) const {
    Finding made;
    made.severity = severity;
    made.condition = name();
    made.object = std::move(object);
    made.evidence = std::move(evidence);
    made.why = std::move(why);
    made.remedy = std::move(remedy);
    return made;
  }

  void examine(const TargetFacts& facts, const Move& move, const AskedLogin& login, AuthenticationPolicy policy,
               std::vector<Finding>& findings) const {
    const bool known = clear_text_known(facts, move.instance, login.role);
    const LoginOutlook outlook = outlook_of(move, login, policy, known);
    const std::string role = fmt::format("role {} in {}", as_identifier(login.role), move.object());
    switch (outlook.asks) {
      case Asks::unknown:
        findings.push_back(finding(Severity::info, role, "not known: " + outlook.evidence, kWhy, "mend what servers_reachable reports, then check again"));
        return;
      case Asks::refused:
        findings.push_back(finding(known || login.by_passfile ? Severity::block : Severity::warn, role, outlook.evidence,
                                   known || login.by_passfile ? "a login as the application is tried before the pause, and would be refused"
                                         : "the application may not get in after the move, unless it comes from another address than this host",
                                   fmt::format("a line for it in pg_hba.conf of {}, as on {} (SELECT * FROM pg_hba_file_rules), then SELECT pg_reload_conf()",
                                               move.target.server, move.source.server)));
        return;
      case Asks::in_vain:
        findings.push_back(finding(Severity::block, role, outlook.evidence,
                                   "where pg_hba.conf says scram-sha-256, nobody logs in with an md5 verifier (manual: Password Authentication)",
                                   fmt::format("in pg_hba.conf of {}: md5 for it, in the line that it meets, then SELECT pg_reload_conf(); or --set "
                                               "authentication=block",
                                               move.target.server)));
        return;
      case Asks::perhaps_in_vain:
        findings.push_back(finding(Severity::info, role, outlook.evidence + "; pg_hba.conf there can't be read",
                                   "an md5 verifier only works where pg_hba.conf says md5; that is tried before the pause",
                                   fmt::format("GRANT SELECT ON pg_hba_file_rules TO {0} and EXECUTE ON FUNCTION pg_hba_file_rules() TO {0} there, to know it now",
                                               as_identifier(move.target.administrator))));
        return;
      case Asks::no_scram:
        if (outlook.md5) add_debt(move, role, outlook, findings);
        return;
      case Asks::scram: break;
    }
    for (const std::string& environment : environments_of(facts, move.instance, login.role))
      examine_client(move, login, outlook, environment, behind_pooler(facts, move.instance, environment), policy, findings);
  }

  void add_debt(const Move& move, const std::string& role, const LoginOutlook& outlook, std::vector<Finding>& findings) const {
    Finding debt = finding(Severity::info, role, outlook.evidence, "md5 is kept for clients that can't do better, and listed as a debt in the report",
                           fmt::format("once its clients speak SCRAM, on {}: \\password in psql, with password_encryption = 'scram-sha-256'", move.target.server));
    debt.mendable = true;
    findings.push_back(std::move(debt));
  }

  void examine_client(const Move& move, const AskedLogin& login, const LoginOutlook& outlook, const std::string& environment, bool pooler,
                      AuthenticationPolicy policy, std::vector<Finding>& findings) const {
    const ClientOutlook client = client_of(move, environment, login.role, pooler);
    if (client.scram == Scram::yes) return;
    const bool proven = outlook.as_before && seen_logged_in(move, login.role);
    if (client.scram == Scram::unknown && outlook.as_before) return;
    const std::string object = environment.empty() ? fmt::format("role {} in {}", as_identifier(login.role), move.object())
                                                   : fmt::format("environment {}, role {}", environment, as_identifier(login.role));
    Severity severity = client.scram == Scram::no ? Severity::block : client.old ? Severity::warn : Severity::info;
    std::string evidence = client.evidence + "; " + outlook.evidence;
    if (proven) {
      severity = Severity::info;
      evidence += fmt::format("; but {} asks for scram-sha-256 already, and the application is logged in there", move.source.server);
    }
    std::string remedy = "build the image with libpq 10 or newer, or a driver that speaks SCRAM";
    if (client.scram == Scram::unknown)
      remedy = environment.empty() ? std::string("bind the environment that uses it in the fleet file")
                                   : fmt::format("image: of environment {} in the fleet file, or pgconvoy scan IMAGE", environment);
    const bool md5_here = move.source.roles.at(login.role).verifier != "scram-sha-256" && !move.target.roles.contains(login.role);
    if (policy == AuthenticationPolicy::block && md5_here && outlook.md5_possible)
      remedy += "; or --set authentication=md5";
    else if (policy == AuthenticationPolicy::block && md5_here)
      remedy += fmt::format("; or --set authentication=md5, with md5 for it in pg_hba.conf of {}", move.target.server);
    Finding found = finding(severity, object, std::move(evidence), kWhy, std::move(remedy));
    found.cause = client.scram == Scram::no ? client.cause : "the client is not known";
    findings.push_back(std::move(found));
  }
};

}  // namespace

std::unique_ptr<Condition> make_client_speaks_target_authentication() { return std::make_unique<ClientSpeaksTargetAuthentication>(); }

}  // namespace pgconvoy

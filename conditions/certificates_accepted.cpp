#include "conditions/certificates_accepted.hpp"

#include <fmt/format.h>

#include <set>

#include "conditions/moves.hpp"
#include "engine/facts/certificate.hpp"

namespace pgconvoy {
namespace {

constexpr std::int64_t kDay = 86400;

class CertificatesAccepted final : public Condition {
 public:
  std::string name() const override { return "certificates_accepted"; }
  std::string summary() const override { return "The target server's certificate lasts, and the applications accept it."; }
  std::vector<Parameter> parameters() const override {
    return {{"expires_within", Parameter::Type::duration, 30 * kDay, "A certificate that ends within this time is a warning."}};
  }
  std::vector<std::string> needs() const override { return {kCertificatePart, kCertificateAcceptancePart}; }

  ConditionPage page() const override {
    ConditionPage page;
    page.why = "An application whose URL says sslmode=verify-full refuses a server whose certificate another authority signed, or that "
               "bears another name: the new server has a certificate of its own.";
    page.reads = "The file that ssl_cert_file of the target names, when our administrator may read it; and for each URL of an environment "
                 "with a local controller that verifies: a connection to the target with its sslmode and its root file.";
    page.silent = "Applications that don't verify, those behind a pooler, and environments of other controllers.";
    page.remedies = "Have the target's certificate signed by the authority that the root file holds, for the host name that the "
                    "applications will use; or give the applications the new authority's certificate beforehand.";
    page.sources = "Manual: libpq, SSL Support; Secure TCP/IP Connections with SSL.";
    return page;
  }

  std::vector<Finding> evaluate(const TargetFacts& facts, const json& arguments) const override {
    const auto within = static_cast<std::int64_t>(arguments.value("expires_within", 30.0 * kDay));
    std::vector<Finding> findings;
    std::set<std::string> servers;
    for (const Move& move : moves_of(facts)) {
      if (servers.insert(move.target.server).second) examine_end(move, within, findings);
      const auto list = part<std::vector<CertificateAcceptanceFact>>(move.database.parts, kCertificateAcceptancePart);
      if (!list) {
        findings.push_back(not_known(name(), move, kCertificateAcceptancePart));
        continue;
      }
      for (const CertificateAcceptanceFact& fact : *list)
        if (!fact.refused_because.empty())
          findings.push_back({Severity::block, name(), fmt::format("variable {} of environment {}", shown_name(fact.variable), fact.environment),
                              fmt::format("with sslmode {} and {} it refuses {}: {}", fact.sslmode,
                                          fact.root_file.empty() ? std::string("libpq's own root file") : "root file " + shown_name(fact.root_file),
                                          move.target.server, shown_name(fact.refused_because)),
                              "the application would not connect after the move (manual: libpq, SSL Support)",
                              fmt::format("give {} a certificate of that authority, for the host name in its url; or put the new authority's certificate into the "
                                          "root file before the move",
                                          move.target.server),
                              false});
    }
    return findings;
  }

 private:
  void examine_end(const Move& move, std::int64_t within, std::vector<Finding>& findings) const {
    const auto certificate = part<CertificateFact>(move.target.parts, kCertificatePart);
    if (!certificate || certificate->pem.empty()) return;
    const auto end = certificate_end(certificate->pem);
    if (!end || *end - certificate->now > within) return;
    const std::int64_t left = *end - certificate->now;
    findings.push_back({Severity::warn, name(), "server " + move.target.server,
                        left < 0 ? fmt::format("its certificate ended {} days ago", -left / kDay) : fmt::format("its certificate ends in {} days", left / kDay),
                        "clients that verify refuse it from that day on", fmt::format("renew the certificate of {} and reload it (pg_reload_conf())", move.target.server),
                        false});
  }
};

}  // namespace

std::unique_ptr<Condition> make_certificates_accepted() { return std::make_unique<CertificatesAccepted>(); }

}  // namespace pgconvoy

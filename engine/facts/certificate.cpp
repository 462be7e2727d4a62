#include "engine/facts/certificate.hpp"

#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <algorithm>
#include <ctime>
#include <fstream>
#include <memory>
#include <sstream>

namespace pgconvoy {

PGCONVOY_JSON_FIELDS(CertificateFact, pem, now)
PGCONVOY_JSON_FIELDS(CertificateAcceptanceFact, environment, variable, sslmode, root_file, refused_because)

std::string certificate_sql(int) {
  return R"sql((
  select json_build_object(
    'pem', case when current_setting('ssl')::boolean then pg_read_file(current_setting('ssl_cert_file'), 0, 65536, true) else '' end,
    'now', extract(epoch from clock_timestamp())::bigint)))sql";
}

std::optional<std::int64_t> certificate_end(const std::string& pem) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> text(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), BIO_free);
  if (!text) return std::nullopt;
  const std::unique_ptr<X509, decltype(&X509_free)> certificate(PEM_read_bio_X509(text.get(), nullptr, nullptr, nullptr), X509_free);
  std::tm end{};
  if (!certificate || ASN1_TIME_to_tm(X509_get0_notAfter(certificate.get()), &end) != 1) return std::nullopt;
  return timegm(&end);
}

namespace {

struct VerifyingUrl {
  std::string environment, variable;
  ConnectionSpec connection;
};

std::string keyword_of(const ConnectionSpec& connection, const char* name) {
  const auto held = connection.keywords.find(name);
  return held == connection.keywords.end() ? std::string() : held->second;
}

// The last line of a variable counts, as for the shell that reads the file.
std::vector<VerifyingUrl> verifying_urls(const std::vector<Environment>& environments, const std::string& instance) {
  std::vector<VerifyingUrl> found;
  for (const Environment& environment : environments) {
    std::ifstream file(environment.controller.env_file);
    std::map<std::string, std::string> values;
    for (std::string line; std::getline(file, line);)
      if (const auto equals = line.find('='); equals != std::string::npos) values[line.substr(0, equals)] = line.substr(equals + 1);
    for (const Binding& binding : environment.bindings) {
      if (binding.instance != instance || !binding.poolers.empty()) continue;  // a pooler shows its own
      for (const auto& [variable, part_of_url] : binding.variables) {
        if (part_of_url != "url") continue;
        auto connection = parse_connection_with_password(environment.id, values[variable]);
        if (connection && keyword_of(*connection, "sslmode").starts_with("verify-")) found.push_back({environment.id, variable, *std::move(connection)});
      }
    }
  }
  return found;
}

}  // namespace

Task<Result<json>> read_certificate_acceptance(const InquiryContext& context) {
  json found = json::array();
  std::vector<Environment> environments;
  for (const std::string& id : context.target.environments)
    if (const Environment& environment = context.fleet.environments.at(id); environment.controller.kind == "local") environments.push_back(environment);
  if (environments.empty()) co_return found;
  const std::string instance = context.instance.id;
  std::function<Result<std::vector<VerifyingUrl>>()> look = [environments, instance]() -> Result<std::vector<VerifyingUrl>> {
    return verifying_urls(environments, instance);
  };
  CO_TRY(const std::vector<VerifyingUrl> urls, co_await run_blocking(context.pool, look));
  for (const VerifyingUrl& url : urls) {
    const std::string database;
    CO_TRY(ConnectionSpec target, co_await context.target_connection(database));
    CertificateAcceptanceFact fact{url.environment, url.variable, keyword_of(url.connection, "sslmode"), keyword_of(url.connection, "sslrootcert"), ""};
    for (const char* keyword : {"sslmode", "sslrootcert", "sslcrl"}) {
      target.keywords.erase(keyword);
      if (const std::string held = keyword_of(url.connection, keyword); !held.empty()) target.keywords[keyword] = held;
    }
    SessionOptions options;
    options.application_name = "pgconvoy/facts";
    auto session = co_await context.open_with(std::move(target), std::move(options));
    // The server's answers have an SQLSTATE: then TLS was already agreed on.
    if (!session && session.error().kind == ErrorKind::cancelled) co_return session.error();
    if (!session && session.error().sqlstate.empty()) fact.refused_because = session.error().message;
    found.push_back(fact);
  }
  co_return found;
}

}  // namespace pgconvoy

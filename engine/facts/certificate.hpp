// The certificate that a server shows, and whether applications would accept it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/core/json.hpp"
#include "engine/facts/inquiry.hpp"

namespace pgconvoy {

inline constexpr const char* kCertificatePart = "certificate";                     // of a server
inline constexpr const char* kCertificateAcceptancePart = "certificate_acceptance";  // of a database

struct CertificateFact {
  std::string pem;          // the server's file, as the server reads it; "" without TLS
  std::int64_t now = 0;     // by the server's clock, seconds since 1970
};
PGCONVOY_JSON(CertificateFact);

// Of a server: a CertificateFact. ssl_cert_file holds what every client is shown; only a superuser, or one who may read the
// server's files, gets it, for others the part can't be read.
std::string certificate_sql(int version);

// When the first certificate of a PEM text ends, in seconds since 1970; nullopt when it can't be read. Pure.
std::optional<std::int64_t> certificate_end(const std::string& pem);

struct CertificateAcceptanceFact {
  std::string environment, variable;  // whose URL asks for it
  std::string sslmode, root_file;     // as the URL says; root_file "": libpq's own
  std::string refused_because;        // "": it accepts the target server's certificate
};
PGCONVOY_JSON(CertificateAcceptanceFact);

// A list of CertificateAcceptanceFact: of environments that are bound to the instance, have a local controller and a URL
// with sslmode verify-ca or verify-full. The target server is connected to with that sslmode and root file, as the
// administrator; whether he gets in doesn't matter. Reads env files on the pool.
Task<Result<json>> read_certificate_acceptance(const InquiryContext& context);

}  // namespace pgconvoy

#include "engine/web/access.hpp"

#include <openssl/crypto.h>

#include <algorithm>

#include "engine/core/digest.hpp"

namespace pgconvoy::web {
namespace {

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : static_cast<char>(c); });
  return text;
}

// Without the port: "[::1]:80" is "::1". "" when it is no host.
std::string name_in(const std::string& host_header) {
  const std::string host = lower(host_header);
  std::string name, rest;
  if (host.starts_with('[')) {
    const auto end = host.find(']');
    if (end == std::string::npos) return "";
    name = host.substr(1, end - 1);
    rest = host.substr(end + 1);
  } else {
    const auto colon = host.find(':');
    name = host.substr(0, colon);
    rest = colon == std::string::npos ? "" : host.substr(colon);
  }
  const bool is_port = rest.empty() || (rest.size() > 1 && rest.size() <= 6 && rest[0] == ':' &&
                                        std::all_of(rest.begin() + 1, rest.end(), [](char c) { return c >= '0' && c <= '9'; }));
  return is_port ? name : "";
}

}  // namespace

bool AccessToken::allows(const std::string& authorization) const {
  constexpr std::string_view kScheme = "Bearer ";
  const bool bearer = authorization.size() >= kScheme.size() && lower(authorization.substr(0, kScheme.size())) == "bearer ";
  // Digests are of one length, and say nothing of how much of a token was right.
  const std::string given = sha256_hex(bearer ? std::string_view(authorization).substr(kScheme.size()) : std::string_view());
  const std::string wanted = sha256_hex(value_.reveal());
  return CRYPTO_memcmp(given.data(), wanted.data(), wanted.size()) == 0 && bearer && !value_.empty();
}

bool HostNames::contains(const std::string& host_header) const {
  const std::string name = name_in(host_header);
  return name == "localhost" || name == "127.0.0.1" || name == "::1" || (!name.empty() && others.contains(name));
}

std::optional<Response> refuse(const Request& request, const HostNames& names) {
  if (request.method != "GET" && request.method != "HEAD" && request.method != "POST") {
    Response response = error_response(405, "only GET, HEAD and POST are answered");
    response.headers.emplace_back("Allow", "GET, HEAD, POST");
    return response;
  }
  if (!names.contains(request.host))
    return error_response(421, "this server isn't asked by that name", "open it as http://localhost:PORT/, or start it with --allow-host NAME");
  return std::nullopt;
}

std::optional<Response> refuse_change(const Request& request, const AccessToken& token) {
  const bool foreign_site = !request.fetch_site.empty() && request.fetch_site != "same-origin" && request.fetch_site != "none";
  const bool foreign_origin = !request.origin.empty() && request.origin != "http://" + request.host && request.origin != "https://" + request.host;
  if (foreign_site || foreign_origin) return error_response(403, "another site's page may change nothing here");
  if (!token.allows(request.authorization)) {
    Response response = error_response(401, "this needs the token", "open the address that pgconvoy serve has printed, with what stands behind its #");
    response.headers.emplace_back("WWW-Authenticate", "Bearer");
    return response;
  }
  if (lower(request.content_type.substr(0, request.content_type.find(';'))) != "application/json")
    return error_response(415, "the body must be application/json");
  return std::nullopt;
}

}  // namespace pgconvoy::web

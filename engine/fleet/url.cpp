#include "engine/fleet/url.hpp"

#include <fmt/format.h>

#include "engine/postgres/connection.hpp"

namespace pgconvoy {

std::string ways_to_give_a_password() {
  return "{env: NAME}, {file: PATH}, {passfile: PATH} or {command: [PROGRAM, ...]}";
}

std::string problem_of_server_url(const std::string& server, const std::string& url) {
  // The message holds nothing of the text that may be a password.
  const auto parsed = parse_connection_with_password(server, url);
  if (!parsed) return fmt::format("url: {}; {}", parsed.error().message, parsed.error().remedy);
  if (!parsed->password.empty())
    return "url must not contain a password; take it out and add `password:` with " + ways_to_give_a_password();
  return "";
}

std::string problem_of_web_url(const std::string& url) {
  const auto scheme = url.find("://");
  const std::string name = url.substr(0, scheme);
  if (scheme == std::string::npos || (name != "http" && name != "https")) return "must begin with http:// or https://";
  const auto authority_start = scheme + 3;
  const auto authority = url.substr(authority_start, url.find_first_of("/?#", authority_start) - authority_start);
  if (authority.empty()) return "has no host";
  if (authority.find('@') != std::string::npos) return "must not contain a user or a password";
  for (const char c : url)
    if (static_cast<unsigned char>(c) <= 0x20 || c == 0x7F) return "must not contain spaces or control characters";
  return "";
}

}  // namespace pgconvoy

// How one logs in to a registry: what it asks for, and where the password is from. (Distribution specification; Docker
// Registry v2 authentication; Docker's config.json.)
#pragma once

#include <map>
#include <optional>
#include <string>

#include "engine/core/error.hpp"
#include "engine/core/secret.hpp"

namespace pgconvoy::clients {

struct RegistryLogin {
  std::string user;
  Secret password;
};

// Of `host` ("registry.example.org:5000") in the text of a config.json. Nothing when it has none in the file itself; error
// usage when the file is no JSON. Logins that a helper program of Docker keeps are not asked for.
Result<std::optional<RegistryLogin>> login_in_docker_config(const std::string& text, const std::string& host);

// A WWW-Authenticate header: `Bearer realm="https://...",service="..."`.
struct Challenge {
  std::string scheme;  // in lower case
  std::map<std::string, std::string> values;  // names in lower case
};
Challenge read_challenge(const std::string& header);

// The URL that gives a token to pull from `repository`. Error refused when the realm isn't https although the registry is:
// the password would be sent in the clear.
Result<std::string> token_url(const Challenge& challenge, const std::string& repository, bool registry_has_tls);

}  // namespace pgconvoy::clients

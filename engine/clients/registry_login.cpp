#include "engine/clients/registry_login.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <vector>

#include "engine/clients/http.hpp"
#include "engine/core/json.hpp"
#include "engine/core/printable.hpp"

namespace pgconvoy::clients {
namespace {

std::string from_base64(const std::string& text) {
  std::string decoded(text.size(), '\0');
  const int length = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(decoded.data()),
                                     reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
  if (length < 0) return {};
  decoded.resize(static_cast<std::size_t>(length));
  // The padding counts as zero bytes there.
  while (!decoded.empty() && decoded.back() == '\0') decoded.pop_back();
  return decoded;
}

std::optional<RegistryLogin> login_of(const json& entry) {
  const auto text = [&](const char* key) {
    return entry.is_object() && entry.contains(key) && entry[key].is_string() ? entry[key].get<std::string>() : std::string();
  };
  if (!text("username").empty()) return RegistryLogin{text("username"), Secret(text("password"))};
  const std::string both = from_base64(text("auth"));
  const auto colon = both.find(':');
  if (colon == std::string::npos || colon == 0) return std::nullopt;
  return RegistryLogin{both.substr(0, colon), Secret(both.substr(colon + 1))};
}

char small_letter(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

}  // namespace

Result<std::optional<RegistryLogin>> login_in_docker_config(const std::string& text, const std::string& host) {
  const json config = json::parse(text, nullptr, false);
  if (!config.is_object()) return Error(ErrorKind::usage, "Docker's config.json is no JSON object");
  if (!config.contains("auths") || !config["auths"].is_object()) return std::optional<RegistryLogin>();
  std::vector<std::string> names{host, "https://" + host, "https://" + host + "/", "https://" + host + "/v1/", "https://" + host + "/v2/"};
  if (host == "registry-1.docker.io") names.insert(names.end(), {"https://index.docker.io/v1/", "index.docker.io", "docker.io"});
  for (const auto& name : names)
    if (config["auths"].contains(name))
      if (auto login = login_of(config["auths"][name])) return login;
  return std::optional<RegistryLogin>();
}

Challenge read_challenge(const std::string& header) {
  Challenge challenge;
  std::size_t at = 0;
  while (at < header.size() && header[at] != ' ') challenge.scheme += small_letter(header[at++]);
  while (at < header.size()) {
    while (at < header.size() && (header[at] == ' ' || header[at] == ',')) ++at;
    std::string name, value;
    while (at < header.size() && header[at] != '=' && header[at] != ',') name += small_letter(header[at++]);
    if (at < header.size() && header[at] == '=') ++at;
    if (at < header.size() && header[at] == '"') {
      for (++at; at < header.size() && header[at] != '"'; ++at) {
        if (header[at] == '\\' && at + 1 < header.size()) ++at;
        value += header[at];
      }
      ++at;
    } else {
      while (at < header.size() && header[at] != ',') value += header[at++];
    }
    if (!name.empty()) challenge.values.emplace(std::move(name), std::move(value));
  }
  return challenge;
}

Result<std::string> token_url(const Challenge& challenge, const std::string& repository, bool registry_has_tls) {
  const auto value = [&](const char* name) {
    const auto found = challenge.values.find(name);
    return found == challenge.values.end() ? std::string() : found->second;
  };
  const std::string realm = value("realm");
  const bool https = realm.starts_with("https://");
  if (!https && !(realm.starts_with("http://") && !registry_has_tls && is_loopback(host_in_url(realm))))
    return Error(ErrorKind::refused,
                 fmt::format("the registry sends us to \"{}\" for a token, and that isn't https", shortened(printable(realm), 100)));
  std::string url = realm + (realm.find('?') == std::string::npos ? "?" : "&");
  if (!value("service").empty()) url += "service=" + url_encoded(value("service")) + "&";
  return url + "scope=" + url_encoded("repository:" + repository + ":pull");
}

}  // namespace pgconvoy::clients

#include "engine/clients/registry.hpp"

#include <fmt/format.h>

#include <chrono>
#include <mutex>
#include <thread>

#include "engine/clients/http.hpp"
#include "engine/clients/image_scan.hpp"
#include "engine/clients/registry_login.hpp"
#include "engine/core/printable.hpp"

namespace pgconvoy::clients {
namespace {

constexpr std::size_t kLargestToken = 1 << 20;
constexpr std::size_t kLargestLoginFile = 1 << 20;
constexpr const char* kManifests =
    "Accept: application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json, "
    "application/vnd.docker.distribution.manifest.list.v2+json, application/vnd.docker.distribution.manifest.v2+json";
constexpr const char* kHowToLogIn = "docker login writes ~/.docker/config.json, which is read; or PGCONVOY_REGISTRY_USER and PGCONVOY_REGISTRY_PASSWORD";

bool only(std::string_view text, std::string_view more) {
  for (const char c : text)
    if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || more.find(c) != std::string_view::npos)) return false;
  return !text.empty();
}

constexpr std::string_view kCapitals = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

Result<std::optional<RegistryLogin>> find_login(const RegistryReference& image, const ScanOptions& options) {
  std::optional<RegistryLogin> login;
  if (!options.docker_config.empty()) {
    // A link to it is its owner's own choice, so this one is followed.
    std::error_code failed;
    const auto path = std::filesystem::canonical(options.docker_config, failed);
    if (!failed) {
      TRY(auto file, open_file_source(path));
      TRY(const std::string text, read_all(*file, kLargestLoginFile, options.docker_config));
      TRY(login, login_in_docker_config(text, image.host));
    }
  }
  if (!login && !options.registry_user.empty()) login = RegistryLogin{options.registry_user, options.registry_password};
  return login;
}

class RegistrySession {
 public:
  RegistrySession(RegistryReference image, std::optional<RegistryLogin> login, std::string ca_file)
      : image_(std::move(image)), login_(std::move(login)), ca_file_(std::move(ca_file)) {}

  // GET /v2/REPO/<rest>, logged in as the registry asks for; from several threads. Errors: not_found, refused, unreachable, timeout.
  Result<std::unique_ptr<HttpResponse>> get(const std::string& rest, const char* accept) {
    for (int tries = 0;; ++tries) {
      auto answer = get_once(rest, accept);
      const bool again = answer ? (*answer)->status() == 429 || (*answer)->status() >= 500 : answer.error().retryable;
      if (!again || tries == 2) return checked(std::move(answer), rest);
      std::this_thread::sleep_for(std::chrono::seconds(tries + 1));
    }
  }

 private:
  Result<std::unique_ptr<HttpResponse>> get_once(const std::string& rest, const char* accept) {
    HttpRequest request;
    request.url = fmt::format("{}://{}/v2/{}/{}", image_.tls ? "https" : "http", image_.host, image_.repository, rest);
    if (accept) request.headers.emplace_back(accept);
    request.ca_file = ca_file_;
    {
      const std::lock_guard lock(login_mutex_);
      authorize(request);
    }
    TRY(auto answer, http_get(request));
    if (answer->status() != 401) return answer;
    {
      const std::lock_guard lock(login_mutex_);
      TRY(const bool changed, log_in(*answer));
      if (!changed) return answer;
      authorize(request);
    }
    return http_get(request);
  }

  void authorize(HttpRequest& request) const {
    request.bearer = token_;
    if (basic_ && login_) {
      request.user = login_->user;
      request.password = login_->password;
    }
  }

  // What the registry asks for; false when there is nothing more to offer.
  Result<bool> log_in(const HttpResponse& answer) {
    for (const auto& header : answer.headers("WWW-Authenticate")) {
      const Challenge challenge = read_challenge(header);
      if (challenge.scheme == "bearer") {
        TRY(token_, fetch_token(challenge));
        return true;
      }
      if (challenge.scheme == "basic" && login_) {
        if (!image_.tls && !is_loopback(host_in_url("http://" + image_.host)))
          return Error(ErrorKind::refused, fmt::format("{} asks for a password without TLS", image_.host), "use registry:// instead of registry+http://");
        basic_ = true;
        return true;
      }
    }
    return false;
  }

  Result<Secret> fetch_token(const Challenge& challenge) {
    HttpRequest request;
    TRY(request.url, token_url(challenge, image_.repository, image_.tls));
    request.ca_file = ca_file_;
    if (login_) {
      request.user = login_->user;
      request.password = login_->password;
    }
    TRY(auto answer, http_get(request));
    if (answer->status() != 200)
      return Error(ErrorKind::refused, fmt::format("{} gives no token to pull {}: HTTP {}", host_in_url(request.url), image_.repository, answer->status()),
                   kHowToLogIn);
    TRY(const std::string text, read_all(*answer, kLargestToken, "the token"));
    const json document = json::parse(text, nullptr, false);
    for (const char* key : {"token", "access_token"})
      if (document.is_object() && document.contains(key) && document[key].is_string()) return Secret(document[key].get<std::string>());
    return Error(ErrorKind::corrupt, fmt::format("{} answered without a token", host_in_url(request.url)));
  }

  Result<std::unique_ptr<HttpResponse>> checked(Result<std::unique_ptr<HttpResponse>> answer, const std::string& rest) const {
    if (!answer) return answer;
    const int status = (*answer)->status();
    if (status == 200) return answer;
    const std::string what = fmt::format("{}/{}, {}", image_.host, image_.repository, rest);
    if (status == 401 || status == 403)
      return Error(ErrorKind::refused, fmt::format("{}: the registry wants {} (HTTP {})", what, login_ ? "other credentials" : "a login", status), kHowToLogIn);
    if (status == 404) return Error(ErrorKind::not_found, fmt::format("{}: the registry has none", what));
    Error error(ErrorKind::unreachable, fmt::format("{}: HTTP {}", what, status));
    error.retryable = status == 429 || status >= 500;
    return error;
  }

  RegistryReference image_;
  std::optional<RegistryLogin> login_;
  std::string ca_file_;
  std::mutex login_mutex_;  // layers are fetched by several threads
  Secret token_;
  bool basic_ = false;
};

}  // namespace

Result<RegistryReference> parse_registry_reference(const std::string& source) {
  RegistryReference image;
  const auto scheme = source.find("://");
  image.tls = source.starts_with("registry://");
  std::string rest = source.substr(scheme + 3);
  const auto slash = rest.find('/');
  const Error wrong(ErrorKind::usage, fmt::format("\"{}\" is no image in a registry", shortened(printable(source.substr(0, scheme)), 20) + "://..."),
                    "registry://HOST[:PORT]/REPOSITORY[:TAG], or @sha256:... instead of the tag");
  image.host = rest.substr(0, slash);
  if (image.host.find('@') != std::string::npos)
    return Error(ErrorKind::refused, "a user or password in a source could be seen by others and is refused", kHowToLogIn);
  if (slash == std::string::npos || image.host.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-:[]") != std::string::npos || image.host.empty())
    return wrong;
  rest.erase(0, slash + 1);
  if (const auto at = rest.find('@'); at != std::string::npos) {
    TRY(image.reference, checked_digest(rest.substr(at + 1)));
    rest.resize(at);
  }
  if (const auto colon = rest.rfind(':'); colon != std::string::npos) {
    const std::string tag = rest.substr(colon + 1);
    if (!only(tag, std::string(kCapitals) + "_.-") || tag.size() > 128) return wrong;
    if (image.reference.empty()) image.reference = tag;
    rest.resize(colon);
  }
  if (image.reference.empty()) image.reference = "latest";
  if (image.host == "docker.io" || image.host == "index.docker.io") {
    image.host = "registry-1.docker.io";
    if (rest.find('/') == std::string::npos) rest = "library/" + rest;
  }
  if (!only(rest, "._/-") || rest.find("..") != std::string::npos || rest.front() == '/' || rest.back() == '/') return wrong;
  image.repository = rest;
  return image;
}

Result<ClientScan> scan_registry_image(const std::string& shown, const ScanOptions& options) {
  TRY(const RegistryReference image, parse_registry_reference(shown));
  TRY(auto login, find_login(image, options));
  RegistrySession session(image, std::move(login), options.ca_file);
  const DocumentReader read = [&](const Descriptor& wanted) -> Result<std::string> {
    TRY(auto answer, session.get("manifests/" + (wanted.digest.empty() ? wanted.path : wanted.digest), kManifests));
    std::string expected = wanted.digest;
    // What a tag leads to only the registry knows; what it says of it is compared at least.
    if (expected.empty())
      if (const auto said = answer->headers("Docker-Content-Digest"); !said.empty() && checked_digest(said.front())) expected = said.front();
    DigestSource compared(*answer, expected, wanted.size, "manifest " + wanted.label());
    TRY(std::string text, read_all(compared, options.limits.metadata, "manifest " + wanted.label()));
    TRY_VOID(compared.finish());
    return text;
  };
  const LayerOpener open = [&](const Descriptor& layer) -> Result<std::unique_ptr<ByteSource>> {
    TRY(auto answer, session.get("blobs/" + layer.digest, nullptr));
    return std::unique_ptr<ByteSource>(std::move(answer));
  };
  Descriptor top;
  (image.reference.starts_with("sha256:") ? top.digest : top.path) = image.reference;
  TRY(auto resolved, resolve_image(read, top, options.platform, options.limits.layers));
  resolved.name = fmt::format("{}{}{}", image.repository, image.reference.starts_with("sha256:") ? "@" : ":", image.reference);
  return scan_image(resolved, open, shown, "registry", options);
}

}  // namespace pgconvoy::clients

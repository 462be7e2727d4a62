#include "engine/clients/scan.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <charconv>
#include <cstdlib>
#include <filesystem>

#include "engine/clients/image_archive.hpp"
#include "engine/clients/layer_cache.hpp"
#include "engine/clients/local_source.hpp"
#include "engine/clients/registry.hpp"
#include "engine/clients/running_process.hpp"
#include "engine/core/printable.hpp"

namespace pgconvoy {
namespace {

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

bool is_registry(const std::string& source) { return source.starts_with("registry://") || source.starts_with("registry+http://"); }

Result<std::vector<ClientScan>> alone(Result<ClientScan> scan) {
  if (!scan) return std::move(scan).error();
  return std::vector{*std::move(scan)};
}

Result<std::vector<ClientScan>> scan_pid(const std::string& source, const ScanOptions& options) {
  const std::string number = source.substr(4);
  int pid = 0;
  const auto read = std::from_chars(number.data(), number.data() + number.size(), pid);
  if (read.ec != std::errc() || read.ptr != number.data() + number.size() || pid <= 0)
    return Error(ErrorKind::usage, fmt::format("\"{}\" names no process", printable(source)), "pid:NUMBER");
  return alone(clients::scan_process(pid, source, options));
}

Result<std::vector<ClientScan>> scan_path(const std::string& source, const ScanOptions& options) {
  std::error_code failed;
  // A link that is given as a source is meant: its target is what is scanned.
  const auto path = std::filesystem::canonical(source, failed);
  if (failed)
    return Error(ErrorKind::not_found, fmt::format("there is no file or folder {}", printable(source)),
                 "FILE, DIRECTORY, registry://HOST/REPO:TAG, pid:N, or - for standard input");
  if (!std::filesystem::is_directory(path, failed)) {
    TRY(auto file, clients::open_file_source(path));
    return clients::scan_archive(*file, source, options);
  }
  if (std::filesystem::exists(path / "oci-layout", failed) && std::filesystem::exists(path / "index.json", failed))
    return clients::scan_layout(path, source, options);
  return alone(clients::scan_directory(path, source, options));
}

}  // namespace

std::shared_ptr<clients::LayerCache> make_layer_cache() { return std::make_shared<clients::LayerCache>(); }

ScanOptions scan_options_from_environment() {
  ScanOptions options;
  options.registry_user = variable("PGCONVOY_REGISTRY_USER");
  options.registry_password = Secret(variable("PGCONVOY_REGISTRY_PASSWORD"));
  options.ca_file = variable("SSL_CERT_FILE");
  if (const auto folder = variable("DOCKER_CONFIG"); !folder.empty()) options.docker_config = folder + "/config.json";
  else if (const auto home = variable("HOME"); !home.empty()) options.docker_config = home + "/.docker/config.json";
  return options;
}

std::string registry_of(const std::string& source) {
  if (!is_registry(source)) return {};
  const auto image = clients::parse_registry_reference(source);
  return image ? image->host : std::string();
}

bool carries_login(const std::string& source) {
  const auto scheme = source.find("://");
  if (scheme == std::string::npos) return false;
  const auto authority = source.substr(scheme + 3, source.find('/', scheme + 3) - (scheme + 3));
  return authority.find('@') != std::string::npos;
}

Result<std::vector<ClientScan>> scan_source(const std::string& source, const ScanOptions& options) {
  if (is_registry(source)) return alone(clients::scan_registry_image(source, options));
  if (source.find("://") != std::string::npos)
    return Error(ErrorKind::usage, fmt::format("\"{}://\" is no kind of source", printable(source.substr(0, source.find("://")))),
                 "registry://HOST/REPO:TAG, registry+http:// without TLS");
  if (source.starts_with("pid:")) return scan_pid(source, options);
  if (source == "-") {
    auto input = clients::file_source(::dup(STDIN_FILENO), "standard input");
    return clients::scan_archive(*input, source, options);
  }
  return scan_path(source, options);
}

}  // namespace pgconvoy

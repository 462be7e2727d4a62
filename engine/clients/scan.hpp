// The scan: which clients of PostgreSQL an image, a directory, a registry's image or a running process holds.
//
// Sources, as one types them:
//   FILE                        an archive of `docker save` or of OCI, or a plain tar of a root file system; gzip or zstd
//   -                           the same from standard input
//   DIRECTORY                   an OCI layout (it has a file oci-layout), else the root of a file system
//   registry://HOST/REPO:TAG    also @sha256:...; registry+http:// without TLS
//   pid:N                       a running process: what it has mapped, and the file system that it sees
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "engine/clients/client_scan.hpp"
#include "engine/clients/limits.hpp"
#include "engine/core/error.hpp"
#include "engine/core/secret.hpp"

namespace pgconvoy {

namespace clients {
class LayerCache;
}

struct ScanOptions {
  std::string platform;  // "linux/arm64"; "": linux/amd64, or the only one that there is
  std::string ca_file;   // certificates that a registry's may be signed by; "": SSL_CERT_FILE, else the system's
  // For registries that Docker's configuration has no login for.
  std::string registry_user;
  Secret registry_password;
  std::string docker_config;  // config.json; "" for none
  int threads = 1;  // so many layers of an image at a time, where they lie apart (a layout, a registry)
  clients::ScanLimits limits;
  // Layers that several sources share are read once; nullptr: every time.
  std::shared_ptr<clients::LayerCache> cache;
};

// Findings of layers by their digest, for scans on several threads.
std::shared_ptr<clients::LayerCache> make_layer_cache();

// The options that the environment holds: PGCONVOY_REGISTRY_USER, PGCONVOY_REGISTRY_PASSWORD, DOCKER_CONFIG or HOME,
// SSL_CERT_FILE. Reads no file.
ScanOptions scan_options_from_environment();

// "registry.example.org:5000" of a registry://, "" of anything else.
std::string registry_of(const std::string& source);

// Whether there is a user or a password in an URL: such a source is not to be printed, not even in the error about it.
bool carries_login(const std::string& source);

// Looks at one source; several images in one archive give several. Blocks: call it on a thread of a pool; may be called
// from several at a time. Writes nothing, runs nothing of what it finds, follows no link out of the source.
// Errors: usage (no such source, a password in it), not_found, io, unreachable, timeout, corrupt (damaged, wrong digest),
// refused (hostile: paths or links that lead out, more data than the limits allow).
Result<std::vector<ClientScan>> scan_source(const std::string& source, const ScanOptions& options);

}  // namespace pgconvoy

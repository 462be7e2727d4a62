// Images in a registry, by the OCI distribution specification: nothing is stored, layers are looked into as they come.
#pragma once

#include <string>

#include "engine/clients/scan.hpp"

namespace pgconvoy::clients {

struct RegistryReference {
  bool tls = true;
  std::string host;        // with its port
  std::string repository;  // "team/shop"
  std::string reference;   // a tag, or "sha256:..."
};
// registry://HOST/REPO[:TAG][@sha256:...], registry+http://... Error usage; a password in it is refused.
Result<RegistryReference> parse_registry_reference(const std::string& source);

Result<ClientScan> scan_registry_image(const std::string& shown, const ScanOptions& options);

}  // namespace pgconvoy::clients

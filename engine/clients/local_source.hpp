// Sources on this machine that are no single file: a folder, an OCI layout.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "engine/clients/scan.hpp"

namespace pgconvoy::clients {

// The root of a file system, unpacked somewhere. Errors: as scan_source.
Result<ClientScan> scan_directory(const std::filesystem::path& directory, const std::string& shown, const ScanOptions& options);

// A folder with oci-layout, index.json and blobs/ (OCI image layout specification).
Result<std::vector<ClientScan>> scan_layout(const std::filesystem::path& directory, const std::string& shown, const ScanOptions& options);

}  // namespace pgconvoy::clients

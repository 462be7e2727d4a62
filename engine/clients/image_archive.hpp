// Images in one file: archives of `docker save`, of OCI, and plain tars of a root file system; uncompressed or by gzip
// or zstd. An uncompressed file is read twice, first only its headers and documents, so that only the layers of the wanted
// images are looked into. What can't be read twice is read once, every layer on the way.
#pragma once

#include <string>
#include <vector>

#include "engine/clients/byte_source.hpp"
#include "engine/clients/scan.hpp"

namespace pgconvoy::clients {

// `shown` is the source as it was given. Errors: as scan_source.
Result<std::vector<ClientScan>> scan_archive(ByteSource& source, const std::string& shown, const ScanOptions& options);

}  // namespace pgconvoy::clients

// The layers of an image: each is looked at once, by itself and in any order; what a later one removes or replaces is
// taken away when they are put together. So nothing is read twice, and nothing is held but findings, and 8 bytes a path.
//
// Whiteouts are those of the OCI image specification ("Image Layer Filesystem Changeset"): .wh.NAME removes NAME from
// the layers below, .wh..wh..opq everything of its folder.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/clients/archive_reader.hpp"
#include "engine/clients/client_scan.hpp"
#include "engine/clients/limits.hpp"

namespace pgconvoy::clients {

struct LayerScan {
  std::vector<FoundClient> clients;
  std::vector<std::string> notes;
  // Hashes of paths, sorted.
  std::vector<std::uint64_t> files, folders;  // that the layer has
  std::vector<std::uint64_t> removed;         // that it takes away
  std::vector<std::uint64_t> emptied;         // folders whose content of below it takes away
  std::uint64_t file_count = 0, bytes = 0;

  std::uint64_t entries() const { return files.size() + folders.size() + removed.size() + emptied.size(); }
};

// Counts what the layers of one image hold in memory. Error refused when it is more than the limits allow.
class LayerTotals {
 public:
  explicit LayerTotals(const ScanLimits& limits) : limits_(limits) {}
  Result<void> add(const LayerScan& layer);

 private:
  const ScanLimits& limits_;
  std::uint64_t entries_ = 0, findings_ = 0;
};

// Reads a layer, a tar that may be compressed by gzip or zstd, up to its end-of-archive mark.
// `name` stands in errors and as the clients' layer. Errors: corrupt, refused, those of the source.
Result<LayerScan> scan_layer(ByteSource& source, const std::string& name, const ScanLimits& limits);

// The same from an open archive, whose first entry was read already.
Result<LayerScan> scan_entries(ArchiveReader& reader, std::optional<ArchiveEntry> first, const std::string& name,
                               const ScanLimits& limits);

// What is there when they lie upon each other, the lowest first. Clients ordered by path and judged. Pure.
struct Merged {
  std::vector<FoundClient> clients;
  std::vector<std::string> notes;
  std::uint64_t files = 0, bytes = 0;
};
Merged merge_layers(const std::vector<const LayerScan*>& layers);

// The same for what is no image: clients ordered by path and judged, doubles gone.
void settle(std::vector<FoundClient>& clients);

}  // namespace pgconvoy::clients

// What archives, layouts and registries have in common: from resolved images to results.
#pragma once

#include <string>
#include <vector>

#include "engine/clients/image_manifest.hpp"
#include "engine/clients/layers.hpp"
#include "engine/clients/scan.hpp"

namespace pgconvoy::clients {

// The images that an index.json names, for the wanted platform.
Result<std::vector<ResolvedImage>> resolve_index_file(const std::string& text, const DocumentReader& read, const ScanOptions& options);

ClientScan scan_of_layers(const std::vector<const LayerScan*>& layers, const std::string& source, const std::string& kind,
                          const std::string& image);

// Opens the bytes of a layer; their digest and size are compared by the caller. Called from several threads.
using LayerOpener = std::function<Result<std::unique_ptr<ByteSource>>(const Descriptor&)>;

// Reads the layers, options.threads at a time; those that the cache knows not at all.
Result<ClientScan> scan_image(const ResolvedImage& image, const LayerOpener& open, const std::string& source,
                              const std::string& kind, const ScanOptions& options);

}  // namespace pgconvoy::clients

#include "engine/clients/image_scan.hpp"

#include "engine/clients/layer_cache.hpp"

namespace pgconvoy::clients {
namespace {

// A connection that was lost in the middle of a layer is worth as many more tries.
constexpr int kMoreTries = 2;

Result<LayerScan> read_layer_once(const Descriptor& layer, const LayerOpener& open, const ScanOptions& options) {
  TRY(auto bytes, open(layer));
  DigestSource compared(*bytes, layer.digest, layer.size, "layer " + layer.digest);
  TRY(auto scan, scan_layer(compared, layer.digest, options.limits));
  TRY_VOID(compared.finish());
  return scan;
}

}  // namespace

Result<std::vector<ResolvedImage>> resolve_index_file(const std::string& text, const DocumentReader& read, const ScanOptions& options) {
  TRY(const json document, parse_document(text, "index.json"));
  TRY(const auto all, read_index(document));
  TRY(const auto chosen, for_platform(all, options.platform));
  std::vector<ResolvedImage> images;
  for (const Descriptor& one : chosen) {
    TRY(auto image, resolve_image(read, one, options.platform, options.limits.layers));
    images.push_back(std::move(image));
  }
  return images;
}

ClientScan scan_of_layers(const std::vector<const LayerScan*>& layers, const std::string& source, const std::string& kind,
                          const std::string& image) {
  Merged merged = merge_layers(layers);
  ClientScan scan;
  scan.source = source;
  scan.kind = kind;
  scan.image = image;
  scan.clients = std::move(merged.clients);
  scan.notes = std::move(merged.notes);
  scan.layers = layers.size();
  scan.files = merged.files;
  scan.bytes = merged.bytes;
  return scan;
}

Result<ClientScan> scan_image(const ResolvedImage& image, const LayerOpener& open, const std::string& source,
                              const std::string& kind, const ScanOptions& options) {
  std::vector<std::shared_ptr<const LayerScan>> held;
  std::vector<const LayerScan*> layers;
  LayerTotals totals(options.limits);
  for (const Descriptor& layer : image.layers) {
    std::shared_ptr<const LayerScan> known;
    if (options.cache) known = options.cache->find(layer.digest);
    for (int tries = 0; !known; ++tries) {
      auto read = read_layer_once(layer, open, options);
      if (read) {
        known = std::make_shared<const LayerScan>(*std::move(read));
        if (options.cache) options.cache->put(layer.digest, known);
      } else if (!read.error().retryable || tries == kMoreTries) {
        return std::move(read).error();
      }
    }
    TRY_VOID(totals.add(*known));
    layers.push_back(known.get());
    held.push_back(std::move(known));
  }
  return scan_of_layers(layers, source, kind, image.name);
}

}  // namespace pgconvoy::clients

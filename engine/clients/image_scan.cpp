#include "engine/clients/image_scan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <thread>

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

Result<std::shared_ptr<const LayerScan>> find_or_read(const Descriptor& layer, const LayerOpener& open, const ScanOptions& options) {
  if (options.cache)
    if (auto known = options.cache->find(layer.digest)) return known;
  for (int tries = 0;; ++tries) {
    auto read = read_layer_once(layer, open, options);
    if (read) {
      auto scan = std::make_shared<const LayerScan>(*std::move(read));
      if (options.cache) options.cache->put(layer.digest, scan);
      return scan;
    }
    if (!read.error().retryable || tries == kMoreTries) return std::move(read).error();
  }
}

// The layers of one image, by as many threads as were asked for; the first error ends them all.
class LayerReaders {
 public:
  LayerReaders(const std::vector<Descriptor>& layers, const LayerOpener& open, const ScanOptions& options)
      : layers_(layers), open_(open), options_(options), totals_(options.limits), read_(layers.size()) {}

  Result<std::vector<std::shared_ptr<const LayerScan>>> run() {
    {
      std::vector<std::jthread> others;
      const auto wanted = std::min<std::size_t>(static_cast<std::size_t>(std::max(1, options_.threads)), layers_.size());
      for (std::size_t i = 1; i < wanted; ++i) others.emplace_back([this] { work(); });
      work();
    }
    if (problem_) return *std::move(problem_);
    return std::move(read_);
  }

 private:
  void work() {
    for (std::size_t i = next_++; i < layers_.size(); i = next_++) {
      Result<void> done;
      try {
        done = read(i);
      } catch (const std::exception& failure) {
        done = Error(ErrorKind::internal, fmt::format("layer {}: {}", layers_[i].label(), failure.what()));
      }
      if (done) continue;
      const std::lock_guard lock(mutex_);
      if (!problem_) problem_ = std::move(done).error();
      next_ = layers_.size();
    }
  }

  Result<void> read(std::size_t i) {
    TRY(auto scan, find_or_read(layers_[i], open_, options_));
    const std::lock_guard lock(mutex_);
    TRY_VOID(totals_.add(*scan));
    read_[i] = std::move(scan);
    return {};
  }

  const std::vector<Descriptor>& layers_;
  const LayerOpener& open_;
  const ScanOptions& options_;
  std::atomic<std::size_t> next_{0};
  std::mutex mutex_;
  LayerTotals totals_;
  std::vector<std::shared_ptr<const LayerScan>> read_;
  std::optional<Error> problem_;
};

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
  TRY(const auto read, LayerReaders(image.layers, open, options).run());
  std::vector<const LayerScan*> layers;
  for (const auto& layer : read) layers.push_back(layer.get());
  return scan_of_layers(layers, source, kind, image.name);
}

}  // namespace pgconvoy::clients

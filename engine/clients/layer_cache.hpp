// What was found in layers, by their digest: the images of a fleet share most of theirs. Keeps the last ones, up to some
// megabytes. For several threads.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "engine/clients/layers.hpp"

namespace pgconvoy::clients {

class LayerCache {
 public:
  explicit LayerCache(std::size_t most_bytes = 16 << 20) : most_bytes_(most_bytes) {}

  std::shared_ptr<const LayerScan> find(const std::string& digest);
  // Only of a layer whose bytes were compared with the digest.
  void put(const std::string& digest, std::shared_ptr<const LayerScan> scan);

 private:
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<const LayerScan>> scans_;
  std::deque<std::string> order_;  // oldest first
  std::size_t bytes_ = 0;
  std::size_t most_bytes_;
};

}  // namespace pgconvoy::clients

#include "engine/clients/layer_cache.hpp"

namespace pgconvoy::clients {
namespace {

std::size_t size_of(const LayerScan& scan) {
  std::size_t bytes = sizeof(LayerScan) + 8 * scan.entries() + 512 * scan.clients.size();
  for (const auto& note : scan.notes) bytes += note.size() + sizeof(note);
  return bytes;
}

}  // namespace

std::shared_ptr<const LayerScan> LayerCache::find(const std::string& digest) {
  const std::lock_guard lock(mutex_);
  const auto found = scans_.find(digest);
  return found == scans_.end() ? nullptr : found->second;
}

void LayerCache::put(const std::string& digest, std::shared_ptr<const LayerScan> scan) {
  const std::lock_guard lock(mutex_);
  const auto bytes = size_of(*scan);
  if (bytes > most_bytes_ || !scans_.emplace(digest, std::move(scan)).second) return;
  order_.push_back(digest);
  bytes_ += bytes;
  while (bytes_ > most_bytes_) {
    const auto oldest = scans_.find(order_.front());
    bytes_ -= size_of(*oldest->second);
    scans_.erase(oldest);
    order_.pop_front();
  }
}

}  // namespace pgconvoy::clients

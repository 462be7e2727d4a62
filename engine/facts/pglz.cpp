#include "engine/facts/pglz.hpp"

#include <dlfcn.h>

#include <algorithm>
#include <cstdint>
#include <vector>

namespace pgconvoy {
namespace {

constexpr std::size_t kShortest = 32;        // values below are never compressed
constexpr std::size_t kGivesUpAfter = 1024;  // bytes written without one match
constexpr std::size_t kWindow = 4096;        // positions that are remembered
constexpr std::size_t kFarthest = 4095;      // a match this far back can't be written any more
constexpr std::size_t kLongest = 273;
constexpr std::size_t kGoodEnough = 128;
constexpr std::size_t kNone = static_cast<std::size_t>(-1);

// Positions of the last kWindow bytes, chained by a hash of the four bytes that stand there, newest first.
class History {
 public:
  explicit History(std::string_view value) : value_(value) {
    std::size_t lists = 8192;
    if (value.size() < 128) lists = 512;
    else if (value.size() < 256) lists = 1024;
    else if (value.size() < 512) lists = 2048;
    else if (value.size() < 1024) lists = 4096;
    mask_ = lists - 1;
    first_.assign(lists, kNone);
    next_.assign(std::min(value.size(), kWindow), kNone);
  }

  void add(std::size_t at) {
    std::size_t& first = first_[list(at)];
    next_[at % kWindow] = first;
    first = at;
  }

  // Length of the match that is taken for `at`: the longest among those looked at. The longer one looks, the less is
  // good enough.
  std::size_t match(std::size_t at) const {
    std::size_t best = 0, good = kGoodEnough;
    for (std::size_t there = first_[list(at)]; remembered(there, at);) {
      if (at - there >= kFarthest) break;
      best = std::max(best, common(there, at));
      there = next_[there % kWindow];
      if (remembered(there, at)) {
        if (best >= good) break;
        good -= good * 10 / 100;
      }
    }
    return best > 2 ? best : 0;
  }

 private:
  // The entry of a position is overwritten by the one a window later.
  static bool remembered(std::size_t there, std::size_t at) { return there != kNone && at - there <= kWindow; }

  // Characters count as signed, as on x86; a server on another processor may find a few matches more or less.
  std::size_t list(std::size_t at) const {
    const auto byte = [&](std::size_t offset) { return static_cast<int>(static_cast<signed char>(value_[at + offset])); };
    const int hash = value_.size() - at < 4 ? byte(0) : (byte(0) * 64) ^ (byte(1) * 16) ^ (byte(2) * 4) ^ byte(3);
    return static_cast<std::size_t>(hash) & mask_;
  }

  std::size_t common(std::size_t there, std::size_t at) const {
    std::size_t length = 0;
    while (at + length < value_.size() && length < kLongest && value_[there + length] == value_[at + length]) ++length;
    return length;
  }

  std::string_view value_;
  std::size_t mask_ = 0;
  std::vector<std::size_t> first_, next_;
};

}  // namespace

std::optional<std::size_t> pglz_size(std::string_view value) {
  if (value.size() < kShortest) return std::nullopt;
  const std::size_t most = value.size() * 75 / 100;  // a quarter must be saved
  History history(value);
  std::size_t written = 0, items = 0;
  bool matched = false;
  for (std::size_t at = 0; at < value.size();) {
    if (written >= most || (!matched && written >= kGivesUpAfter)) return std::nullopt;
    if (items++ % 8 == 0) ++written;  // a byte that says which of the next eight are matches
    const std::size_t length = history.match(at);
    matched |= length > 0;
    written += length == 0 ? 1 : length > 17 ? 3 : 2;
    for (std::size_t end = at + std::max<std::size_t>(length, 1); at < end; ++at) history.add(at);
  }
  if (written >= most) return std::nullopt;
  return written;
}

Lz4Size lz4_size(std::string_view value) {
  using Compress = int (*)(const char*, char*, int, int);
  static const auto compress = [] {
    void* library = dlopen("liblz4.so.1", RTLD_NOW | RTLD_LOCAL);
    return library ? reinterpret_cast<Compress>(dlsym(library, "LZ4_compress_default")) : nullptr;
  }();
  if (!compress || value.size() > 0x7E000000u) return {};
  std::vector<char> room(value.size() + value.size() / 255 + 16);
  const int size = compress(value.data(), room.data(), static_cast<int>(value.size()), static_cast<int>(room.size()));
  Lz4Size found{true, std::nullopt};
  if (size > 0 && static_cast<std::size_t>(size) <= value.size()) found.size = static_cast<std::size_t>(size);
  return found;
}

}  // namespace pgconvoy

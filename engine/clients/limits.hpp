// How much an image may ask for before it is refused: an archive of others is read, and some are made to be endless.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace pgconvoy::clients {

struct ScanLimits {
  // Nothing is read any more after this moment; what was found until then is thrown away.
  std::chrono::steady_clock::time_point until = std::chrono::steady_clock::time_point::max();
  // Bytes of one layer, unpacked.
  std::uint64_t unpacked = std::uint64_t{64} << 30;
  // Beyond `ratio_from` unpacked bytes, at most `ratio` times what was read packed. gzip can reach 1032, zstd far more;
  // layers of real images stay under 20 in the large.
  std::uint64_t ratio = 200;
  std::uint64_t ratio_from = std::uint64_t{1} << 30;
  // Entries of one layer, and of all of an image: each costs 8 bytes.
  std::uint64_t entries = 2'000'000;
  std::uint64_t all_entries = 4'000'000;
  // Bytes of a path: Linux takes no longer one (PATH_MAX).
  static constexpr std::size_t path = 4096;
  // Bytes of a manifest, an index, a configuration; of a package's description inside the image.
  std::uint64_t metadata = 4 << 20;
  // All documents of one archive that may be needed, together.
  std::uint64_t all_metadata = 16 << 20;
  // Findings of one layer, and of all of an image: each costs some hundred bytes, and nobody reads more.
  std::uint64_t findings = 10'000;
  // Layers of one image.
  std::uint64_t layers = 1'000;
};

}  // namespace pgconvoy::clients

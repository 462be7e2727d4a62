#include "engine/journal/sqlite_wal.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <vector>

namespace pgconvoy {
namespace {

constexpr std::size_t kHeader = 32, kFrameHeader = 24;
constexpr std::uint32_t kMagic = 0x377f0682;  // the lowest bit: checksums over big-endian words

std::uint32_t big_endian(const unsigned char* bytes) {
  return std::uint32_t{bytes[0]} << 24 | std::uint32_t{bytes[1]} << 16 | std::uint32_t{bytes[2]} << 8 | bytes[3];
}

struct Checksum {
  bool big = false;
  std::uint32_t first = 0, second = 0;

  void add(const unsigned char* bytes, std::size_t count) {
    for (std::size_t i = 0; i + 8 <= count; i += 8) {
      first += word(bytes + i) + second;
      second += word(bytes + i + 4) + first;
    }
  }
  std::uint32_t word(const unsigned char* bytes) const {
    const std::uint32_t value = big_endian(bytes);
    return big ? value : __builtin_bswap32(value);
  }
  bool is(const unsigned char* stored) const { return big_endian(stored) == first && big_endian(stored + 4) == second; }
};

struct Found {
  bool bad_header = false;
  std::int64_t first_bad = 0;     // frame, from 1; 0: none
  std::int64_t commits_after = 0;  // transactions that end with it or after it
  bool operator==(const Found&) const = default;
};

Result<Found> scan(const std::filesystem::path& path) {
  Found found;
  std::error_code none;
  if (!std::filesystem::exists(path, none) || std::filesystem::file_size(path, none) <= kHeader) return found;
  std::ifstream file(path, std::ios::binary);
  std::vector<unsigned char> header(kHeader);
  if (!file.read(reinterpret_cast<char*>(header.data()), kHeader))
    return Error(ErrorKind::io, fmt::format("cannot read {}", path.string()));
  const auto magic = big_endian(header.data());
  const auto page = big_endian(header.data() + 8);
  Checksum sum{(magic & 1) != 0};
  sum.add(header.data(), kFrameHeader);
  found.bad_header = (magic & ~1U) != kMagic || page < 512 || page > 65536 || !sum.is(header.data() + kFrameHeader);
  if (found.bad_header) return found;
  std::vector<unsigned char> frame(kFrameHeader + page);
  for (std::int64_t number = 1; file.read(reinterpret_cast<char*>(frame.data()), static_cast<std::streamsize>(frame.size()));
       ++number) {
    // Frames of an earlier use of the file have other salts.
    const bool of_now = std::equal(frame.begin() + 8, frame.begin() + 16, header.begin() + 16);
    if (found.first_bad == 0) {
      sum.add(frame.data(), 8);
      sum.add(frame.data() + kFrameHeader, page);
      if (!of_now || !sum.is(frame.data() + 16)) found.first_bad = number;
    }
    if (found.first_bad != 0 && of_now && big_endian(frame.data() + 4) != 0) ++found.commits_after;
  }
  return found;
}

}  // namespace

Result<std::string> lost_in_wal(const std::filesystem::path& database) {
  const auto path = database.string() + "-wal";
  Found found;
  // What is just being written looks like damage, but not at the same place for long.
  for (int time = 0; time < 3; ++time) {
    TRY(const auto now, scan(path));
    if (time > 0 && !(now == found)) return std::string();
    found = now;
    if (!found.bad_header && found.commits_after < 2) return std::string();
  }
  if (found.bad_header) return "the header of its -wal is damaged: all that only stood in there is lost";
  return fmt::format("frame {} of its -wal is damaged: {} transactions from there on are lost", found.first_bad,
                     found.commits_after);
}

}  // namespace pgconvoy

// A number of bytes, as a type of its own.
#pragma once

#include <cstdint>
#include <string>

namespace pgconvoy {

struct Bytes {
  std::int64_t count = 0;
  auto operator<=>(const Bytes&) const = default;
  Bytes operator+(Bytes other) const { return {count + other.count}; }
  Bytes& operator+=(Bytes other) {
    count += other.count;
    return *this;
  }
};

// Binary units with at most one decimal: "7.9 MB", "700 MB", "1.2 GB" (1 MB = 1024 * 1024, as PostgreSQL's
// pg_size_pretty counts).
std::string format_bytes(Bytes bytes);

}  // namespace pgconvoy

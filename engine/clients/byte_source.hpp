// Where bytes come from: a file, a file inside an archive, a registry. Pulled block by block, so that nothing is ever
// held whole. Every source is used by one thread at a time, and blocks.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "engine/core/error.hpp"

namespace pgconvoy::clients {

class ByteSource {
 public:
  virtual ~ByteSource() = default;
  // The next block, valid until the next call; empty at the end, and from then on.
  virtual Result<std::string_view> next() = 0;
  // Goes on at `offset` instead. Returns false where that can't be done (the default), with nothing changed.
  virtual bool seek(std::uint64_t /*offset*/) { return false; }
};

// An open file descriptor, which it closes. `name` is for error messages.
std::unique_ptr<ByteSource> file_source(int descriptor, std::string name);
// Opens it for reading and doesn't follow a symbolic link in the last part of the path; refuses what is no regular file.
// Errors: not_found, io.
Result<std::unique_ptr<ByteSource>> open_file_source(const std::filesystem::path& path);

// Text that stays in memory; for small things and for tests. Blocks of at most `block` bytes.
std::unique_ptr<ByteSource> memory_source(std::string text, std::size_t block = 65536);

// Gives back first what was read already.
class ResumedSource final : public ByteSource {
 public:
  ResumedSource(std::string first, ByteSource& rest) : first_(std::move(first)), rest_(rest) {}
  Result<std::string_view> next() override {
    if (!std::exchange(given_, true) && !first_.empty()) return std::string_view(first_);
    return rest_.next();
  }

 private:
  std::string first_;
  ByteSource& rest_;
  bool given_ = false;
};

// Passes blocks on and computes their SHA-256. `finish` reads what is left and compares.
class DigestSource final : public ByteSource {
 public:
  // expected: "sha256:...", or "" for nothing to compare (`finish` then returns what it is); size in bytes, or -1. More
  // bytes than that are an error at once.
  DigestSource(ByteSource& inner, std::string expected, std::int64_t size, std::string what);
  ~DigestSource() override;

  Result<std::string_view> next() override;
  // The digest. Errors: corrupt when it or the size differs, and those of the inner source.
  Result<std::string> finish();
  std::uint64_t count() const { return count_; }

 private:
  struct Hash;
  ByteSource& inner_;
  std::string expected_, what_;
  std::int64_t size_;
  std::uint64_t count_ = 0;
  std::unique_ptr<Hash> hash_;
};

// Everything as one string; nothing when there is more than `limit` bytes.
Result<std::optional<std::string>> read_up_to(ByteSource& source, std::size_t limit);
// The same, but more is an error (refused).
Result<std::string> read_all(ByteSource& source, std::size_t limit, const std::string& what);

}  // namespace pgconvoy::clients

// Reads an archive of others from a ByteSource by libarchive, entry by entry. Nothing is written to a disk, no link is
// followed. What a runtime would refuse to unpack is refused: paths and links that lead out of the archive, more than
// one compression around it, more data than the limits allow. (Docker's unpacking has the same rules for paths and links.)
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "engine/clients/byte_source.hpp"
#include "engine/clients/limits.hpp"

namespace pgconvoy::clients {

enum class ArchiveFormat {
  tar,  // also compressed by gzip or zstd, and an empty file
  zip,  // read from its front on
};

struct ArchiveEntry {
  enum class Type { file, directory, symlink, hardlink, other };
  std::string path;  // relative, without "./", "//" and a slash at the end; "" is the root
  Type type = Type::other;
  std::string target;  // of a link: for a hard link in the same form as `path`, for a symbolic one as it is
  std::int64_t size = -1;  // bytes, as the entry says; -1 when it doesn't
};

// The path in that form. Error refused for one with ".." or longer than a file system takes.
Result<std::string> clean_path(std::string_view path);

class ArchiveReader {
 public:
  // `what` is named in errors ("layer sha256:..."). The source must outlive the reader.
  ArchiveReader(ByteSource& source, ArchiveFormat format, const ScanLimits& limits, std::string what);
  ~ArchiveReader();

  // The next entry, nothing at the end. What is left of the one before is read over.
  // Errors: corrupt for what can't be read, refused for what is hostile, those of the source.
  Result<std::optional<ArchiveEntry>> next();
  // The next block of the entry's content, empty at its end. Holes of a sparse file are left out.
  Result<std::string_view> data();
  // Whether it is compressed; known after the first entry.
  bool compressed() const;
  std::uint64_t unpacked() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// The content of the reader's current entry.
class EntrySource final : public ByteSource {
 public:
  explicit EntrySource(ArchiveReader& reader) : reader_(reader) {}
  Result<std::string_view> next() override { return reader_.data(); }

 private:
  ArchiveReader& reader_;
};

}  // namespace pgconvoy::clients

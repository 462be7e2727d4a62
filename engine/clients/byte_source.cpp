#include "engine/clients/byte_source.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/evp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <vector>

namespace pgconvoy::clients {
namespace {

constexpr std::size_t kFileBlock = 256 * 1024;

class FileSource final : public ByteSource {
 public:
  FileSource(int descriptor, std::string name) : descriptor_(descriptor), name_(std::move(name)) {}
  ~FileSource() override { ::close(descriptor_); }
  FileSource(const FileSource&) = delete;
  FileSource& operator=(const FileSource&) = delete;

  Result<std::string_view> next() override {
    if (block_.empty()) block_.resize(kFileBlock);
    ssize_t count;
    do count = ::read(descriptor_, block_.data(), block_.size());
    while (count < 0 && errno == EINTR);
    if (count < 0) return Error(ErrorKind::io, fmt::format("cannot read {}: {}", name_, std::strerror(errno)));
    return std::string_view(block_.data(), static_cast<std::size_t>(count));
  }
  bool seek(std::uint64_t offset) override {
    return ::lseek(descriptor_, static_cast<off_t>(offset), SEEK_SET) == static_cast<off_t>(offset);
  }

 private:
  int descriptor_;
  std::string name_;
  std::vector<char> block_;
};

class MemorySource final : public ByteSource {
 public:
  MemorySource(std::string text, std::size_t block) : text_(std::move(text)), block_(block) {}
  Result<std::string_view> next() override {
    const auto taken = std::string_view(text_).substr(at_, block_);
    at_ += taken.size();
    return taken;
  }
  bool seek(std::uint64_t offset) override {
    at_ = std::min<std::size_t>(offset, text_.size());
    return true;
  }

 private:
  std::string text_;
  std::size_t block_, at_ = 0;
};

}  // namespace

std::unique_ptr<ByteSource> file_source(int descriptor, std::string name) {
  return std::make_unique<FileSource>(descriptor, std::move(name));
}

Result<std::unique_ptr<ByteSource>> open_file_source(const std::filesystem::path& path) {
  // O_NONBLOCK: a FIFO under this name must not hold us up before it is refused.
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (descriptor < 0) {
    const int problem = errno;
    return Error(problem == ENOENT ? ErrorKind::not_found : ErrorKind::io,
                 problem == ELOOP ? fmt::format("{} is a symbolic link, and none is followed here", path.string())
                                  : fmt::format("cannot open {}: {}", path.string(), std::strerror(problem)));
  }
  struct stat status {};
  if (::fstat(descriptor, &status) != 0 || !S_ISREG(status.st_mode)) {
    ::close(descriptor);
    return Error(ErrorKind::io, fmt::format("{} is no regular file", path.string()));
  }
  return file_source(descriptor, path.string());
}

std::unique_ptr<ByteSource> memory_source(std::string text, std::size_t block) {
  return std::make_unique<MemorySource>(std::move(text), block);
}

struct DigestSource::Hash {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  Hash() { EVP_DigestInit_ex(context, EVP_sha256(), nullptr); }
  ~Hash() { EVP_MD_CTX_free(context); }
  Hash(const Hash&) = delete;
  Hash& operator=(const Hash&) = delete;
};

DigestSource::DigestSource(ByteSource& inner, std::string expected, std::int64_t size, std::string what)
    : inner_(inner), expected_(std::move(expected)), what_(std::move(what)), size_(size), hash_(std::make_unique<Hash>()) {}
DigestSource::~DigestSource() = default;

Result<std::string_view> DigestSource::next() {
  auto block = inner_.next();
  if (!block) return block;
  count_ += block->size();
  if (size_ >= 0 && count_ > static_cast<std::uint64_t>(size_))
    return Error(ErrorKind::corrupt, fmt::format("{} has more than the {} bytes that its description says", what_, size_));
  EVP_DigestUpdate(hash_->context, block->data(), block->size());
  return block;
}

Result<std::string> DigestSource::finish() {
  for (;;) {
    TRY(const std::string_view block, next());
    if (block.empty()) break;
  }
  if (size_ >= 0 && count_ != static_cast<std::uint64_t>(size_))
    return Error(ErrorKind::corrupt, fmt::format("{} is cut off: {} of {} bytes", what_, count_, size_));
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned length = 0;
  EVP_DigestFinal_ex(hash_->context, digest, &length);
  std::string actual = "sha256:";
  for (unsigned i = 0; i < length; ++i) actual += fmt::format("{:02x}", digest[i]);
  if (!expected_.empty() && actual != expected_)
    return Error(ErrorKind::corrupt, fmt::format("{} is not what its digest says: {} instead of {}", what_, actual, expected_));
  return actual;
}

Result<std::optional<std::string>> read_up_to(ByteSource& source, std::size_t limit) {
  std::string text;
  for (;;) {
    TRY(const std::string_view block, source.next());
    if (block.empty()) return std::optional(std::move(text));
    if (text.size() + block.size() > limit) return std::optional<std::string>();
    text += block;
  }
}

Result<std::string> read_all(ByteSource& source, std::size_t limit, const std::string& what) {
  TRY(auto text, read_up_to(source, limit));
  if (!text) return Error(ErrorKind::refused, fmt::format("{} is larger than {} bytes", what, limit));
  return *std::move(text);
}

}  // namespace pgconvoy::clients

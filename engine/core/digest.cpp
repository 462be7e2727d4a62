#include "engine/core/digest.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/evp.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <vector>

namespace pgconvoy {
namespace {

class Sha256 {
 public:
  Sha256() {
    if (!context_ || EVP_DigestInit_ex(context_.get(), algorithm(), nullptr) != 1)
      throw std::runtime_error("OpenSSL has no SHA-256");
  }
  void add(const void* data, std::size_t size) {
    if (EVP_DigestUpdate(context_.get(), data, size) != 1) throw std::runtime_error("EVP_DigestUpdate failed");
  }
  std::string hex() {
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    if (EVP_DigestFinal_ex(context_.get(), digest, &size) != 1) throw std::runtime_error("EVP_DigestFinal failed");
    constexpr char kDigits[] = "0123456789abcdef";
    std::string text(2 * size, '0');
    for (unsigned i = 0; i < size; ++i) {
      text[2 * i] = kDigits[digest[i] >> 4];
      text[2 * i + 1] = kDigits[digest[i] & 15];
    }
    return text;
  }

 private:
  // Looked up once: OpenSSL 3 would search its providers for each of a journal's events. Never freed.
  static const EVP_MD* algorithm() {
    static const EVP_MD* const found = EVP_MD_fetch(nullptr, "SHA256", nullptr);
    return found;
  }

  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context_{EVP_MD_CTX_new(), EVP_MD_CTX_free};
};

Error read_error(const std::filesystem::path& path, int code) {
  return Error(code == ENOENT ? ErrorKind::not_found : ErrorKind::io,
               fmt::format("cannot read {}: {}", path.string(), std::strerror(code)));
}

}  // namespace

std::string sha256_hex(std::string_view data) {
  Sha256 sum;
  sum.add(data.data(), data.size());
  return sum.hex();
}

Result<std::string> sha256_of_file(const std::filesystem::path& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return read_error(path, errno);
  Sha256 sum;
  std::vector<char> buffer(1 << 18);
  while (true) {
    const auto count = ::read(file, buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) {
      const int code = errno;
      ::close(file);
      return read_error(path, code);
    }
    if (count == 0) break;
    sum.add(buffer.data(), static_cast<std::size_t>(count));
  }
  ::close(file);
  return sum.hex();
}

}  // namespace pgconvoy

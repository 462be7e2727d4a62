#include "engine/core/secret.hpp"

#include <sys/random.h>

#include <stdexcept>
#include <string_view>
#include <vector>

namespace pgconvoy {
namespace {

std::string random_text(std::size_t length, std::string_view alphabet) {
  // Bytes beyond the largest multiple of the alphabet's size are drawn again, so that every character is
  // equally likely.
  const std::size_t limit = 256 - 256 % alphabet.size();
  std::string text;
  std::vector<unsigned char> bytes(length * 2);
  while (text.size() < length) {
    if (getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size()))
      throw std::runtime_error("getrandom failed");
    for (unsigned char byte : bytes) {
      if (byte >= limit || text.size() == length) continue;
      text += alphabet[byte % alphabet.size()];
    }
  }
  return text;
}

}  // namespace

Secret random_secret() {
  return Secret(random_text(32, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"));
}

std::string random_token(std::size_t length) {
  return random_text(length, "abcdefghijklmnopqrstuvwxyz0123456789");
}

}  // namespace pgconvoy

#include "engine/core/printable.hpp"

namespace pgconvoy {

std::string printable(std::string_view text) {
  std::string line;
  bool gap = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const bool c1 = byte == 0xc2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) >= 0x80 &&
                    static_cast<unsigned char>(text[i + 1]) < 0xa0;
    if (byte <= 0x20 || byte == 0x7f || c1) {
      gap = true;
      i += c1;
      continue;
    }
    if (gap && !line.empty()) line += ' ';
    gap = false;
    line += text[i];
  }
  return line;
}

std::string shortened(std::string text, std::size_t bytes) {
  if (text.size() <= bytes) return text;
  std::size_t end = bytes < 3 ? 0 : bytes - 3;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  text.resize(end);
  return text + "...";
}

}  // namespace pgconvoy

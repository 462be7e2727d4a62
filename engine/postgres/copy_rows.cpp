#include "engine/postgres/copy_rows.hpp"

namespace pgconvoy {
namespace {

constexpr std::string_view kSignature("PGCOPY\n\377\r\n\0", 11);

std::int32_t big_endian(std::string_view bytes, std::size_t at, std::size_t count) {
  std::uint32_t number = 0;
  for (std::size_t i = 0; i < count; ++i) number = (number << 8) | static_cast<unsigned char>(bytes[at + i]);
  return count == 2 ? static_cast<std::int16_t>(number) : static_cast<std::int32_t>(number);
}

}  // namespace

// Signature, flags, and an extension with its length.
void CopyRows::skip_header(std::string_view& piece) {
  constexpr std::size_t kFixed = kSignature.size() + 8;
  broken_ = !piece.starts_with(kSignature) || piece.size() < kFixed;
  if (broken_) return;
  const std::int32_t more = big_endian(piece, kFixed - 4, 4);
  broken_ = more < 0 || piece.size() - kFixed < static_cast<std::size_t>(more);
  if (!broken_) piece.remove_prefix(kFixed + static_cast<std::size_t>(more));
}

std::size_t CopyRows::size_of_tuple(std::string_view piece) {
  broken_ = true;
  if (piece.size() < 2) return 0;
  const std::int32_t fields = big_endian(piece, 0, 2);
  std::size_t size = 2;
  for (std::int32_t field = 0; field < fields; ++field) {
    if (piece.size() - size < 4) return 0;
    const std::int32_t length = big_endian(piece, size, 4);
    size += 4;
    if (length < -1 || (length > 0 && piece.size() - size < static_cast<std::size_t>(length))) return 0;
    if (length > 0) size += static_cast<std::size_t>(length);
  }
  broken_ = false;
  ended_ = fields < 0;
  return ended_ ? 0 : size;
}

}  // namespace pgconvoy

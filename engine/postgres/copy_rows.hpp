// Rows in what COPY TO STDOUT sends, as text or binary (manual, COPY, File Formats).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace pgconvoy {

// For one statement. Text: each row with its newline. Binary: each row with its number of fields; the header before the
// first one and the trailer belong to none.
class CopyRows {
 public:
  explicit CopyRows(bool binary) : binary_(binary) {}

  // REQUIRES: pieces are whole messages, as Session hands them over, in order.
  template <class Row>
  void feed(std::string_view piece, Row row) {
    if (binary_ && !begun_) skip_header(piece);
    begun_ = true;
    while (!piece.empty() && !broken_ && !ended_) {
      const std::size_t size = binary_ ? size_of_tuple(piece) : size_of_line(piece);
      if (size == 0) return;
      row(piece.substr(0, size));
      piece.remove_prefix(size);
    }
  }
  // What came isn't what the format says.
  bool broken() const { return broken_; }

 private:
  static std::size_t size_of_line(std::string_view piece) {
    const std::size_t end = piece.find('\n');
    return end == std::string_view::npos ? piece.size() : end + 1;
  }
  void skip_header(std::string_view& piece);
  std::size_t size_of_tuple(std::string_view piece);  // 0 at the trailer, and when it is broken

  bool binary_, begun_ = false, ended_ = false, broken_ = false;
};

}  // namespace pgconvoy

// Tables for terminals and for Markdown. Pure.
#pragma once

#include <string>
#include <vector>

#include "engine/report/style.hpp"
#include "engine/report/text.hpp"

namespace pgconvoy::report {

enum class Tone { plain, good, bad, warn, dim };
std::string in_tone(const Style& style, Tone tone, std::string_view text);

struct Cell {
  std::string text;  // shown() already
  Tone tone = Tone::plain;
  Cell(std::string text_ = {}, Tone tone_ = Tone::plain) : text(std::move(text_)), tone(tone_) {}
  Cell(const char* text_) : text(text_) {}
};

class Table {
 public:
  struct Column {
    std::string title;
    Align align = Align::left;
    bool gives_way = false;  // is cut when the table is wider than the terminal
  };

  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}
  void add(std::vector<Cell> row);  // as many cells as columns
  bool empty() const { return rows_.empty(); }

  // Title line and rows, two blanks between columns, no blanks at the end of a line. `width` 0: as wide as it is.
  std::string text(const Style& style, std::size_t width) const;
  std::string markdown() const;

 private:
  std::vector<Column> columns_;
  std::vector<std::vector<Cell>> rows_;
};

}  // namespace pgconvoy::report

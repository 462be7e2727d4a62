#include "engine/report/table.hpp"

#include <algorithm>
#include <numeric>

namespace pgconvoy::report {
namespace {

constexpr std::size_t kGap = 2;
constexpr std::size_t kNarrowest = 8;  // a column that gives way keeps this much

// Text in a Markdown cell: what would end the cell or begin markup is escaped.
std::string in_markdown(const std::string& text) {
  std::string result;
  for (const char c : text) {
    if (c == '|' || c == '\\' || c == '`' || c == '*' || c == '_' || c == '<') result += '\\';
    result += c;
  }
  return result;
}

void trim_end(std::string& line) { line.erase(line.find_last_not_of(' ') + 1); }

}  // namespace

std::string in_tone(const Style& style, Tone tone, std::string_view text) {
  switch (tone) {
    case Tone::good:
      return style.good(text);
    case Tone::bad:
      return style.bad(text);
    case Tone::warn:
      return style.warn(text);
    case Tone::dim:
      return style.dim(text);
    case Tone::plain:
      break;
  }
  return std::string(text);
}

void Table::add(std::vector<Cell> row) {
  row.resize(columns_.size());
  rows_.push_back(std::move(row));
}

std::string Table::text(const Style& style, std::size_t width) const {
  std::vector<std::size_t> widths;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    widths.push_back(width_of(columns_[i].title));
    for (const auto& row : rows_) widths[i] = std::max(widths[i], width_of(row[i].text));
  }
  std::size_t whole = std::accumulate(widths.begin(), widths.end(), kGap * (widths.size() - 1));
  for (std::size_t i = 0; i < columns_.size() && width > 0 && whole > width; ++i) {
    if (!columns_[i].gives_way || widths[i] <= kNarrowest) continue;
    const std::size_t less = std::min(widths[i] - kNarrowest, whole - width);
    widths[i] -= less;
    whole -= less;
  }

  std::string result;
  std::string line;
  for (std::size_t i = 0; i < columns_.size(); ++i)
    line += padded(columns_[i].title, widths[i], columns_[i].align) + std::string(kGap, ' ');
  trim_end(line);
  result += style.bold(line) + "\n";
  for (const auto& row : rows_) {
    line.clear();
    std::string gap;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      const std::string text = cut(row[i].text, widths[i]);
      if (text.empty()) {
        gap += std::string(widths[i] + kGap, ' ');
        continue;
      }
      // Only the text is coloured: blanks around it are not underlined by any terminal's idea of a colour.
      const std::string blanks(widths[i] - std::min(widths[i], width_of(text)), ' ');
      const bool right = columns_[i].align == Align::right;
      line += gap + (right ? blanks : "") + in_tone(style, row[i].tone, text);
      gap = (right ? "" : blanks) + std::string(kGap, ' ');
    }
    result += line + "\n";
  }
  return result;
}

std::string Table::markdown() const {
  std::string result = "|", rule = "|";
  for (const Column& column : columns_) {
    result += " " + in_markdown(column.title) + " |";
    rule += column.align == Align::right ? " ---: |" : " --- |";
  }
  result += "\n" + rule + "\n";
  for (const auto& row : rows_) {
    result += "|";
    for (const Cell& cell : row) result += " " + in_markdown(cell.text) + " |";
    result += "\n";
  }
  return result;
}

}  // namespace pgconvoy::report

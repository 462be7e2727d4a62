#include "engine/platform/env_file.hpp"

namespace pgconvoy {
namespace {

bool is_line_of(std::string_view line, std::string_view name) {
  return line.size() > name.size() && line[name.size()] == '=' && line.substr(0, name.size()) == name;
}

}  // namespace

EnvFile::EnvFile(std::string_view text) {
  while (!text.empty()) {
    const auto end = text.find('\n');
    lines_.emplace_back(text.substr(0, end));
    ends_with_line_feed_ = end != std::string_view::npos;
    text.remove_prefix(ends_with_line_feed_ ? end + 1 : text.size());
  }
}

std::optional<std::string> EnvFile::get(std::string_view name) const {
  for (auto line = lines_.rbegin(); line != lines_.rend(); ++line)
    if (is_line_of(*line, name)) return line->substr(name.size() + 1);
  return std::nullopt;
}

void EnvFile::set(std::string_view name, std::string_view value) {
  const std::string changed = std::string(name) + "=" + std::string(value);
  bool found = false;
  for (auto& line : lines_) {
    if (!is_line_of(line, name)) continue;
    line = changed;
    found = true;
  }
  if (found) return;
  lines_.push_back(changed);
  ends_with_line_feed_ = true;
}

std::string EnvFile::text() const {
  std::string text;
  for (const auto& line : lines_) text += line + "\n";
  if (!ends_with_line_feed_ && !text.empty()) text.pop_back();
  return text;
}

bool EnvFile::can_hold(std::string_view value) {
  return value.find_first_of(std::string_view("\n\0", 2)) == std::string_view::npos;
}

}  // namespace pgconvoy

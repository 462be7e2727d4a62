#include "engine/platform/env_file.hpp"

#include <algorithm>
#include <cctype>

namespace pgconvoy {
namespace {

bool is_line_of(std::string_view line, std::string_view name) {
  return line.size() > name.size() && line[name.size()] == '=' && line.substr(0, name.size()) == name;
}

bool is_named_like_a_secret(std::string name) {
  std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::toupper(c); });
  for (const char* word : {"PASS", "PWD", "SECRET", "TOKEN", "KEY", "CREDENTIAL", "DSN"})
    if (name.find(word) != std::string::npos) return true;
  return false;
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

std::vector<Secret> EnvFile::secrets() const {
  constexpr std::size_t kShortest = 4;  // what is shorter stands everywhere
  std::vector<Secret> found;
  for (const std::string& line : lines_) {
    const auto equals = line.find('=');
    if (equals == std::string::npos || line[0] == '#') continue;
    std::string value = line.substr(equals + 1);
    const auto scheme = value.find("://");
    const bool url = scheme != std::string::npos && value.find('@', scheme) != std::string::npos;
    if (value.size() >= kShortest && (url || is_named_like_a_secret(line.substr(0, equals)))) found.emplace_back(std::move(value));
  }
  return found;
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

#include "engine/platform/pgbouncer_file.hpp"

#include <fmt/format.h>

#include <array>
#include <optional>

namespace pgconvoy {
namespace {

bool is_space(char character) { return character == ' ' || (character >= '\t' && character <= '\r'); }
bool is_blank(char character) { return character == ' ' || character == '\t'; }

bool is_bare(char character) {
  return (character >= '0' && character <= '9') || (character >= 'a' && character <= 'z') ||
         (character >= 'A' && character <= 'Z') || (character != '\0' && std::string_view("_.-*").find(character) != std::string_view::npos);
}

// One `key=value` of a line; offsets into the line's value.
struct PoolerParameter {
  std::string key, value;
  std::size_t begin = 0, value_begin = 0, end = 0;
};

// Nothing when pgbouncer would call it a syntax error.
std::optional<std::vector<PoolerParameter>> parameters_in(std::string_view text) {
  std::vector<PoolerParameter> found;
  std::size_t at = 0;
  const auto skip_blanks = [&] {
    while (at < text.size() && is_blank(text[at])) ++at;
  };
  for (skip_blanks(); at < text.size(); skip_blanks()) {
    PoolerParameter parameter;
    parameter.begin = at;
    while (at < text.size() && text[at] != '=' && text[at] != ' ') ++at;
    parameter.key = text.substr(parameter.begin, at - parameter.begin);
    skip_blanks();
    if (at == text.size() || text[at] != '=' || parameter.key.empty()) return std::nullopt;
    ++at;
    skip_blanks();
    parameter.value_begin = at;
    if (at < text.size() && text[at] == '\'') {
      for (++at;; ++at) {
        if (at == text.size()) return std::nullopt;
        if (text[at] == '\'' && (at + 1 == text.size() || text[at + 1] != '\'')) break;
        if (text[at] == '\'') ++at;
        parameter.value += text[at];
      }
      ++at;
    } else {
      while (at < text.size() && text[at] != ' ') parameter.value += text[at++];
    }
    if (parameter.value.empty()) return std::nullopt;
    parameter.end = at;
    found.push_back(std::move(parameter));
  }
  return found;
}

std::string written(const std::string& value, bool was_quoted) {
  if (!was_quoted && value.front() != '\'' && value.find_first_of(" \t") == std::string::npos) return value;
  std::string quoted = "'";
  for (const char character : value) quoted += character == '\'' ? std::string("''") : std::string(1, character);
  return quoted + "'";
}

// `text` with a parameter set, or without it when the value is "" (only a host can be: the socket).
std::string with_parameter(std::string text, const std::string& key, const std::string& value, const std::string& fallback) {
  const auto parameters = parameters_in(text);
  bool there = false;
  for (auto parameter = parameters->rbegin(); parameter != parameters->rend(); ++parameter) {
    if (parameter->key != key) continue;
    there = true;
    if (value.empty()) {
      std::size_t end = parameter->end;
      while (end < text.size() && text[end] == ' ') ++end;
      text.erase(parameter->begin, end - parameter->begin);
    } else if (parameter->value != value) {
      text.replace(parameter->value_begin, parameter->end - parameter->value_begin,
                   written(value, text[parameter->value_begin] == '\''));
    }
  }
  if (there || value == fallback) return text;
  if (!text.empty() && text.back() != ' ') text += ' ';
  return text + key + "=" + written(value, false);
}

Result<std::string> with_place(std::string text, const std::string& alias, const PoolerPlace& place) {
  for (const std::string* part : {&place.host, &place.port, &place.database})
    if (part->find_first_of(std::string_view("\r\n\0", 3)) != std::string::npos)
      return Error(ErrorKind::usage, "a line break or a zero byte can't stand in a pgbouncer file");
  if (place.database.empty() || place.port.empty()) return Error(ErrorKind::usage, "a pooler's alias leads to a port and a database");
  text = with_parameter(std::move(text), "host", place.host, "");
  text = with_parameter(std::move(text), "port", place.port, "5432");
  return with_parameter(std::move(text), "dbname", place.database, alias);
}

}  // namespace

std::vector<PgbouncerFile::Line> PgbouncerFile::lines_of(const std::string& alias) const {
  std::vector<Line> found;
  const std::string_view text = text_;
  bool databases = true;
  for (std::size_t at = 0; at < text.size();) {
    Line line;
    line.begin = at;
    while (at < text.size() && is_space(text[at])) line.begin = text[at++] == '\n' ? at : line.begin;
    if (at == text.size()) break;
    const std::size_t stop = std::min(text.find('\n', at), text.size());
    line.end = std::min(stop + 1, text.size());
    std::string key;
    if (text[at] == '[') {
      const auto close = text.substr(at, stop - at).find(']');
      if (close != std::string_view::npos) {
        databases = text.substr(at + 1, close - 1) == "databases";
        at += close + 1;  // pgbouncer goes on in the same line
        continue;
      }
    } else if (text[at] != '#' && text[at] != ';' && text[at] != '%') {
      if (text[at] == '"' || text[at] == '\'') {  // of releases after 1.18
        const char quote = text[at++];
        for (; at < stop && (text[at] != quote || (at + 1 < stop && text[at + 1] == quote)); ++at) {
          if (text[at] == quote) ++at;
          key += text[at];
        }
        at = std::min(at + 1, stop);
      } else {
        while (at < stop && is_bare(text[at])) key += text[at++];
      }
      while (at < stop && is_blank(text[at])) ++at;
      if (databases && key == alias && at < stop && text[at] == '=') {
        ++at;
        while (at < stop && is_blank(text[at])) ++at;
        line.value = line.value_end = at;
        for (; at < stop; ++at)
          if (!is_space(text[at])) line.value_end = at + 1;
        found.push_back(line);
      }
    }
    at = line.end;
  }
  return found;
}

Result<PgbouncerFile::Line> PgbouncerFile::line_of(const std::string& alias) const {
  const auto lines = lines_of(alias);
  if (lines.empty() || alias == "*")
    return Error(ErrorKind::not_found, fmt::format("alias \"{}\" has no line of its own there", alias),
                 fmt::format("write a line `{} = host=... port=... dbname=...` into [databases]", alias));
  if (lines.size() > 1)
    return Error(ErrorKind::conflict, fmt::format("alias \"{}\" has {} lines there", alias, lines.size()), "leave one of them");
  const auto& line = lines[0];
  if (!parameters_in(std::string_view(text_).substr(line.value, line.value_end - line.value)))
    return Error(ErrorKind::corrupt, fmt::format("the line of alias \"{}\" is not what pgbouncer reads", alias), "correct it");
  return line;
}

Result<PoolerPlace> PgbouncerFile::place(const std::string& alias) const {
  TRY(const Line line, line_of(alias));
  PoolerPlace place{"", "5432", alias};
  const auto parameters = parameters_in(std::string_view(text_).substr(line.value, line.value_end - line.value));
  for (const PoolerParameter& parameter : *parameters) {
    if (parameter.key == "host") place.host = parameter.value;
    if (parameter.key == "port") place.port = parameter.value;
    if (parameter.key == "dbname") place.database = parameter.value;
  }
  return place;
}

Result<void> PgbouncerFile::repoint(const std::string& alias, const PoolerPlace& place) {
  TRY(const Line line, line_of(alias));
  TRY(const std::string changed, with_place(text_.substr(line.value, line.value_end - line.value), alias, place));
  text_.replace(line.value, line.value_end - line.value, changed);
  return {};
}

}  // namespace pgconvoy

#include "engine/platform/setting_sql.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>
#include <vector>

#include "engine/postgres/session.hpp"

namespace pgconvoy {
namespace {

// GUC_LIST_QUOTE in the server's guc tables. Extensions can't define such variables.
constexpr std::array<std::string_view, 6> kQuotedLists{"local_preload_libraries",   "search_path",
                                                       "session_preload_libraries", "shared_preload_libraries",
                                                       "temp_tablespaces",          "unix_socket_directories"};

bool is_guc_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

bool is_quoted_list(std::string_view name) {
  std::string lower(name);
  std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) { return std::tolower(c); });
  return std::find(kQuotedLists.begin(), kQuotedLists.end(), lower) != kQuotedLists.end();
}

// The server's SplitGUCList: elements between commas, in double quotes or bare, neither folded nor cut. Nothing when
// the text isn't such a list.
std::optional<std::vector<std::string>> split_guc_list(std::string_view text) {
  std::vector<std::string> elements;
  std::size_t at = 0;
  const auto skip_space = [&] {
    while (at < text.size() && is_guc_space(text[at])) ++at;
  };
  skip_space();
  if (at == text.size()) return elements;
  for (;;) {
    std::string element;
    if (text[at] == '"') {
      for (++at;; ++at) {
        if (at >= text.size()) return std::nullopt;
        if (text[at] == '"' && (++at >= text.size() || text[at] != '"')) break;
        element += text[at];
      }
    } else {
      while (at < text.size() && text[at] != ',' && !is_guc_space(text[at])) element += text[at++];
      if (element.empty()) return std::nullopt;
    }
    elements.push_back(std::move(element));
    skip_space();
    if (at == text.size()) return elements;
    if (text[at++] != ',') return std::nullopt;
    skip_space();
    if (at == text.size()) return std::nullopt;
  }
}

}  // namespace

std::string alter_setting_sql(std::string_view target, std::string_view setting) {
  const auto equals = std::min(setting.find('='), setting.size());
  const std::string_view name = setting.substr(0, equals);
  const std::string_view value = equals < setting.size() ? setting.substr(equals + 1) : std::string_view();
  std::string literals;
  if (is_quoted_list(name))
    if (const auto elements = split_guc_list(value))
      for (const auto& element : *elements) literals += (literals.empty() ? "" : ", ") + quote_literal(element);
  // An empty list has no other notation.
  if (literals.empty()) literals = quote_literal(value);
  return fmt::format("ALTER {} SET {} TO {}", target, quote_identifier(name), literals);
}

}  // namespace pgconvoy

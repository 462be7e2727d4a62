#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <string_view>

#include "runbooks/yaml.hpp"

namespace pgconvoy {
namespace {

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Words that some reader of YAML takes for something else than text.
bool is_word_of_yaml(std::string_view text) {
  constexpr std::array<std::string_view, 9> kWords{"null", "true", "false", "yes", "no", "on", "off", "y", "n"};
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) { return std::tolower(c); });
  return std::find(kWords.begin(), kWords.end(), lower) != kWords.end();
}

// Text that every reader of YAML takes for this text, in a block and between braces; a duration (7d) is one too.
bool is_plain(std::string_view text) {
  if (text.empty() || text.back() == ' ' || is_word_of_yaml(text)) return false;
  const auto first_letter = std::find_if(text.begin(), text.end(), is_letter);
  if (!is_letter(text.front())) {
    const bool duration = is_digit(text.front()) && first_letter != text.end() && text.size() <= 12 &&
                          std::string_view("dhms").find(*first_letter) != std::string_view::npos &&
                          std::all_of(text.begin(), text.end(), [](char c) { return is_letter(c) || is_digit(c); });
    if (!duration) return false;
  }
  return std::all_of(text.begin(), text.end(), [](char c) {
    return is_letter(c) || is_digit(c) || std::string_view("_-./() ;'").find(c) != std::string_view::npos;
  });
}

std::string double_quoted(std::string_view text) {
  std::string result = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\')
      result += fmt::format("\\{}", c);
    else if (byte < 0x20 || byte == 0x7f)
      result += fmt::format("\\x{:02x}", byte);
    else
      result += c;
  }
  return result + "\"";
}

std::string scalar(const json& value) {
  if (!value.is_string()) return value.dump();
  const auto& text = value.get_ref<const std::string&>();
  return is_plain(text) ? text : double_quoted(text);
}

std::string pairs(const json& arguments) {
  std::vector<std::string> parts;
  for (const auto& [name, value] : arguments.items()) parts.push_back(fmt::format("{}: {}", name, scalar(value)));
  return fmt::format("{{{}}}", fmt::join(parts, ", "));
}

void write(std::string& out, const std::vector<RunbookNode>& nodes, int indent) {
  const std::string space(static_cast<std::size_t>(indent), ' ');
  for (const RunbookNode& node : nodes) {
    if (node.children.empty()) {
      out += fmt::format("{}- {}", space, node.name);
      if (!node.arguments.empty()) out += ": " + pairs(node.arguments);
      out += '\n';
      continue;
    }
    out += fmt::format("{}- {}:\n", space, node.name);
    for (const auto& [name, value] : node.arguments.items())
      out += fmt::format("{}    {}: {}\n", space, name, scalar(value));
    out += fmt::format("{}    operations:\n", space);
    write(out, node.children, indent + 6);
  }
}

}  // namespace

std::string runbook_to_yaml(const Runbook& runbook) {
  std::string out = fmt::format("runbook: {}\n", scalar(runbook.name));
  if (!runbook.summary.empty()) out += fmt::format("summary: {}\n", scalar(runbook.summary));
  if (!runbook.parameters.empty()) out += "parameters:\n";
  for (const Parameter& parameter : runbook.parameters) {
    out += fmt::format("  {}: {{type: {}", parameter.name, to_string(parameter.type));
    if (!parameter.fallback.is_null()) out += ", default: " + scalar(parameter.fallback);
    if (!parameter.summary.empty()) out += ", summary: " + scalar(parameter.summary);
    out += "}\n";
  }
  if (!runbook.preconditions.empty()) out += "preconditions:\n";
  write(out, runbook.preconditions, 2);
  if (!runbook.operations.empty()) out += "operations:\n";
  write(out, runbook.operations, 2);
  return out;
}

}  // namespace pgconvoy

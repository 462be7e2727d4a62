#include "engine/fleet/fields.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>
#include <unordered_map>

#include "engine/fleet/nearest.hpp"

namespace pgconvoy {

void Problems::add(const YamlNode& place, std::string message) {
  problems_.push_back({place.line, place.column, std::move(message)});
}

std::string Problems::suggest(std::string_view wanted, const std::vector<std::string_view>& candidates) {
  if (suggestions_left_ <= 0) return "";
  --suggestions_left_;
  return did_you_mean(wanted, candidates);
}

std::vector<FileProblem> Problems::sorted() const {
  constexpr std::size_t kMost = 1000;
  std::vector<FileProblem> result = problems_;
  std::stable_sort(result.begin(), result.end(), [](const FileProblem& a, const FileProblem& b) {
    return std::tie(a.line, a.column) < std::tie(b.line, b.column);
  });
  if (result.size() > kMost) {
    const FileProblem& next = result[kMost];
    FileProblem rest{next.line, next.column, fmt::format("... and {} more problems", result.size() - kMost)};
    result.resize(kMost);
    result.push_back(std::move(rest));
  }
  return result;
}

std::vector<Entry> read_entries(const YamlNode& map, const std::string& what, Problems& problems) {
  std::vector<Entry> entries;
  std::unordered_map<std::string_view, int> lines;
  entries.reserve(map.entries.size());
  for (const auto& [key, value] : map.entries) {
    if (key->kind != YamlNode::Kind::scalar) {
      problems.add(*key, fmt::format("{}: a key must be text, not {}{}", what, describe(key->kind),
                                     key->kind == YamlNode::Kind::null ? " (put null and ~ in quotes)" : ""));
      continue;
    }
    const auto [first, added] = lines.emplace(key->text, key->line);
    if (!added) {
      problems.add(*key, fmt::format("{}: duplicate key {} (it is on line {} already)", what, in_quotes(key->text),
                                     first->second));
      continue;
    }
    entries.push_back({key->text, key, value});
  }
  return entries;
}

std::string read_text(const YamlNode& node, const std::string& what, Problems& problems) {
  if (node.kind == YamlNode::Kind::null || (node.kind == YamlNode::Kind::scalar && node.text.empty())) {
    problems.add(node, fmt::format("{} is empty", what));
  } else if (node.kind != YamlNode::Kind::scalar) {
    problems.add(node, fmt::format("{} must be text, not {}", what, describe(node.kind)));
  } else if (node.text.find('\0') != std::string::npos) {
    problems.add(node, fmt::format("{} must not contain a zero byte", what));
  } else {
    return node.text;
  }
  return "";
}

bool is_empty_text(const YamlNode& node) {
  return node.kind == YamlNode::Kind::scalar && node.quoted && node.text.empty();
}

Fields::Fields(const YamlNode& place, const YamlNode& value, std::string what, std::vector<std::string_view> known,
               Problems& problems)
    : place_(place), what_(std::move(what)), problems_(problems), is_map_(value.kind == YamlNode::Kind::map) {
  if (!is_map_) {
    problems_.add(value.kind == YamlNode::Kind::null ? place : value,
                  value.kind == YamlNode::Kind::null
                      ? fmt::format("{} is empty", what_)
                      : fmt::format("{} must be a mapping, not {}", what_, describe(value.kind)));
    return;
  }
  for (Entry& entry : read_entries(value, what_, problems_)) {
    if (std::find(known.begin(), known.end(), entry.key) == known.end()) {
      problems_.add(*entry.place, fmt::format("{}: unknown key {}{}", what_, in_quotes(entry.key),
                                              problems_.suggest(entry.key, known)));
      continue;
    }
    entries_.push_back(std::move(entry));
  }
}

const YamlNode* Fields::find(std::string_view key, Need need) const {
  for (const Entry& entry : entries_)
    if (entry.key == key) return entry.value;
  if (need == Need::required && is_map_) problems_.add(place_, fmt::format("{}: missing key \"{}\"", what_, key));
  return nullptr;
}

std::string Fields::text(std::string_view key, Need need) const {
  const YamlNode* node = find(key, need);
  return node == nullptr ? "" : read_text(*node, fmt::format("{}: {}", what_, key), problems_);
}

const YamlNode* Fields::of_kind(std::string_view key, Need need, YamlNode::Kind kind, const char* expected) const {
  const YamlNode* node = find(key, need);
  if (node == nullptr || node->kind == kind) return node;
  if (node->kind == YamlNode::Kind::null)
    problems_.add(*node, fmt::format("{}: {} is empty", what_, key));
  else
    problems_.add(*node, fmt::format("{}: {} must be {}, not {}", what_, key, expected, describe(node->kind)));
  return nullptr;
}

const YamlNode* Fields::map(std::string_view key, Need need) const {
  return of_kind(key, need, YamlNode::Kind::map, "a mapping");
}

const YamlNode* Fields::list(std::string_view key, Need need) const {
  const YamlNode* node = of_kind(key, need, YamlNode::Kind::sequence, "a list");
  if (node == nullptr || !node->items.empty()) return node;
  problems_.add(*node, fmt::format("{}: {} is empty", what_, key));
  return nullptr;
}

std::vector<std::string> Fields::texts(std::string_view key, Need need) const {
  std::vector<std::string> result;
  const YamlNode* node = list(key, need);
  if (node == nullptr) return result;
  for (const YamlNode* item : node->items)
    if (is_empty_text(*item) && !result.empty())
      result.emplace_back();
    else
      result.push_back(read_text(*item, fmt::format("{}: item {} of {}", what_, result.size() + 1, key), problems_));
  return result;
}

std::vector<Entry> Fields::entries(std::string_view key, Need need) const {
  const YamlNode* node = map(key, need);
  if (node == nullptr) return {};
  return read_entries(*node, fmt::format("{}: {}", what_, key), problems_);
}

void Fields::problem(std::string_view key, const std::string& message) const {
  for (const Entry& entry : entries_)
    if (entry.key == key) return problems_.add(*entry.value, fmt::format("{}: {}", what_, message));
  problems_.add(place_, fmt::format("{}: {}", what_, message));
}

}  // namespace pgconvoy

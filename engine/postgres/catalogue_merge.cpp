// Two lists of entries into differences. Pure.
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <map>
#include <tuple>

#include "engine/postgres/catalogue.hpp"

namespace pgconvoy {

namespace {

bool before(const CatalogueEntry& left, const CatalogueEntry& right) {
  return std::tie(left.kind, left.identity) < std::tie(right.kind, right.identity);
}

bool same_text(const std::string& left, const std::string& right) {
  return left == right || push_array_casts(left) == push_array_casts(right);
}

bool same_view(const std::string& left, const std::string& right) {
  return left == right || same_but_for_qualifier(push_array_casts(left), push_array_casts(right));
}

bool same(const CatalogueEntry& source, const CatalogueEntry& target) {
  if (source.kind == "extension version") return compare_versions(source.definition, target.definition) <= 0;
  const bool view = source.kind == "view" || source.kind == "materialized view";
  if (!(view ? same_view : same_text)(source.definition, target.definition)) return false;
  // The text of a function is kept as it was written; only a body in standard SQL is printed from its parse tree.
  const bool printed = source.hidden.find("BEGIN ATOMIC") != std::string::npos;
  return source.hidden == target.hidden || (printed && same_text(source.hidden, target.hidden));
}

std::string key(const CatalogueEntry& entry) { return entry.kind + " " + entry.identity; }

// Entries that only one side has, with what vanished along with them.
class OneSided {
 public:
  void add(const CatalogueEntry& entry) { entries_.push_back(&entry); }

  std::vector<std::pair<const CatalogueEntry*, int>> roots() const {
    std::map<std::string, const CatalogueEntry*> by_key;
    for (const auto* entry : entries_) by_key.emplace(key(*entry), entry);
    std::map<const CatalogueEntry*, int> inside;
    for (const auto* entry : entries_) {
      const CatalogueEntry* root = entry;
      for (auto parent = by_key.find(root->parent); parent != by_key.end() && parent->second != root;
           parent = by_key.find(root->parent))
        root = parent->second;
      auto& count = inside[root];
      if (root != entry) ++count;
    }
    return {inside.begin(), inside.end()};
  }

 private:
  std::vector<const CatalogueEntry*> entries_;
};

std::string present(const CatalogueEntry& entry, int inside) {
  std::string text = shorten_definition(entry.definition, "");
  if (text.empty()) text = "present";
  if (inside > 0) text += fmt::format(" (and {} more that belong{} to it)", inside, inside == 1 ? "s" : "");
  return text;
}

Difference changed(const CatalogueEntry& source, const CatalogueEntry& target) {
  Difference difference{source.kind, source.identity, shorten_definition(source.definition, target.definition),
                        shorten_definition(target.definition, source.definition)};
  if (source.hidden == target.hidden) return difference;
  const auto lines = [](const std::string& text) { return std::count(text.begin(), text.end(), '\n') + 1; };
  const bool routine = source.kind == "function" || source.kind == "procedure" || source.kind == "aggregate";
  const char* what = routine ? "body or settings" : "options";
  const auto place =
      std::mismatch(source.hidden.begin(), source.hidden.end(), target.hidden.begin(), target.hidden.end());
  const auto line = std::count(source.hidden.begin(), place.first, '\n') + 1;
  difference.source += fmt::format("; {} of {} lines", what, lines(source.hidden));
  difference.target += fmt::format("; other {} of {} lines, from line {} on", what, lines(target.hidden), line);
  return difference;
}

}  // namespace

CatalogueComparison merge_catalogues(std::vector<CatalogueEntry> source, std::vector<CatalogueEntry> target) {
  std::sort(source.begin(), source.end(), before);
  std::sort(target.begin(), target.end(), before);
  CatalogueComparison comparison;
  OneSided only_source, only_target;
  auto left = source.begin(), right = target.begin();
  while (left != source.end() || right != target.end()) {
    ++comparison.objects;
    if (right == target.end() || (left != source.end() && before(*left, *right))) {
      only_source.add(*left++);
    } else if (left == source.end() || before(*right, *left)) {
      only_target.add(*right++);
    } else {
      if (!same(*left, *right)) comparison.differences.push_back(changed(*left, *right));
      ++left, ++right;
    }
  }
  for (const auto& [entry, inside] : only_source.roots())
    comparison.differences.push_back({entry->kind, entry->identity, present(*entry, inside), ""});
  for (const auto& [entry, inside] : only_target.roots())
    comparison.differences.push_back({entry->kind, entry->identity, "", present(*entry, inside)});
  std::sort(comparison.differences.begin(), comparison.differences.end(), [](const Difference& a, const Difference& b) {
    return std::tie(a.kind, a.object, a.source) < std::tie(b.kind, b.object, b.source);
  });
  return comparison;
}

int compare_versions(std::string_view left, std::string_view right) {
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  const auto part = [&](std::string_view& text) {
    std::size_t size = 0;
    while (size < text.size() && digit(text[size]) == digit(text[0])) ++size;
    const auto first = text.substr(0, size);
    text.remove_prefix(size);
    return first;
  };
  while (!left.empty() && !right.empty()) {
    auto a = part(left), b = part(right);
    if (digit(a[0]) && digit(b[0])) {
      a.remove_prefix(std::min(a.find_first_not_of('0'), a.size()));
      b.remove_prefix(std::min(b.find_first_not_of('0'), b.size()));
      if (a.size() != b.size()) return a.size() < b.size() ? -1 : 1;
    }
    if (const int order = a.compare(b); order != 0) return order < 0 ? -1 : 1;
  }
  return left.empty() == right.empty() ? 0 : left.empty() ? -1 : 1;
}

std::string shorten_definition(const std::string& definition, const std::string& other) {
  constexpr std::size_t limit = 200, lead = 60;
  const auto continues = [&](std::size_t i) { return i < definition.size() && (definition[i] & 0xC0) == 0x80; };
  std::size_t begin = 0, end = definition.size();
  if (definition.size() > limit) {
    if (!other.empty()) {
      const auto place = std::mismatch(definition.begin(), definition.end(), other.begin(), other.end()).first;
      const auto position = static_cast<std::size_t>(place - definition.begin());
      if (position > lead) begin = std::min(position - lead, definition.size() - limit);
    }
    end = std::min(definition.size(), begin + limit);
    while (continues(begin)) ++begin;
    while (continues(end)) --end;
  }
  std::string text =
      (begin > 0 ? "…" : "") + definition.substr(begin, end - begin) + (end < definition.size() ? "…" : "");
  std::replace_if(
      text.begin(), text.end(), [](unsigned char c) { return c < 0x20 || c == 0x7F; }, ' ');
  return text;
}

}  // namespace pgconvoy

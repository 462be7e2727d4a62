#include "engine/facts/removed_names.hpp"

#include <algorithm>
#include <list>
#include <memory>
#include <mutex>
#include <unordered_set>

namespace pgconvoy {
namespace {

std::string after_schema(std::string_view name) { return std::string(name.substr(name.find('.') == std::string_view::npos ? 0 : name.find('.') + 1)); }

// Of settings, and of columns whatever their type is.
std::set<std::string> missing_lines(std::string_view source, std::string_view target) {
  std::unordered_set<std::string_view> known;
  for (const std::string_view line : lines_of(target)) known.insert(name_of_column(line));
  std::set<std::string> missing;
  for (const std::string_view line : lines_of(source))
    if (!known.contains(name_of_column(line))) missing.emplace(name_of_column(line));
  return missing;
}

std::set<std::string> missing_functions(std::string_view source, std::string_view target) {
  std::unordered_set<std::string_view> known;
  for (const std::string_view line : lines_of(target)) known.insert(name_of_signature(line));
  std::set<std::string> missing;
  for (const std::string_view line : lines_of(source))
    if (!known.contains(name_of_signature(line))) missing.insert(after_schema(name_of_signature(line)));
  return missing;
}

// "infix @"
std::string kind_and_name(std::string_view signature) {
  return std::string(operator_kind(signature)) + " " + std::string(name_of_signature(signature));
}

void find_operators(RemovedNames& removed, std::string_view source, std::string_view target) {
  std::unordered_set<std::string> known;
  for (const std::string_view line : lines_of(target)) known.insert(kind_and_name(line));
  for (const std::string_view line : lines_of(source)) {
    if (known.contains(kind_and_name(line))) continue;
    const std::string_view kind = operator_kind(line);
    (kind == "infix" ? removed.infix : kind == "prefix" ? removed.prefix : removed.postfix).emplace(name_of_signature(line));
  }
}

void add_alternative(std::string& pattern, const std::string& alternative) { pattern += (pattern.empty() ? "" : "|") + alternative; }

// What of two servers is the same for every database of theirs.
class Compared {
 public:
  RemovedNames names(const std::shared_ptr<const Builtins>& source, const std::shared_ptr<const Builtins>& target) {
    const std::lock_guard<std::mutex> guard(mutex_);
    const auto known = std::find_if(pairs_.begin(), pairs_.end(), [&](const Pair& pair) { return pair.source == source && pair.target == target; });
    if (known != pairs_.end()) return known->names;
    if (pairs_.size() >= kMostPairs) pairs_.pop_back();
    pairs_.push_front({source, target, compared(source->fact(), target->fact())});
    return pairs_.front().names;
  }

 private:
  static constexpr std::size_t kMostPairs = 4;
  struct Pair {
    std::shared_ptr<const Builtins> source, target;
    RemovedNames names;
  };

  static RemovedNames compared(const BuiltinsFact& source, const BuiltinsFact& target) {
    RemovedNames removed;
    removed.functions = missing_functions(source.functions, target.functions);
    for (const std::string& column : missing_lines(source.columns, target.columns))
      removed.columns[column.substr(0, column.find('.'))].insert(after_schema(column));
    // Without the right to see them all, a setting that is not there may only be hidden.
    if (!source.settings.empty() && !target.settings.empty()) removed.settings = missing_lines(source.settings, target.settings);
    find_operators(removed, source.operators, target.operators);
    return removed;
  }

  std::mutex mutex_;
  std::list<Pair> pairs_;
};

}  // namespace

RemovedNames removed_names(const std::shared_ptr<const Builtins>& source, const std::shared_ptr<const Builtins>& target, const CodeFacts& code, int from,
                           int to) {
  static Compared compared;
  RemovedNames removed = compared.names(source, target);
  for (const std::string& own : code.own_functions) removed.functions.erase(own);
  for (auto* names : {&removed.infix, &removed.prefix, &removed.postfix})
    for (const std::string& own : code.own_operators) names->erase(own);
  removed.junk_after_numbers = from < 15 && to >= 15;
  removed.numeric_extract = from < 14 && to >= 14;
  return removed;
}

std::string pattern_of(const RemovedNames& removed) {
  std::string words, pattern;
  for (const std::string& name : removed.functions) add_alternative(words, name);
  for (const auto& [relation, columns] : removed.columns)
    for (const std::string& column : columns) add_alternative(words, column);
  for (const std::string& name : removed.settings) add_alternative(words, name);
  // Names of the server are lower-case letters, digits and underscores: nothing to escape.
  if (!words.empty()) add_alternative(pattern, "\\m(" + words + ")\\M");
  std::string characters;
  for (const auto* names : {&removed.infix, &removed.prefix, &removed.postfix})
    for (const std::string& name : *names) {
      std::string escaped;
      for (const char c : name) (escaped += '\\') += c;
      add_alternative(characters, escaped);
    }
  const std::string other = "[^-+*/<>=~!@#%^&|`?]";
  if (!characters.empty()) add_alternative(pattern, "(^|" + other + ")(" + characters + ")($|" + other + ")");
  if (removed.junk_after_numbers) add_alternative(pattern, "(^|[^[:alnum:]_$])[$]?[0-9][0-9.]*[[:alpha:]_]");
  if (removed.numeric_extract) add_alternative(pattern, "\\mextract\\M");
  return pattern;
}

}  // namespace pgconvoy

// Typed, strict reading of YAML mappings. Whatever is wrong is collected with its place, and reading goes on.
//
// Values stand in messages only where they can't be a secret: never those of `url` and `password`.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/fleet/yaml_tree.hpp"

namespace pgconvoy {

class Problems {
 public:
  void add(const YamlNode& place, std::string message);
  void add(FileProblem problem) { problems_.push_back(std::move(problem)); }

  // " (did you mean ...?)" for the first few that ask, so that a file full of errors is still reported quickly.
  std::string suggest(std::string_view wanted, const std::vector<std::string_view>& candidates);

  // In the order of the file; after a thousand only a count of the rest.
  std::vector<FileProblem> sorted() const;

 private:
  std::vector<FileProblem> problems_;
  int suggestions_left_ = 100;
};

struct Entry {
  std::string key;
  const YamlNode* place;  // the key's
  const YamlNode* value;
};

// The entries of a mapping; a key that isn't text or that occurs again is a problem and left out. `what` says in
// messages what the mapping is: "environment "shop"".
std::vector<Entry> read_entries(const YamlNode& map, const std::string& what, Problems& problems);

enum class Need { required, optional };

// One mapping with a known set of keys. Every read of a required key that is missing, and of a value of the wrong
// type, is a problem; the read then gives an empty value.
class Fields {
 public:
  // `place` is what is blamed for missing keys. Unknown keys are reported here, with what they may have meant.
  Fields(const YamlNode& place, const YamlNode& value, std::string what, std::vector<std::string_view> known,
         Problems& problems);

  const YamlNode* find(std::string_view key, Need need) const;  // null when it is not there
  std::string text(std::string_view key, Need need) const;
  std::vector<std::string> texts(std::string_view key, Need need) const;  // at least one; only the first can't be ""
  const YamlNode* map(std::string_view key, Need need) const;             // null unless it is a mapping
  const YamlNode* list(std::string_view key, Need need) const;            // null unless it is a list with an item
  std::vector<Entry> entries(std::string_view key, Need need) const;      // of a mapping that may be empty

  // A problem at the value of `key`, or at the mapping when the key is not there.
  void problem(std::string_view key, const std::string& message) const;

  bool is_map() const { return is_map_; }
  const std::string& what() const { return what_; }
  const std::vector<Entry>& all() const { return entries_; }

 private:
  const YamlNode* of_kind(std::string_view key, Need need, YamlNode::Kind kind, const char* expected) const;

  const YamlNode& place_;
  std::string what_;
  Problems& problems_;
  std::vector<Entry> entries_;
  bool is_map_ = false;
};

// The text of a scalar; a problem and "" when it is something else, empty, or contains a zero byte.
std::string read_text(const YamlNode& node, const std::string& what, Problems& problems);

// "" in quotes: meant, not forgotten.
bool is_empty_text(const YamlNode& node);

}  // namespace pgconvoy

// From the tree of a fleet file to a fleet: keys, types and single values. What refers to something else is checked
// afterwards (references.hpp), for which every read value leaves its place here.
#pragma once

#include <filesystem>
#include <string>
#include <unordered_map>

#include "engine/fleet/fields.hpp"
#include "engine/fleet/fleet.hpp"

namespace pgconvoy {

struct Draft {
  Fleet fleet;  // all that could be read, also beside problems
  Problems problems;
  std::filesystem::path folder;  // of the file, absolute

  // Places of values, by path: "servers/eu-west-pg13/region", "environments/shop-live/bindings/0", "instances/shop".
  std::unordered_map<std::string, const YamlNode*> places;

  void remember(const std::string& path, const YamlNode* place) {
    if (place != nullptr) places.emplace(path, place);
  }
  // null when the value wasn't there, which has been reported then.
  const YamlNode* place(const std::string& path) const {
    const auto found = places.find(path);
    return found == places.end() ? nullptr : found->second;
  }
  std::string absolute(const std::string& path) const { return absolute(folder, path); }
  // "" stays "".
  static std::string absolute(const std::filesystem::path& base, const std::string& path);
};

void read_fleet(const YamlNode& root, Draft& draft);

// Parts of it. `place` is the key that names the thing.
void read_environment(const YamlNode& place, const std::string& id, const YamlNode& value, Draft& draft);
PasswordSource read_password(const Fields& owner, Draft& draft);
// The same for another secret; `ways` are those of env, file, passfile and command that it may come by.
PasswordSource read_secret(const Fields& owner, const std::string& key, std::vector<std::string_view> ways, Draft& draft);
void read_host(const YamlNode& place, const std::string& id, const YamlNode& value, Draft& draft);
void read_pooler(const YamlNode& place, const std::string& id, const YamlNode& value, Draft& draft);
void read_hook(const YamlNode& place, const std::string& id, const YamlNode& value, Draft& draft);
void read_suppression(const YamlNode& node, Draft& draft);
void read_freeze(const YamlNode& node, Draft& draft);
void read_notices(const YamlNode& node, Draft& draft);
// The key windows of a region or an environment, each in one form.
std::vector<std::string> read_windows(const Fields& owner);
// The key labels of an environment or an instance.
std::map<std::string, std::string> read_labels(const Fields& owner, Draft& draft);
void read_backups(const Fields& fields, Draft& draft);
Caps read_caps(const Fields& owner, Draft& draft);
// The keys command, limit and options of `fields`.
PlatformProgram read_program(const Fields& fields, Draft& draft);
// A program and its arguments; a relative path of the program is made absolute against the fleet file's folder.
std::vector<std::string> read_command(const Fields& fields, std::string_view key, Need need, Draft& draft);
std::string read_word(const Fields& fields, std::string_view key, Need need, const std::vector<std::string_view>& words,
                      std::string otherwise, Draft& draft);

// True for [A-Za-z0-9._-]+ of at most 128 characters other than "." and "..": ids become parts of file names.
bool is_id(std::string_view text);

}  // namespace pgconvoy

#include "engine/postgres/archive_list.hpp"

#include <algorithm>
#include <array>
#include <sstream>
#include <string_view>

namespace pgconvoy {
namespace {

// Types of more than one word come before those that they begin with.
constexpr std::array<std::string_view, 27> kTypes{
    "TABLE DATA",     "TABLE ATTACH",  "INDEX ATTACH", "MATERIALIZED VIEW DATA", "CHECK CONSTRAINT", "FK CONSTRAINT",
    "CONSTRAINT",     "INDEX",         "EVENT TRIGGER", "TRIGGER",               "RULE",             "POLICY",
    "ROW SECURITY",   "STATISTICS",    "PUBLICATION TABLES IN SCHEMA", "PUBLICATION TABLE", "PUBLICATION",
    "SUBSCRIPTION TABLE", "SUBSCRIPTION", "DEFAULT ACL", "ACL", "SECURITY LABEL", "COMMENT", "SEQUENCE SET", "BLOBS",
    "BLOB METADATA",  "BLOB"};

bool starts_with_word(std::string_view text, std::string_view word) {
  return text.substr(0, word.size()) == word && (text.size() == word.size() || text[word.size()] == ' ');
}

constexpr std::array<std::string_view, 9> kLate{"TRIGGER",     "RULE",       "POLICY",        "INDEX",       "CONSTRAINT",
                                                "STATISTICS",  "EVENT TRIGGER", "PUBLICATION", "SUBSCRIPTION"};
constexpr std::array<std::string_view, 3> kLast{"EVENT TRIGGER", "PUBLICATION", "SUBSCRIPTION"};

template <std::size_t N>
bool is_one_of(std::string_view object, const std::array<std::string_view, N>& types) {
  return std::any_of(types.begin(), types.end(), [object](std::string_view type) { return starts_with_word(object, type); });
}

// Is "my schema TRIGGER t owner" about one of the types? A schema's name may hold spaces and words that look like types:
// every known one that fits is tried. To take a comment for later than it is does no harm.
template <std::size_t N>
bool is_about(std::string_view rest, const std::array<std::string_view, N>& types, const std::set<std::string>& schemas) {
  return std::any_of(schemas.begin(), schemas.end(), [&](const std::string& schema) {
    return starts_with_word(rest, schema) && rest.size() > schema.size() && is_one_of(rest.substr(schema.size() + 1), types);
  });
}

Pass pass_of(std::string_view type, std::string_view rest, bool superuser_owns, const std::set<std::string>& schemas) {
  if (type == "TABLE DATA" || type == "INDEX" || type == "CONSTRAINT" || type == "CHECK CONSTRAINT")
    return superuser_owns ? Pass::administrator : Pass::load;
  if (type == "TABLE ATTACH") return superuser_owns ? Pass::administrator : Pass::attach;
  if (type == "INDEX ATTACH") return superuser_owns ? Pass::administrator : Pass::attach_indexes;
  if (type == "FK CONSTRAINT") return superuser_owns ? Pass::finish : Pass::link;
  if (type == "MATERIALIZED VIEW DATA") return superuser_owns ? Pass::refresh_superusers : Pass::refresh;
  if (is_one_of(type, kLast) || type.substr(0, 11) == "PUBLICATION" || type.substr(0, 12) == "SUBSCRIPTION") return Pass::last;
  if (type == "COMMENT" || type == "SECURITY LABEL") {
    return is_about(rest, kLast, schemas) ? Pass::last : is_about(rest, kLate, schemas) ? Pass::finish : Pass::define;
  }
  if (type == "ACL") return Pass::privileges;
  for (std::string_view late : {"TRIGGER", "RULE", "POLICY", "ROW SECURITY", "STATISTICS", "DEFAULT ACL"})
    if (type == late) return Pass::finish;
  return Pass::define;
}

}  // namespace

std::vector<ArchiveEntry> split_archive_list(const std::string& list, const std::set<std::string>& roles,
                                             const std::set<std::string>& superusers,
                                             const std::set<std::int64_t>& evaluating) {
  std::vector<ArchiveEntry> entries;
  std::vector<std::string> tags;
  std::set<std::string> schemas{"-", "public"};
  std::istringstream lines(list);
  for (std::string line; std::getline(lines, line);) {
    // "3210; 1262 16384 TABLE DATA public t owner"
    std::size_t at = line.find(';');
    if (at == std::string::npos || at == 0 || line[0] == ';') continue;
    std::string_view rest = std::string_view(line).substr(at + 1);
    std::array<std::int64_t, 2> numbers{};  // oids of catalogue and object
    for (std::int64_t& number : numbers) {
      while (!rest.empty() && rest[0] == ' ') rest.remove_prefix(1);
      for (; !rest.empty() && rest[0] >= '0' && rest[0] <= '9'; rest.remove_prefix(1)) number = number * 10 + (rest[0] - '0');
      while (!rest.empty() && rest[0] != ' ') rest.remove_prefix(1);
    }
    while (!rest.empty() && rest[0] == ' ') rest.remove_prefix(1);
    ArchiveEntry entry;
    for (std::string_view type : kTypes)
      if (starts_with_word(rest, type)) {
        entry.type = type;
        break;
      }
    if (entry.type.empty()) entry.type = rest.substr(0, rest.find(' '));
    for (const std::set<std::string>* names : {&roles, &superusers})
      for (const std::string& role : *names)
        if (role.size() > entry.owner.size() && rest.size() > role.size() && rest.substr(rest.size() - role.size()) == role &&
            rest[rest.size() - role.size() - 1] == ' ')
          entry.owner = role;
    std::string tag(rest.substr(std::min(rest.size(), entry.type.size() + 1)));
    if (entry.type == "SCHEMA" && tag.size() > entry.owner.size() + 3)
      schemas.insert(tag.substr(2, tag.size() - 2 - entry.owner.size() - 1));
    constexpr std::int64_t kClass = 1259;  // pg_class
    if (entry.type == "TABLE" && !superusers.count(entry.owner) && numbers[0] == kClass && evaluating.count(numbers[1]))
      entry.pass = Pass::define_as_tenant;
    entry.line = std::move(line);
    entries.push_back(std::move(entry));
    tags.push_back(std::move(tag));
  }
  for (std::size_t i = 0; i < entries.size(); ++i)
    if (entries[i].pass != Pass::define_as_tenant)
      entries[i].pass = pass_of(entries[i].type, tags[i], superusers.count(entries[i].owner) != 0, schemas);
  return entries;
}

std::string list_of_pass(const std::vector<ArchiveEntry>& entries, Pass pass) {
  std::string text;
  for (const ArchiveEntry& entry : entries)
    if (entry.pass == pass) text += entry.line + "\n";
  return text;
}

}  // namespace pgconvoy

#include "operations/archive_list.hpp"

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

// Comments on what is made late come late; "COMMENT schema TRIGGER ..." has the schema in between.
bool about_something_late(std::string_view rest) {
  const std::size_t space = rest.find(' ');
  if (space == std::string_view::npos) return false;
  const std::string_view object = rest.substr(space + 1);
  for (std::string_view type : {"TRIGGER", "RULE", "POLICY", "INDEX", "CONSTRAINT", "STATISTICS", "EVENT TRIGGER",
                                "PUBLICATION", "SUBSCRIPTION"})
    if (starts_with_word(object, type)) return true;
  return false;
}

bool about_something_last(std::string_view rest) {
  const std::size_t space = rest.find(' ');
  if (space == std::string_view::npos) return false;
  const std::string_view object = rest.substr(space + 1);
  return starts_with_word(object, "EVENT TRIGGER") || starts_with_word(object, "PUBLICATION") ||
         starts_with_word(object, "SUBSCRIPTION");
}

Pass pass_of(std::string_view type, std::string_view rest, bool superuser_owns) {
  if (type == "TABLE DATA" || type == "INDEX" || type == "CONSTRAINT" || type == "CHECK CONSTRAINT")
    return superuser_owns ? Pass::administrator : Pass::load;
  if (type == "TABLE ATTACH" || type == "INDEX ATTACH") return superuser_owns ? Pass::administrator : Pass::load;
  if (type == "FK CONSTRAINT") return superuser_owns ? Pass::finish : Pass::load;
  if (type == "MATERIALIZED VIEW DATA") return superuser_owns ? Pass::last : Pass::refresh;
  if (type == "EVENT TRIGGER" || type.substr(0, 11) == "PUBLICATION" || type.substr(0, 12) == "SUBSCRIPTION")
    return Pass::last;
  if (type == "COMMENT" || type == "SECURITY LABEL")
    return about_something_last(rest) ? Pass::last : about_something_late(rest) ? Pass::finish : Pass::define;
  for (std::string_view late : {"TRIGGER", "RULE", "POLICY", "ROW SECURITY", "STATISTICS", "ACL", "DEFAULT ACL"})
    if (type == late) return Pass::finish;
  return Pass::define;
}

}  // namespace

std::vector<ArchiveEntry> split_archive_list(const std::string& list, const std::set<std::string>& roles,
                                             const std::set<std::string>& superusers) {
  std::vector<ArchiveEntry> entries;
  std::istringstream lines(list);
  for (std::string line; std::getline(lines, line);) {
    // "3210; 1262 16384 TABLE DATA public t owner"
    std::size_t at = line.find(';');
    if (at == std::string::npos || at == 0 || line[0] == ';') continue;
    std::string_view rest = std::string_view(line).substr(at + 1);
    for (int number = 0; number < 2; ++number) {
      while (!rest.empty() && rest[0] == ' ') rest.remove_prefix(1);
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
    std::string_view tag = rest.substr(std::min(rest.size(), entry.type.size() + 1));
    entry.pass = pass_of(entry.type, tag, superusers.count(entry.owner) != 0);
    entry.line = std::move(line);
    entries.push_back(std::move(entry));
  }
  return entries;
}

std::string list_of_pass(const std::vector<ArchiveEntry>& entries, Pass pass) {
  std::string text;
  for (const ArchiveEntry& entry : entries)
    if (entry.pass == pass) text += entry.line + "\n";
  return text;
}

}  // namespace pgconvoy

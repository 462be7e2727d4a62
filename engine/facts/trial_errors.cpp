// What pg_restore says of entries that it could not make.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <sstream>
#include <string_view>

#include "engine/core/printable.hpp"
#include "engine/facts/trial_restore.hpp"

namespace pgconvoy {

PGCONVOY_JSON_FIELDS(TrialError, type, name, message)
PGCONVOY_JSON_FIELDS(TrialFacts, server, database, errors, more, consequences, left_out, unfinished_because, left_behind, seconds)

namespace {

constexpr std::size_t kMostErrors = 20, kMostLeftOut = 20;

constexpr std::array<std::string_view, 27> kLongTypes{
    "ACCESS METHOD", "CHECK CONSTRAINT", "DEFAULT ACL", "EVENT TRIGGER", "FK CONSTRAINT", "FOREIGN DATA WRAPPER", "FOREIGN TABLE",
    "FOREIGN SERVER", "INDEX ATTACH", "MATERIALIZED VIEW", "OPERATOR CLASS", "OPERATOR FAMILY", "PROCEDURAL LANGUAGE",
    "PUBLICATION TABLES IN SCHEMA", "PUBLICATION TABLE", "ROW SECURITY", "SECURITY LABEL", "SEQUENCE OWNED BY", "SEQUENCE SET",
    "SHELL TYPE", "TABLE ATTACH", "TABLE DATA", "TEXT SEARCH CONFIGURATION", "TEXT SEARCH DICTIONARY", "TEXT SEARCH PARSER",
    "TEXT SEARCH TEMPLATE", "USER MAPPING"};

std::string_view type_in(std::string_view text) {
  for (const std::string_view type : kLongTypes)
    if (text.starts_with(type) && text.size() > type.size() && text[type.size()] == ' ') return type;
  return text.substr(0, text.find(' '));
}

// What follows "N; OID OID " in a line about entry N; N itself in `number`.
std::string_view rest_of_entry(std::string_view line, int& number) {
  const auto read = std::from_chars(line.data(), line.data() + line.size(), number);
  if (read.ec != std::errc()) return {};
  std::size_t at = line.find("; ");
  for (int skipped = 0; skipped < 3 && at != std::string_view::npos; ++skipped) at = line.find(' ', at + 1);
  return at == std::string_view::npos ? std::string_view() : line.substr(at + 1);
}

struct Entry {
  std::string type, schema, name;
};

// "AGGREGATE gather(anyelement) shop" of an error and "AGGREGATE public gather(anyelement) shop" of the list.
Entry entry_of(std::string_view failed, std::string_view listed) {
  Entry entry;
  const std::string_view type = type_in(failed);
  entry.type = type;
  std::string_view name = failed.substr(std::min(failed.size(), type.size() + 1));
  if (listed.starts_with(type) && listed.size() > type.size() && listed.ends_with(name)) {
    std::string_view schema = listed.substr(type.size() + 1, listed.size() - type.size() - 1 - std::min(name.size(), listed.size() - type.size() - 1));
    while (!schema.empty() && schema.back() == ' ') schema.remove_suffix(1);
    if (schema != "-") entry.schema = schema;
  }
  if (const auto owner = name.rfind(' '); owner != std::string_view::npos) name = name.substr(0, owner);
  entry.name = name;
  return entry;
}

// Without schema and arguments.
std::string bare(const std::string& name) {
  const std::string without = name.substr(0, name.find('('));
  return without.substr(without.rfind('.') + 1);
}

std::string missing_role_in(const std::string& message, const std::vector<std::string>& roles) {
  for (const std::string& role : roles)
    if (message.find(fmt::format("role \"{}\" does not exist", role)) != std::string::npos) return role;
  return {};
}

bool may_hold_a_secret(const std::string& type) { return type == "SERVER" || type == "FOREIGN SERVER" || type == "USER MAPPING" || type == "SUBSCRIPTION"; }

}  // namespace

void read_trial_errors(TrialFacts& trial, const std::string& said, const std::string& list, const std::vector<std::string>& roles) {
  std::map<int, std::string> listed;
  std::istringstream entries(list);
  for (std::string line; std::getline(entries, line);) {
    int number = 0;
    const std::string_view rest = rest_of_entry(line, number);
    if (!rest.empty()) listed[number] = rest;
  }
  constexpr std::string_view kEntry = "pg_restore: from TOC entry ", kError = "pg_restore: error: ", kQuery = "could not execute query: ERROR:";
  std::vector<std::string> failed;
  for (const TrialError& error : trial.errors) failed.push_back(bare(error.name));
  std::istringstream lines(said);
  Entry entry;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with(kEntry)) {
      int number = 0;
      const std::string_view rest = rest_of_entry(std::string_view(line).substr(kEntry.size()), number);
      entry = entry_of(rest, listed[number]);
      continue;
    }
    if (!line.starts_with(kError)) continue;
    std::string message = line.substr(kError.size());
    if (message.starts_with(kQuery)) message = message.substr(kQuery.size());
    message = shortened(printable(message), 300);
    const std::string name = printable(entry.schema.empty() ? entry.name : entry.schema + "." + entry.name);
    if (const std::string role = missing_role_in(message, roles); !role.empty()) {
      if (trial.left_out.size() < kMostLeftOut) trial.left_out.push_back(printable(fmt::format("{} {}: it needs role \"{}\"", entry.type, name, role)));
      continue;
    }
    const bool follows = message.find("does not exist") != std::string::npos &&
                         std::any_of(failed.begin(), failed.end(), [&message](const std::string& each) { return !each.empty() && message.find(each) != std::string::npos; });
    if (!entry.name.empty()) failed.push_back(bare(entry.name));
    if (follows) {
      ++trial.consequences;
    } else if (trial.errors.size() == kMostErrors) {
      ++trial.more;
    } else {
      trial.errors.push_back({entry.type, name, may_hold_a_secret(entry.type) ? "the server refused it" : message});
    }
  }
}

}  // namespace pgconvoy

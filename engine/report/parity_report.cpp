#include "engine/report/parity_report.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "engine/report/text.hpp"

namespace pgconvoy::report {
namespace {

struct ParityGroup {
  ParityKind kind;
  const char* title;    // for people
  const char* comment;  // in postgresql.conf
};

constexpr ParityGroup kParityGroups[] = {
    {ParityKind::carry_over, "To carry over: set on the old server, default on the new one", "Set on the old server, default on the new one."},
    {ParityKind::renamed, "Renamed", "Renamed."},
    {ParityKind::differs, "Set on both, differently", "Set on both, differently. Uncomment to have the old server's value."},
    {ParityKind::default_changed, "Another default: nothing sets it on either",
     "The default changed and the old server relied on it. Uncomment to keep the old one."},
    {ParityKind::only_there, "Set on the new server only", "Set on the new server only. Uncomment to have the old server's default."},
    {ParityKind::removed, "Removed", "Removed: the new server would not start with these."},
    {ParityKind::no_library, "Of libraries that the new server hasn't loaded", "Of libraries that the new server hasn't loaded."},
    {ParityKind::waits_for_restart, "The new server waits for a restart", "The new server's own files hold another value than it runs with."},
    {ParityKind::new_there, "New: the old version has no such setting", nullptr},
};

std::vector<const ParityEntry*> entries_of(const Parity& parity, ParityKind kind) {
  std::vector<const ParityEntry*> found;
  for (const ParityEntry& entry : parity.entries)
    if (entry.kind == kind) found.push_back(&entry);
  return found;
}

std::string names_only(const std::vector<const ParityEntry*>& entries) {
  std::string names;
  for (const ParityEntry* entry : entries) names += (names.empty() ? "" : ", ") + entry->name;
  return names;
}

std::string line_for_people(const ParityEntry& entry) {
  std::string text = entry.old_name.empty() ? entry.name : entry.old_name + " -> " + entry.name;
  if (!entry.old_value.empty()) text += fmt::format(": {} here", entry.old_value);
  if (!entry.new_value.empty()) text += fmt::format("{} {} there", entry.old_value.empty() ? ":" : ",", entry.new_value);
  if (entry.needs_restart) text += "; needs a restart";
  if (!entry.why.empty()) text += "; " + entry.why;
  return shown(text);
}

// One line whatever is in a value: a comment ends with its line.
std::string line_of_conf(const ParityEntry& entry, bool active) {
  std::vector<std::string> notes;
  if (!entry.old_name.empty()) notes.push_back(fmt::format("was {} = {}", entry.old_name, entry.old_value));
  if (!entry.new_value.empty()) notes.push_back("there: " + entry.new_value);
  if (!entry.why.empty()) notes.push_back(entry.why);
  if (entry.needs_restart) notes.push_back("needs a restart");
  const std::string value = entry.proposed.empty() ? entry.old_value : entry.proposed;
  std::string line = fmt::format("{}{} = {}", active && !entry.proposed.empty() ? "" : "#", entry.name, value.empty() ? "?" : value);
  // The value stays as it is, blanks and all; as_written() leaves no line break in it.
  if (!notes.empty()) line += "  # " + shown(fmt::format("{}", fmt::join(notes, "; ")));
  return line + "\n";
}

}  // namespace

std::string parity_text(const std::vector<Parity>& all, const Style& style, std::size_t width, bool verbose) {
  const std::size_t limit = width == 0 ? 100000 : width;
  std::string text;
  for (const Parity& parity : all) {
    if (!text.empty()) text += "\n";
    text += style.bold(shown(fmt::format("{} (PostgreSQL {}) -> {} (PostgreSQL {})", parity.source, parity.source_version, parity.target,
                                         parity.target_version))) +
            "\n";
    for (const ParityGroup& group : kParityGroups) {
      const auto entries = entries_of(parity, group.kind);
      if (entries.empty()) continue;
      text += "\n" + style.name(group.title) + "\n";
      const bool brief = group.kind == ParityKind::new_there && !verbose;
      if (brief) text += "  " + wrapped(names_only(entries), limit, 4) + "\n";
      for (const ParityEntry* entry : entries)
        if (!brief) text += "  " + wrapped(line_for_people(*entry), limit, 4) + "\n";
    }
    if (!parity.uncertain.empty())
      text += "\n" + style.warn("Not compared") + "\n  " +
              wrapped(fmt::format("{}: pgconvoy's own session sets them, and pg_file_settings can't be read", fmt::join(parity.uncertain, ", ")), limit, 4) +
              "\n";
    if (parity.same()) text += "\nnothing to carry over\n";
  }
  return text;
}

json parity_json(const std::vector<Parity>& all) {
  json document{{"version", 1}, {"kind", "parity"}, {"pairs", json::array()}};
  for (const Parity& parity : all) document["pairs"].push_back(parity);
  return document;
}

std::string parity_conf(const Parity& parity) {
  std::string text = shown(fmt::format("# pgconvoy parity: {} (PostgreSQL {}) -> {} (PostgreSQL {})", parity.source, parity.source_version,
                                       parity.target, parity.target_version)) +
                     "\n# Include it from the new server's postgresql.conf, or copy what you want. Paths, ports and replication are left out.\n";
  for (const ParityGroup& group : kParityGroups) {
    const auto entries = entries_of(parity, group.kind);
    if (entries.empty() || !group.comment) continue;
    text += fmt::format("\n# {}\n", group.comment);
    const bool active = group.kind == ParityKind::carry_over || group.kind == ParityKind::renamed;
    for (const ParityEntry* entry : entries) text += line_of_conf(*entry, active);
  }
  if (parity.same()) text += "\n# Nothing to carry over.\n";
  return text;
}

}  // namespace pgconvoy::report

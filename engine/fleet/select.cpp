#include "engine/fleet/select.hpp"

#include <fmt/format.h>
#include <fnmatch.h>

#include <algorithm>
#include <fstream>
#include <set>

#include "engine/fleet/nearest.hpp"

namespace pgconvoy {
namespace {

constexpr std::size_t kShown = 10;

struct Pattern {
  std::string glob;
  std::string source;  // "--limit", or "limits.txt:3"
};

std::string listing(const std::vector<std::string_view>& ids) {
  if (ids.empty()) return "there are none";
  const std::vector<std::string_view> shown(ids.begin(), ids.begin() + std::min(ids.size(), kShown));
  std::string text = fmt::format("there are: {}", fmt::join(shown, ", "));
  if (ids.size() > kShown) text += fmt::format(" and {} more", ids.size() - kShown);
  return text;
}

std::vector<std::string_view> ids_of(const std::vector<Target>& targets) {
  std::vector<std::string_view> ids;
  for (const Target& target : targets) ids.push_back(target.id);
  return ids;
}

bool matches(const Pattern& pattern, const Target& target) {
  const auto match = [&](const std::string& id) { return fnmatch(pattern.glob.c_str(), id.c_str(), 0) == 0; };
  return match(target.id) || std::any_of(target.environments.begin(), target.environments.end(), match) ||
         std::any_of(target.instances.begin(), target.instances.end(), match);
}

bool matches_any(const std::vector<Pattern>& patterns, const Target& target) {
  return std::any_of(patterns.begin(), patterns.end(), [&](const Pattern& p) { return matches(p, target); });
}

std::string trimmed(const std::string& line) {
  constexpr const char* kSpace = " \t\r\n";
  const auto first = line.find_first_not_of(kSpace);
  return first == std::string::npos ? "" : line.substr(first, line.find_last_not_of(kSpace) - first + 1);
}

Result<std::vector<Pattern>> read_patterns(const std::string& option, const std::vector<std::string>& values) {
  std::vector<Pattern> patterns;
  for (const std::string& value : values) {
    if (value.empty()) return Error(ErrorKind::usage, option + " is empty", "give a glob on target ids, or @FILE");
    if (value[0] != '@') {
      patterns.push_back({value, option});
      continue;
    }
    const std::string name = value.substr(1);
    std::ifstream in(name);
    if (!in) return Error(ErrorKind::io, fmt::format("{} {}: the file cannot be opened", option, value));
    const std::size_t before = patterns.size();
    int number = 0;
    for (std::string line; std::getline(in, line);) {
      ++number;
      std::string glob = trimmed(line);
      if (!glob.empty() && glob[0] != '#') patterns.push_back({std::move(glob), fmt::format("{}:{}", name, number)});
    }
    if (in.bad() || !in.eof())
      return Error(ErrorKind::io, fmt::format("{} {}: the file cannot be read", option, value));
    if (patterns.size() == before)
      return Error(ErrorKind::usage, fmt::format("{} {}: the file names no target", option, value));
  }
  return patterns;
}

Result<void> check_regions(const Fleet& fleet, const std::vector<std::string>& regions) {
  std::vector<std::string_view> known;
  for (const auto& [id, region] : fleet.regions) known.push_back(id);
  for (const std::string& region : regions)
    if (!fleet.regions.contains(region))
      return Error(ErrorKind::usage,
                   fmt::format("there is no region {}{}", in_quotes(region), did_you_mean(region, known)),
                   listing(known));
  return {};
}

std::vector<std::string_view> targets_of_databases(const Fleet& fleet, const Pattern& pattern, const std::vector<Target>& targets) {
  std::vector<std::string_view> ids;
  for (const Target& target : targets)
    if (std::any_of(target.instances.begin(), target.instances.end(), [&](const std::string& id) {
          const auto instance = fleet.instances.find(id);
          return instance != fleet.instances.end() && fnmatch(pattern.glob.c_str(), instance->second.database.c_str(), 0) == 0;
        }))
      ids.push_back(target.id);
  return ids;
}

// Every pattern matches at least one target of the fleet; of globs among exclusions that isn't asked.
Result<void> check_matching(const Fleet& fleet, const std::vector<Pattern>& patterns, const std::vector<Target>& targets,
                            bool exclusion) {
  for (const Pattern& pattern : patterns) {
    if (exclusion && pattern.glob.find_first_of("*?[") != std::string::npos) continue;
    const bool any = std::any_of(targets.begin(), targets.end(), [&](const Target& t) { return matches(pattern, t); });
    if (any) continue;
    const auto ids = ids_of(targets);
    if (const auto meant = targets_of_databases(fleet, pattern, targets); !meant.empty())
      return Error(ErrorKind::usage,
                   fmt::format("{}: {} matches no target; it is the name of a database, and targets go by their ids",
                               pattern.source, in_quotes(pattern.glob)),
                   fmt::format("{}: {}", meant.size() == 1 ? "the database's target is" : "the databases' targets are",
                               fmt::join(meant.begin(), meant.begin() + std::min(meant.size(), kShown), ", ")));
    return Error(ErrorKind::usage,
                 fmt::format("{}: {} matches no target{}", pattern.source, in_quotes(pattern.glob),
                             did_you_mean(pattern.glob, ids)),
                 listing(ids));
  }
  return {};
}

}  // namespace

Result<std::vector<Target>> select_targets(const Fleet& fleet, const std::vector<Target>& targets,
                                           const Selection& selection) {
  TRY(const auto limits, read_patterns("--limit", selection.limit));
  TRY(const auto exclusions, read_patterns("--exclude", selection.exclude));
  TRY_VOID(check_regions(fleet, selection.regions));
  TRY_VOID(check_matching(fleet, limits, targets, false));
  TRY_VOID(check_matching(fleet, exclusions, targets, true));

  const std::set<std::string> regions(selection.regions.begin(), selection.regions.end());
  std::vector<Target> selected;
  std::size_t in_region = 0;
  std::size_t in_limit = 0;
  for (const Target& target : targets) {
    if (!regions.empty() && !regions.contains(target.region)) continue;
    ++in_region;
    if (!limits.empty() && !matches_any(limits, target)) continue;
    ++in_limit;
    if (!matches_any(exclusions, target)) selected.push_back(target);
  }
  if (!selected.empty()) return selected;
  return Error(ErrorKind::usage,
               targets.empty()
                   ? "the selection is empty: the fleet has no targets"
                   : fmt::format("the selection is empty: of {} targets {} are in the selected regions, {} of "
                                 "these match --limit, and --exclude leaves none",
                                 targets.size(), in_region, in_limit),
               listing(ids_of(targets)));
}

}  // namespace pgconvoy

// What a platform is made of in a fleet file: poolers, programs of the site, hooks, backups, limits of servers.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstdio>

#include "engine/fleet/duration.hpp"
#include "engine/fleet/event_names.hpp"
#include "engine/fleet/nearest.hpp"
#include "engine/fleet/moment.hpp"
#include "engine/fleet/schema.hpp"
#include "engine/fleet/url.hpp"

namespace pgconvoy {
namespace {

const std::vector<std::string_view> kPoolerKinds{"pgbouncer", "exec"};
const std::vector<std::string_view> kHookFormats{"json", "slack"};

std::optional<std::int64_t> whole_number(const YamlNode& node, std::string_view& unit) {
  std::int64_t number = 0;
  if (node.kind != YamlNode::Kind::scalar || node.quoted) return std::nullopt;
  const char* end = node.text.data() + node.text.size();
  const auto [stop, failure] = std::from_chars(node.text.data(), end, number);
  if (failure != std::errc{} || number < 0) return std::nullopt;
  unit = std::string_view(stop, static_cast<std::size_t>(end - stop));
  return number;
}

std::optional<std::int64_t> read_count(const Fields& fields, std::string_view key) {
  const YamlNode* node = fields.find(key, Need::optional);
  if (node == nullptr) return std::nullopt;
  std::string_view unit;
  const auto number = whole_number(*node, unit);
  if (number && unit.empty()) return number;
  fields.problem(key, fmt::format("{} must be a whole number", key));
  return std::nullopt;
}

// 500GB, 20 TB, or a number of bytes; powers of 1000.
std::optional<std::int64_t> read_size(const Fields& fields, std::string_view key) {
  const YamlNode* node = fields.find(key, Need::optional);
  if (node == nullptr) return std::nullopt;
  std::string_view unit;
  const auto number = whole_number(*node, unit);
  while (!unit.empty() && unit.front() == ' ') unit.remove_prefix(1);
  constexpr std::array<std::pair<std::string_view, std::int64_t>, 6> kUnits{{{"", 1},
                                                                              {"B", 1},
                                                                              {"kB", 1000},
                                                                              {"MB", 1'000'000},
                                                                              {"GB", 1'000'000'000},
                                                                              {"TB", 1'000'000'000'000}}};
  for (const auto& [name, factor] : kUnits)
    if (number && unit == name && *number <= std::numeric_limits<std::int64_t>::max() / factor) return *number * factor;
  fields.problem(key, fmt::format("{} must be a size such as 500GB", key));
  return std::nullopt;
}

std::optional<Seconds> read_duration(const Fields& fields, std::string_view key) {
  if (fields.find(key, Need::optional) == nullptr) return std::nullopt;
  const std::string text = fields.text(key, Need::required);
  if (text.empty()) return std::nullopt;
  auto duration = parse_short_duration(text);
  if (!duration) fields.problem(key, fmt::format("{} is not a duration; write 90s, 5m or 1h30m", in_quotes(text)));
  return duration;
}

// A day of the calendar, year first.
bool is_date(const std::string& text) {
  int year = 0;
  unsigned month = 0, day = 0;
  char rest = 0;
  if (text.size() != 10 || std::sscanf(text.c_str(), "%4d-%2u-%2u%c", &year, &month, &day, &rest) != 3) return false;
  return std::chrono::year_month_day(std::chrono::year(year), std::chrono::month(month), std::chrono::day(day)).ok();
}

}  // namespace

std::vector<std::string> read_command(const Fields& fields, std::string_view key, Need need, Draft& draft) {
  std::vector<std::string> command = fields.texts(key, need);
  if (!command.empty() && command[0].find('/') != std::string::npos) command[0] = draft.absolute(command[0]);
  return command;
}

PlatformProgram read_program(const Fields& fields, Draft& draft) {
  PlatformProgram program;
  if (!fields.is_map()) return program;
  program.command = read_command(fields, "command", Need::required, draft);
  if (const auto limit = read_duration(fields, "limit")) program.limit = *limit;
  for (const Entry& option : fields.entries("options", Need::optional)) {
    const std::string what = fmt::format("{}: option {}", fields.what(), in_quotes(option.key));
    program.options.emplace(option.key, is_empty_text(*option.value) ? "" : read_text(*option.value, what, draft.problems));
  }
  return program;
}

Caps read_caps(const Fields& owner, Draft& draft) {
  Caps caps;
  const YamlNode* node = owner.map("caps", Need::optional);
  if (node == nullptr) return caps;
  const Fields fields(*node, *node, owner.what() + ": caps", {"bytes", "databases", "connections"}, draft.problems);
  caps.bytes = read_size(fields, "bytes");
  caps.databases = read_count(fields, "databases");
  caps.connections = read_count(fields, "connections");
  return caps;
}

void read_host(const YamlNode& place, const std::string& id, const YamlNode& value, Draft& draft) {
  const Fields fields(place, value, fmt::format("host {}", in_quotes(id)), {"caps"}, draft.problems);
  Host host;
  host.id = id;
  host.caps = read_caps(fields, draft);
  draft.remember("hosts/" + id, &place);
  draft.fleet.hosts.emplace(id, std::move(host));
}

void read_pooler(const YamlNode& place, const std::string& id, const YamlNode& value, Draft& draft) {
  const Fields fields(place, value, fmt::format("pooler {}", in_quotes(id)),
                      {"region", "kind", "url", "password", "config_file", "command", "limit", "options"}, draft.problems);
  Pooler pooler;
  pooler.id = id;
  pooler.region = fields.text("region", Need::required);
  pooler.kind = fields.is_map() ? read_word(fields, "kind", Need::required, kPoolerKinds, "", draft) : "";
  const auto only_of = [&](const char* kind, std::initializer_list<const char*> keys) {
    for (const char* key : keys)
      if (pooler.kind != kind && !pooler.kind.empty() && fields.find(key, Need::optional) != nullptr)
        fields.problem(key, fmt::format("{} has no meaning without kind: {}", key, kind));
  };
  only_of("pgbouncer", {"password", "config_file"});
  only_of("exec", {"command", "limit", "options"});
  // Of a pooler that a program speaks to, the address at which clients reach it.
  pooler.url = fields.text("url", Need::required);
  if (!pooler.url.empty())
    if (const std::string wrong = problem_of_server_url(id, pooler.url); !wrong.empty()) fields.problem("url", wrong);
  if (pooler.kind == "exec") pooler.program = read_program(fields, draft);
  if (pooler.kind == "pgbouncer") {
    pooler.password = read_password(fields, draft);
    pooler.config_file = draft.absolute(fields.text("config_file", Need::required));
  }
  draft.remember("poolers/" + id, &place);
  draft.remember("poolers/" + id + "/region", fields.find("region", Need::optional));
  draft.fleet.poolers.emplace(id, std::move(pooler));
}

void read_hook(const YamlNode& place, const std::string& id, const YamlNode& value, Draft& draft) {
  const Fields fields(place, value, fmt::format("hook {}", in_quotes(id)), {"command", "limit", "options", "events", "webhook", "format"},
                      draft.problems);
  Hook hook;
  hook.id = id;
  hook.webhook = read_secret(fields, "webhook", {"env", "file", "command"}, draft);
  if (fields.find("webhook", Need::optional) == nullptr) {
    hook.program = read_program(fields, draft);
    if (fields.find("format", Need::optional) != nullptr) fields.problem("format", "format has no meaning without webhook");
  } else {
    if (fields.is_map()) hook.format = read_word(fields, "format", Need::optional, kHookFormats, "json", draft);
    for (const char* key : {"command", "options"})
      if (fields.find(key, Need::optional) != nullptr) fields.problem(key, fmt::format("a hook has a command or a webhook; {} has no meaning beside webhook", key));
    if (const auto limit = read_duration(fields, "limit")) hook.program.limit = *limit;
  }
  hook.events = fields.texts("events", Need::optional);
  const auto& known = event_names();
  for (const std::string& event : hook.events)
    if (std::find(known.begin(), known.end(), event) == known.end())
      fields.problem("events", fmt::format("there is no event {}{}", in_quotes(event), draft.problems.suggest(event, known)));
  draft.fleet.hooks.emplace(id, std::move(hook));
}

// Names of conditions are checked where conditions are known: `fleet validate` reads no runbook.
void read_suppression(const YamlNode& node, Draft& draft) {
  const std::string what = fmt::format("suppression {}", draft.fleet.suppressions.size() + 1);
  const Fields fields(node, node, what, {"condition", "target", "object", "reason", "until"}, draft.problems);
  Suppression suppression;
  suppression.condition = fields.text("condition", Need::required);
  if (const std::string glob = fields.text("target", Need::optional); !glob.empty()) suppression.target = glob;
  if (const std::string glob = fields.text("object", Need::optional); !glob.empty()) suppression.object = glob;
  suppression.reason = fields.text("reason", Need::required);
  suppression.until = fields.text("until", Need::required);
  if (!suppression.until.empty() && !is_date(suppression.until))
    fields.problem("until", fmt::format("until is {}; write the last day on which it holds, such as 2027-03-31", in_quotes(suppression.until)));
  draft.fleet.suppressions.push_back(std::move(suppression));
}

void read_freeze(const YamlNode& node, Draft& draft) {
  const std::string what = fmt::format("freeze {}", draft.fleet.freezes.size() + 1);
  const Fields fields(node, node, what, {"environment", "from", "until", "reason"}, draft.problems);
  FreezeRule freeze;
  if (const std::string glob = fields.text("environment", Need::optional); !glob.empty()) freeze.environment = glob;
  freeze.reason = fields.text("reason", Need::required);
  const auto read = [&](const char* key, bool last_day, WallTime& moment) {
    const std::string text = fields.text(key, Need::required);
    const auto parsed = parse_moment(text, last_day);
    if (parsed)
      moment = *parsed;
    else if (!text.empty())
      fields.problem(key, fmt::format("{} is {}; write a day, such as 2026-12-20, or a time, such as 2026-12-20T18:00Z", key, in_quotes(text)));
    return parsed.has_value();
  };
  const bool begins = read("from", false, freeze.from), ends = read("until", true, freeze.until);
  if (begins && ends && freeze.until <= freeze.from) fields.problem("until", "the freeze ends before it begins");
  draft.fleet.freezes.push_back(std::move(freeze));
}

void read_notices(const YamlNode& node, Draft& draft) {
  const Fields fields(node, node, "notices", {"before", "after"}, draft.problems);
  draft.fleet.notices.before = read_duration(fields, "before");
  draft.fleet.notices.after = read_duration(fields, "after");
}

void read_backups(const Fields& fields, Draft& draft) {
  BackupPolicy& policy = draft.fleet.backups;
  policy.directory = draft.absolute(fields.text("directory", Need::optional));
  policy.retention = read_duration(fields, "retention");
  policy.encrypt = read_command(fields, "encrypt", Need::optional, draft);
  policy.decrypt = read_command(fields, "decrypt", Need::optional, draft);
  policy.upload = read_command(fields, "upload", Need::optional, draft);
  policy.download = read_command(fields, "download", Need::optional, draft);
  policy.remove = read_command(fields, "remove", Need::optional, draft);
  const auto together = [&](const char* one, const auto& has, const char* other, const auto& needs) {
    if (!has.empty() && needs.empty())
      fields.problem(one, fmt::format("{} needs {} too: a backup that can't be read back is none", one, other));
  };
  together("encrypt", policy.encrypt, "decrypt", policy.decrypt);
  together("decrypt", policy.decrypt, "encrypt", policy.encrypt);
  together("upload", policy.upload, "download", policy.download);
  together("download", policy.download, "upload", policy.upload);
  together("remove", policy.remove, "upload", policy.upload);
}

}  // namespace pgconvoy

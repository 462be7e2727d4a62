#include "engine/fleet/schema.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "engine/fleet/nearest.hpp"
#include "engine/fleet/url.hpp"
#include "engine/fleet/window.hpp"

namespace pgconvoy {
namespace {

constexpr std::string_view kIdRule = "an id is made of A-Z a-z 0-9 . _ - only, at most 128 of them";

// PostgreSQL cuts longer names (NAMEDATALEN), so they would mean another object.
constexpr std::size_t kLongestName = 63;

std::string read_name(const Fields& fields, std::string_view key) {
  std::string name = fields.text(key, Need::required);
  if (name.size() > kLongestName)
    fields.problem(
        key, fmt::format("{} is {} bytes long; a name in PostgreSQL has at most {}", key, name.size(), kLongestName));
  return name;
}

void read_region(const YamlNode& place, const std::string& id, const YamlNode& value, Draft& draft) {
  Region region;
  region.id = id;
  if (value.kind != YamlNode::Kind::null) {  // `eu-west:` alone is a region without limits
    const Fields fields(place, value, fmt::format("region {}", in_quotes(id)), {"concurrency", "time_zone", "windows"}, draft.problems);
    if (const YamlNode* node = fields.find("concurrency", Need::optional)) {
      int number = 0;
      const char* end = node->text.data() + node->text.size();
      const auto [stop, failure] = std::from_chars(node->text.data(), end, number);
      if (node->kind != YamlNode::Kind::scalar || node->quoted || failure != std::errc{} || stop != end || number < 1)
        fields.problem("concurrency", "concurrency must be a whole number of at least 1");
      else
        region.concurrency = number;
    }
    region.time_zone = fields.text("time_zone", Need::optional);
    if (!region.time_zone.empty())
      if (const auto zone = TimeZone::find(region.time_zone); !zone) fields.problem("time_zone", zone.error().message);
    region.windows = read_windows(fields);
  }
  draft.fleet.regions.emplace(id, std::move(region));
}

void read_server(const YamlNode& place, const std::string& id, const YamlNode& value, Draft& draft) {
  const Fields fields(place, value, fmt::format("server {}", in_quotes(id)), {"region", "service", "url", "password", "host", "caps", "provisioner", "care"},
                      draft.problems);
  Server server;
  server.id = id;
  server.region = fields.text("region", Need::required);
  server.service = fields.text("service", Need::required);
  server.url = fields.text("url", Need::required);
  server.password = read_password(fields, draft);
  server.host = fields.text("host", Need::optional);
  server.caps = read_caps(fields, draft);
  if (const YamlNode* node = fields.map("provisioner", Need::optional)) {
    const Fields program(*node, *node, fields.what() + ": provisioner", {"command", "limit", "options"}, draft.problems);
    server.provisioner = read_program(program, draft);
  }
  if (const YamlNode* node = fields.map("care", Need::optional)) {
    const Fields program(*node, *node, fields.what() + ": care", {"command", "limit", "options"}, draft.problems);
    server.care = read_program(program, draft);
  }
  if (!server.url.empty())
    if (const std::string wrong = problem_of_server_url(id, server.url); !wrong.empty()) fields.problem("url", wrong);
  draft.remember("servers/" + id, &place);
  draft.remember("servers/" + id + "/region", fields.find("region", Need::optional));
  draft.fleet.servers.emplace(id, std::move(server));
}

void read_instance(const YamlNode& place, const std::string& id, const YamlNode& value, Draft& draft) {
  const Fields fields(place, value, fmt::format("instance {}", in_quotes(id)),
                      {"server", "database", "role", "state", "labels", "password"}, draft.problems);
  Instance instance;
  instance.id = id;
  instance.server = fields.text("server", Need::required);
  instance.database = read_name(fields, "database");
  instance.role = read_name(fields, "role");
  if (fields.find("state", Need::optional) != nullptr) instance.state = fields.text("state", Need::required);
  instance.password = read_password(fields, draft);
  instance.labels = read_labels(fields, draft);
  draft.remember("instances/" + id, &place);
  draft.remember("instances/" + id + "/server", fields.find("server", Need::optional));
  draft.remember("instances/" + id + "/database", fields.find("database", Need::optional));
  draft.fleet.instances.emplace(id, std::move(instance));
}

template <class Read>
void read_section(const Fields& top, std::string_view key, Need need, Draft& draft, Read read) {
  const YamlNode* section = top.find(key, need);
  if (section == nullptr) return;
  if (section->kind == YamlNode::Kind::map && section->entries.empty()) {
    if (need == Need::required) top.problem(key, fmt::format("{} is empty", key));
    return;
  }
  for (const Entry& entry : top.entries(key, need)) {
    if (!is_id(entry.key))
      draft.problems.add(*entry.place, fmt::format("{}: {} is no id; {}", key, in_quotes(entry.key), kIdRule));
    read(*entry.place, entry.key, *entry.value, draft);
  }
}

bool format_is_known(const YamlNode& root, const Fields& top, Draft& draft) {
  const YamlNode* version = top.find("pgconvoy", Need::optional);
  if (version == nullptr) {
    draft.problems.add(root,
                       "missing key \"pgconvoy\": a fleet file begins with `pgconvoy: 1`, the number of its format");
    return true;
  }
  if (version->kind == YamlNode::Kind::scalar && !version->quoted && version->text == "1") return true;
  const bool number = version->kind == YamlNode::Kind::scalar && !version->text.empty() &&
                      version->text.find_first_not_of("0123456789") == std::string::npos;
  draft.problems.add(*version,
                     number ? fmt::format("the file is of format {}; this pgconvoy reads format 1", version->text)
                            : "pgconvoy must be 1, the number of the file's format");
  return false;
}

}  // namespace

std::string Draft::absolute(const std::filesystem::path& base, const std::string& path) {
  return path.empty() ? "" : (base / path).lexically_normal().string();
}

bool is_id(std::string_view text) {
  constexpr std::size_t kLongest = 128;
  if (text.empty() || text.size() > kLongest || text == "." || text == "..") return false;
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
           c == '-';
  });
}

std::vector<std::string> read_windows(const Fields& owner) {
  std::vector<std::string> windows;
  for (const std::string& text : owner.texts("windows", Need::optional)) {
    if (const auto window = parse_window(text)) windows.push_back(to_string(*window));
    else owner.problem("windows", window.error().message);
  }
  return windows;
}

std::map<std::string, std::string> read_labels(const Fields& owner, Draft& draft) {
  std::map<std::string, std::string> labels;
  for (const Entry& label : owner.entries("labels", Need::optional)) {
    const std::string what = fmt::format("{}: label {}", owner.what(), in_quotes(label.key));
    constexpr std::size_t kLongestLabel = 128;
    if (label.key.empty() || label.key.size() > kLongestLabel || label.key.find('\0') != std::string::npos)
      draft.problems.add(*label.place, what + ": a label's name has 1 to 128 bytes, none of them zero");
    else if (is_empty_text(*label.value))
      labels.emplace(label.key, "");
    else
      labels.emplace(label.key, read_text(*label.value, what, draft.problems));
  }
  return labels;
}

PasswordSource read_password(const Fields& owner, Draft& draft) {
  return read_secret(owner, "password", {"env", "file", "passfile", "command"}, draft);
}

PasswordSource read_secret(const Fields& owner, const std::string& key, std::vector<std::string_view> ways, Draft& draft) {
  PasswordSource source;
  const YamlNode* node = owner.find(key, Need::optional);
  if (node == nullptr) return source;
  if (node->kind != YamlNode::Kind::map) {
    // Most likely the secret itself stands here: it isn't repeated.
    owner.problem(key, key == "password"
                           ? "password says where the password is, never what it is: write " + ways_to_give_a_password()
                           : fmt::format("{0} says where the {0} is, never what it is: write {{env: NAME}}, {{file: PATH}} or "
                                         "{{command: [...]}}", key));
    return source;
  }
  const Fields fields(*node, *node, owner.what() + ": " + key, ways, draft.problems);
  if (fields.all().size() != 1) {
    const std::string last(ways.back());
    ways.pop_back();
    owner.problem(key, fmt::format("{} needs exactly one of {} and {}", key, fmt::join(ways, ", "), last));
  }
  source.environment = fields.text("env", Need::optional);
  if (source.environment.find('=') != std::string::npos)
    fields.problem("env", "env is the name of an environment variable");
  source.file = draft.absolute(fields.text("file", Need::optional));
  source.passfile = draft.absolute(fields.text("passfile", Need::optional));
  source.command = fields.texts("command", Need::optional);
  return source;
}

void read_fleet(const YamlNode& root, Draft& draft) {
  if (root.kind != YamlNode::Kind::map) {
    draft.problems.add(
        root, fmt::format("a fleet file is a mapping that begins with `pgconvoy: 1`, not {}", describe(root.kind)));
    return;
  }
  const Fields top(root, root, "fleet", {"pgconvoy", "regions", "hosts", "servers", "poolers", "environments", "instances", "backups", "hooks", "suppressions", "freezes", "notices"},
                   draft.problems);
  if (!format_is_known(root, top, draft)) return;
  read_section(top, "regions", Need::required, draft, read_region);
  read_section(top, "hosts", Need::optional, draft, read_host);
  read_section(top, "servers", Need::required, draft, read_server);
  read_section(top, "poolers", Need::optional, draft, read_pooler);
  read_section(top, "environments", Need::optional, draft, read_environment);
  read_section(top, "instances", Need::optional, draft, read_instance);
  read_section(top, "hooks", Need::optional, draft, read_hook);
  if (const YamlNode* node = top.list("suppressions", Need::optional))
    for (const YamlNode* item : node->items) read_suppression(*item, draft);
  if (const YamlNode* node = top.list("freezes", Need::optional))
    for (const YamlNode* item : node->items) read_freeze(*item, draft);
  if (const YamlNode* node = top.map("notices", Need::optional)) read_notices(*node, draft);
  if (const YamlNode* node = top.map("backups", Need::optional)) {
    const Fields fields(*node, *node, "backups",
                        {"directory", "retention", "encrypt", "decrypt", "upload", "download", "remove"}, draft.problems);
    read_backups(fields, draft);
  }
}

}  // namespace pgconvoy

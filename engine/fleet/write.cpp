// The writing half of file.hpp. Our own few lines rather than YAML::Emitter: every text that YAML 1.1 or 1.2 could
// take for something else is quoted, in one way.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "engine/core/bytes.hpp"
#include "engine/fleet/duration.hpp"
#include "engine/fleet/moment.hpp"
#include "engine/fleet/file.hpp"

namespace pgconvoy {
namespace {

// Plain only when nobody can read it as a number, a date, a truth value or syntax.
bool is_plain(const std::string& text) {
  static constexpr std::array<std::string_view, 10> kWords{"y",   "n",    "yes",   "no",   "on",
                                                           "off", "true", "false", "null", ""};
  std::string lower;
  for (const char c : text) lower += (c >= 'A' && c <= 'Z') ? static_cast<char>(c - 'A' + 'a') : c;
  if (std::find(kWords.begin(), kWords.end(), lower) != kWords.end()) return false;
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || c == '_' || c == '/'; };
  return letter(lower[0]) && std::all_of(lower.begin(), lower.end(), [&](char c) {
           return letter(c) || (c >= '0' && c <= '9') || c == '-' || c == '.';
         });
}

std::string scalar(const std::string& text) {
  if (is_plain(text)) return text;
  std::string result = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\')
      result += {'\\', c};
    else if (c == '\n')
      result += "\\n";
    else if (byte < 0x20 || byte == 0x7F)
      result += fmt::format("\\x{:02x}", byte);
    else
      result += c;
  }
  return result + "\"";
}

std::string flow_list(const std::vector<std::string>& texts) {
  std::vector<std::string> scalars;
  for (const std::string& text : texts) scalars.push_back(scalar(text));
  return fmt::format("[{}]", fmt::join(scalars, ", "));
}

std::string flow_map(const std::map<std::string, std::string>& texts) {
  std::vector<std::string> pairs;
  for (const auto& [key, value] : texts) pairs.push_back(fmt::format("{}: {}", scalar(key), scalar(value)));
  return fmt::format("{{{}}}", fmt::join(pairs, ", "));
}

// Appends "KEY: VALUE" lines at one depth.
class Block {
 public:
  Block(std::string& out, std::size_t depth) : out_(out), indent_(depth * 2, ' ') {}
  void raw(std::string_view key, const std::string& value) const {
    out_ += fmt::format("{}{}: {}\n", indent_, key, value);
  }
  void text(std::string_view key, const std::string& value) const { raw(key, scalar(value)); }
  void text_if_any(std::string_view key, const std::string& value) const {
    if (!value.empty()) text(key, value);
  }
  void open(const std::string& key) const { out_ += fmt::format("{}{}:\n", indent_, scalar(key)); }
  void password(const PasswordSource& source) const { secret("password", source); }
  void secret(std::string_view key, const PasswordSource& source) const {
    if (!source.environment.empty()) raw(key, flow_map({{"env", source.environment}}));
    if (!source.file.empty()) raw(key, flow_map({{"file", source.file}}));
    if (!source.passfile.empty()) raw(key, flow_map({{"passfile", source.passfile}}));
    if (!source.command.empty()) raw(key, fmt::format("{{command: {}}}", flow_list(source.command)));
  }

 private:
  std::string& out_;
  std::string indent_;
};

void write_program(const PlatformProgram& program, const Block& fields) {
  if (program.command.empty()) return;
  fields.raw("command", flow_list(program.command));
  if (program.limit != PlatformProgram{}.limit) fields.raw("limit", format_short_duration(program.limit));
  if (!program.options.empty()) fields.raw("options", flow_map(program.options));
}

void write_caps(const Caps& given, const Block& fields) {
  std::vector<std::string> caps;
  if (given.bytes) caps.push_back(fmt::format("bytes: {}", *given.bytes));
  if (given.databases) caps.push_back(fmt::format("databases: {}", *given.databases));
  if (given.connections) caps.push_back(fmt::format("connections: {}", *given.connections));
  if (!caps.empty()) fields.raw("caps", fmt::format("{{{}}}", fmt::join(caps, ", ")));
}

void write_server(const Server& server, std::string& out) {
  const Block fields(out, 2);
  fields.text("region", server.region);
  fields.text("service", server.service);
  fields.text("url", server.url);
  fields.password(server.password);
  fields.text_if_any("host", server.host);
  write_caps(server.caps, fields);
  for (const auto& [key, program] : {std::pair{"provisioner", &server.provisioner}, {"care", &server.care}}) {
    if (program->command.empty()) continue;
    fields.open(key);
    write_program(*program, Block(out, 3));
  }
}

void write_pooler(const Pooler& pooler, std::string& out) {
  const Block fields(out, 2);
  fields.text("region", pooler.region);
  fields.text("kind", pooler.kind);
  fields.text("url", pooler.url);
  fields.password(pooler.password);
  fields.text_if_any("config_file", pooler.config_file);
  write_program(pooler.program, fields);
}

void write_hook(const Hook& hook, std::string& out) {
  const Block fields(out, 2);
  write_program(hook.program, fields);
  if (hook.webhook != PasswordSource{}) {
    fields.secret("webhook", hook.webhook);
    if (hook.format != "json") fields.text("format", hook.format);
    if (hook.program.limit != PlatformProgram{}.limit) fields.raw("limit", format_short_duration(hook.program.limit));
  }
  if (!hook.events.empty()) fields.raw("events", flow_list(hook.events));
}

void write_backups(const BackupPolicy& policy, std::string& out) {
  if (policy == BackupPolicy{}) return;
  Block(out, 0).open("backups");
  const Block fields(out, 1);
  fields.text_if_any("directory", policy.directory);
  if (policy.retention) fields.raw("retention", format_short_duration(*policy.retention));
  const auto program = [&](const char* key, const std::vector<std::string>& command) {
    if (!command.empty()) fields.raw(key, flow_list(command));
  };
  program("encrypt", policy.encrypt);
  program("decrypt", policy.decrypt);
  program("upload", policy.upload);
  program("download", policy.download);
  program("remove", policy.remove);
}

void write_controller(const ControllerSpec& controller, std::string& out) {
  Block(out, 2).open("controller");
  const Block fields(out, 3);
  fields.text("kind", controller.kind);
  fields.text_if_any("directory", controller.directory);
  if (!controller.start.empty()) fields.raw("start", flow_list(controller.start));
  fields.text_if_any("env_file", controller.env_file);
  fields.text_if_any("pid_file", controller.pid_file);
  fields.text_if_any("log_file", controller.log_file);
  fields.text_if_any("maintenance_file", controller.maintenance_file);
  fields.text_if_any("health_url", controller.health_url);
  fields.text_if_any("public_url", controller.public_url);
  write_program(controller.program, fields);
}

void write_environment(const Environment& environment, std::string& out) {
  const Block fields(out, 2);
  fields.text("region", environment.region);
  fields.text("application", environment.application);
  fields.text("stage", environment.stage);
  if (environment.downtime_budget) fields.raw("downtime_budget", format_short_duration(*environment.downtime_budget));
  fields.text_if_any("image", environment.image);
  if (!environment.windows.empty()) fields.raw("windows", flow_list(environment.windows));
  if (!environment.labels.empty()) fields.raw("labels", flow_map(environment.labels));
  write_controller(environment.controller, out);
  if (environment.bindings.empty()) return;
  fields.open("bindings");
  for (const Binding& binding : environment.bindings) {
    out += fmt::format("      - instance: {}\n", scalar(binding.instance));
    if (!binding.variables.empty()) Block(out, 4).raw("variables", flow_map(binding.variables));
    if (!binding.poolers.empty()) Block(out, 4).raw("poolers", flow_map(binding.poolers));
  }
}

void write_instance(const Instance& instance, std::string& out) {
  const Block fields(out, 2);
  fields.text("server", instance.server);
  fields.text("database", instance.database);
  fields.text("role", instance.role);
  fields.text("state", instance.state);
  if (!instance.labels.empty()) fields.raw("labels", flow_map(instance.labels));
  fields.password(instance.password);
}

template <class Things, class Write>
void write_section(const char* name, const Things& things, std::string& out, Write write,
                   const std::map<std::string, std::int64_t>& bytes = {}) {
  if (things.empty()) return;
  Block(out, 0).open(name);
  for (const auto& [id, thing] : things) {
    Block(out, 1).open(id);
    if (const auto size = bytes.find(id); size != bytes.end()) {
      out.pop_back();
      out += fmt::format("  # {}\n", format_bytes({size->second}));
    }
    write(thing, out);
  }
}

void write_suppressions(const std::vector<Suppression>& suppressions, std::string& out) {
  if (suppressions.empty()) return;
  Block(out, 0).open("suppressions");
  for (const Suppression& each : suppressions) {
    out += fmt::format("  - condition: {}\n", scalar(each.condition));
    const Block fields(out, 2);
    if (each.target != "*") fields.text("target", each.target);
    if (each.object != "*") fields.text("object", each.object);
    fields.text("reason", each.reason);
    fields.text("until", each.until);
  }
}

void write_freezes(const std::vector<FreezeRule>& freezes, std::string& out) {
  if (freezes.empty()) return;
  Block(out, 0).open("freezes");
  for (const FreezeRule& each : freezes) {
    out += fmt::format("  - environment: {}\n", scalar(each.environment));
    const Block fields(out, 2);
    fields.raw("from", format_moment(each.from));
    fields.raw("until", format_moment(each.until));
    fields.text("reason", each.reason);
  }
}

}  // namespace

std::string fleet_to_yaml(const Fleet& fleet, const std::map<std::string, std::int64_t>& bytes) {
  std::string out = "pgconvoy: 1\n";
  write_section("regions", fleet.regions, out, [](const Region& region, std::string& text) {
    const Block fields(text, 2);
    if (region.concurrency) fields.raw("concurrency", fmt::to_string(*region.concurrency));
    fields.text_if_any("time_zone", region.time_zone);
    if (!region.windows.empty()) fields.raw("windows", flow_list(region.windows));
  });
  write_section("hosts", fleet.hosts, out, [](const Host& host, std::string& text) { write_caps(host.caps, Block(text, 2)); });
  write_section("servers", fleet.servers, out, write_server);
  write_section("poolers", fleet.poolers, out, write_pooler);
  write_section("environments", fleet.environments, out, write_environment);
  write_section("instances", fleet.instances, out, write_instance, bytes);
  write_backups(fleet.backups, out);
  write_section("hooks", fleet.hooks, out, write_hook);
  write_suppressions(fleet.suppressions, out);
  write_freezes(fleet.freezes, out);
  std::vector<std::string> notices;
  if (fleet.notices.before) notices.push_back("before: " + format_short_duration(*fleet.notices.before));
  if (fleet.notices.after) notices.push_back("after: " + format_short_duration(*fleet.notices.after));
  if (!notices.empty()) Block(out, 0).raw("notices", fmt::format("{{{}}}", fmt::join(notices, ", ")));
  return out;
}

}  // namespace pgconvoy

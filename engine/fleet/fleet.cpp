#include "engine/fleet/fleet.hpp"

#include "engine/core/digest.hpp"

namespace pgconvoy {

NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(PasswordSource, environment, file, passfile, command)
// What an earlier version didn't know is left out when it is empty, and may be missing: digests and stored plans of
// fleets without it stay what they were.
static void add_program(json& target, const char* key, const PlatformProgram& program) {
  if (program.command.empty()) return;
  target[key] = {{"command", program.command}, {"limit", program.limit.count()}, {"options", program.options}};
}

static void to_json(json& target, const Region& region) {
  target = {{"id", region.id}, {"concurrency", region.concurrency ? json(*region.concurrency) : json()}};
  if (!region.time_zone.empty()) target["time_zone"] = region.time_zone;
  if (!region.windows.empty()) target["windows"] = region.windows;
}

static void from_json(const json& source, Region& region) {
  source.at("id").get_to(region.id);
  region.concurrency.reset();
  if (!source.at("concurrency").is_null()) region.concurrency = source.at("concurrency").get<int>();
  region.time_zone = source.value("time_zone", "");
  region.windows = source.value("windows", std::vector<std::string>());
}

static PlatformProgram program_in(const json& source, const char* key) {
  PlatformProgram program;
  const auto found = source.find(key);
  if (found == source.end()) return program;
  found->at("command").get_to(program.command);
  program.limit = Seconds(found->at("limit").get<double>());
  found->at("options").get_to(program.options);
  return program;
}

static void add_caps(json& target, const Caps& given) {
  json caps = json::object();
  if (given.bytes) caps["bytes"] = *given.bytes;
  if (given.databases) caps["databases"] = *given.databases;
  if (given.connections) caps["connections"] = *given.connections;
  if (!caps.empty()) target["caps"] = caps;
}

static Caps caps_in(const json& source) {
  const auto caps = source.find("caps");
  if (caps == source.end()) return {};
  const auto number = [&](const char* key) {
    const auto found = caps->find(key);
    return found == caps->end() ? std::optional<std::int64_t>() : found->get<std::int64_t>();
  };
  return {number("bytes"), number("databases"), number("connections")};
}

static void to_json(json& target, const Host& host) {
  target = {{"id", host.id}};
  add_caps(target, host.caps);
}

static void from_json(const json& source, Host& host) {
  source.at("id").get_to(host.id);
  host.caps = caps_in(source);
}

static void to_json(json& target, const Server& server) {
  target = {{"id", server.id}, {"region", server.region}, {"service", server.service}, {"url", server.url}, {"password", server.password}};
  if (!server.host.empty()) target["host"] = server.host;
  add_caps(target, server.caps);
  add_program(target, "provisioner", server.provisioner);
  add_program(target, "care", server.care);
}

static void from_json(const json& source, Server& server) {
  source.at("id").get_to(server.id);
  source.at("region").get_to(server.region);
  source.at("service").get_to(server.service);
  source.at("url").get_to(server.url);
  source.at("password").get_to(server.password);
  server.host = source.value("host", "");
  server.caps = caps_in(source);
  server.provisioner = program_in(source, "provisioner");
  server.care = program_in(source, "care");
}

static void to_json(json& target, const Pooler& pooler) {
  target = {{"id", pooler.id},   {"region", pooler.region},     {"kind", pooler.kind},
            {"url", pooler.url}, {"password", pooler.password}, {"config_file", pooler.config_file}};
  add_program(target, "program", pooler.program);
}

static void from_json(const json& source, Pooler& pooler) {
  source.at("id").get_to(pooler.id);
  source.at("region").get_to(pooler.region);
  source.at("kind").get_to(pooler.kind);
  source.at("url").get_to(pooler.url);
  source.at("password").get_to(pooler.password);
  source.at("config_file").get_to(pooler.config_file);
  pooler.program = program_in(source, "program");
}

static void to_json(json& target, const Hook& hook) {
  target = {{"id", hook.id}, {"events", hook.events}};
  add_program(target, "program", hook.program);
  if (hook.webhook == PasswordSource{}) return;
  target["webhook"] = hook.webhook;
  target["format"] = hook.format;
  target["limit"] = hook.program.limit.count();
}

static void from_json(const json& source, Hook& hook) {
  source.at("id").get_to(hook.id);
  source.at("events").get_to(hook.events);
  hook.program = program_in(source, "program");
  if (source.contains("webhook")) {
    source.at("webhook").get_to(hook.webhook);
    hook.program.limit = Seconds(source.at("limit").get<double>());
  }
  hook.format = source.value("format", "json");
}

static void to_json(json& target, const BackupPolicy& policy) {
  target = {{"directory", policy.directory}, {"retention", policy.retention ? json(policy.retention->count()) : json()},
            {"encrypt", policy.encrypt},     {"decrypt", policy.decrypt},
            {"upload", policy.upload},       {"download", policy.download},
            {"remove", policy.remove}};
}

static void from_json(const json& source, BackupPolicy& policy) {
  source.at("directory").get_to(policy.directory);
  policy.retention.reset();
  if (!source.at("retention").is_null()) policy.retention = Seconds(source.at("retention").get<double>());
  source.at("encrypt").get_to(policy.encrypt);
  source.at("decrypt").get_to(policy.decrypt);
  source.at("upload").get_to(policy.upload);
  source.at("download").get_to(policy.download);
  source.at("remove").get_to(policy.remove);
}

static void to_json(json& target, const ControllerSpec& spec) {
  target = {{"kind", spec.kind},
            {"directory", spec.directory},
            {"start", spec.start},
            {"env_file", spec.env_file},
            {"pid_file", spec.pid_file},
            {"log_file", spec.log_file},
            {"maintenance_file", spec.maintenance_file},
            {"health_url", spec.health_url},
            {"public_url", spec.public_url}};
  add_program(target, "program", spec.program);
}

static void from_json(const json& source, ControllerSpec& spec) {
  source.at("kind").get_to(spec.kind);
  source.at("directory").get_to(spec.directory);
  source.at("start").get_to(spec.start);
  source.at("env_file").get_to(spec.env_file);
  source.at("pid_file").get_to(spec.pid_file);
  source.at("log_file").get_to(spec.log_file);
  source.at("maintenance_file").get_to(spec.maintenance_file);
  source.at("health_url").get_to(spec.health_url);
  source.at("public_url").get_to(spec.public_url);
  spec.program = program_in(source, "program");
}

static void to_json(json& target, const Binding& binding) {
  target = {{"instance", binding.instance}, {"variables", binding.variables}};
  if (!binding.poolers.empty()) target["poolers"] = binding.poolers;
}

static void from_json(const json& source, Binding& binding) {
  source.at("instance").get_to(binding.instance);
  source.at("variables").get_to(binding.variables);
  binding.poolers = source.value("poolers", std::map<std::string, std::string>());
}

NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Instance, id, server, database, role, state, password, labels)

// By hand: a duration is a number of seconds.
static void to_json(json& target, const Environment& environment) {
  target = json{{"id", environment.id},
                {"region", environment.region},
                {"application", environment.application},
                {"stage", environment.stage},
                {"downtime_budget", environment.downtime_budget ? json(environment.downtime_budget->count()) : json()},
                {"controller", environment.controller},
                {"bindings", environment.bindings}};
  if (!environment.image.empty()) target["image"] = environment.image;
  if (!environment.windows.empty()) target["windows"] = environment.windows;
  if (!environment.labels.empty()) target["labels"] = environment.labels;
}

static void from_json(const json& source, Environment& environment) {
  source.at("id").get_to(environment.id);
  source.at("region").get_to(environment.region);
  source.at("application").get_to(environment.application);
  source.at("stage").get_to(environment.stage);
  const json& budget = source.at("downtime_budget");
  environment.downtime_budget.reset();
  if (!budget.is_null()) environment.downtime_budget = Seconds(budget.get<double>());
  source.at("controller").get_to(environment.controller);
  source.at("bindings").get_to(environment.bindings);
  environment.image = source.value("image", "");
  environment.windows = source.value("windows", std::vector<std::string>());
  environment.labels = source.value("labels", std::map<std::string, std::string>());
}

NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Suppression, condition, target, object, reason, until)

static void to_json(json& target, const FreezeRule& freeze) {
  target = {{"environment", freeze.environment}, {"from", format_utc(freeze.from)}, {"until", format_utc(freeze.until)}, {"reason", freeze.reason}};
}

static void from_json(const json& source, FreezeRule& freeze) {
  source.at("environment").get_to(freeze.environment);
  freeze.from = parse_utc(source.at("from").get<std::string>());
  freeze.until = parse_utc(source.at("until").get<std::string>());
  source.at("reason").get_to(freeze.reason);
}

namespace {

template <class Thing>
json list(const std::map<std::string, Thing>& things) {
  json result = json::array();
  for (const auto& [id, thing] : things) result.push_back(thing);
  return result;
}

template <class Thing>
std::map<std::string, Thing> by_id(const json& things) {
  std::map<std::string, Thing> result;
  for (const json& item : things) {
    auto thing = item.get<Thing>();
    std::string id = thing.id;
    result.emplace(std::move(id), std::move(thing));
  }
  return result;
}

}  // namespace

void to_json(json& target, const Fleet& fleet) {
  target = json{{"regions", list(fleet.regions)},
                {"servers", list(fleet.servers)},
                {"environments", list(fleet.environments)},
                {"instances", list(fleet.instances)}};
  if (!fleet.hosts.empty()) target["hosts"] = list(fleet.hosts);
  if (!fleet.poolers.empty()) target["poolers"] = list(fleet.poolers);
  if (!fleet.hooks.empty()) target["hooks"] = list(fleet.hooks);
  if (fleet.backups != BackupPolicy{}) target["backups"] = fleet.backups;
  if (!fleet.suppressions.empty()) target["suppressions"] = fleet.suppressions;
  if (!fleet.freezes.empty()) target["freezes"] = fleet.freezes;
  if (fleet.notices.before) target["notices"]["before"] = fleet.notices.before->count();
  if (fleet.notices.after) target["notices"]["after"] = fleet.notices.after->count();
}

void from_json(const json& source, Fleet& fleet) {
  fleet.regions = by_id<Region>(source.at("regions"));
  fleet.servers = by_id<Server>(source.at("servers"));
  fleet.environments = by_id<Environment>(source.at("environments"));
  fleet.instances = by_id<Instance>(source.at("instances"));
  if (source.contains("hosts")) fleet.hosts = by_id<Host>(source.at("hosts"));
  if (source.contains("poolers")) fleet.poolers = by_id<Pooler>(source.at("poolers"));
  if (source.contains("hooks")) fleet.hooks = by_id<Hook>(source.at("hooks"));
  if (source.contains("backups")) source.at("backups").get_to(fleet.backups);
  if (source.contains("suppressions")) source.at("suppressions").get_to(fleet.suppressions);
  if (source.contains("freezes")) source.at("freezes").get_to(fleet.freezes);
  if (const auto notices = source.find("notices"); notices != source.end()) {
    if (notices->contains("before")) fleet.notices.before = Seconds(notices->at("before").get<double>());
    if (notices->contains("after")) fleet.notices.after = Seconds(notices->at("after").get<double>());
  }
}

std::vector<const Server*> Fleet::servers_offering(const std::string& region, const std::string& service) const {
  std::vector<const Server*> found;
  for (const auto& [id, server] : servers)
    if (server.region == region && server.service == service) found.push_back(&server);
  return found;
}

std::string digest(const Fleet& fleet) { return sha256_hex(json(fleet).dump()); }

}  // namespace pgconvoy

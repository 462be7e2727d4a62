#include "engine/facts/settings.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <set>
#include <tuple>

#include "engine/facts/needed_roles.hpp"
#include "engine/facts/part.hpp"

namespace pgconvoy {

PGCONVOY_JSON_FIELDS(FunctionSettingsFact, function, settings)
PGCONVOY_JSON_FIELDS(RefusedSettingFact, name, value, sqlstate, message)

std::string function_settings_sql(int) {
  return R"sql((
  select coalesce(json_agg(json_build_object('function', f.name, 'settings', f.settings)), '[]')
    from (select p.oid::regprocedure::text as name,
                 (select json_agg(case when split_part(c.line, '=', 1) like '%.%' then split_part(c.line, '=', 1) || '=***' else c.line end)
                    from unnest(p.proconfig) c(line) where c.line not like 'search\_path=%') as settings
            from pg_proc p
           where p.proconfig is not null and p.oid >= 16384
             and not exists (select 1 from pg_depend d where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e')
           order by 1 limit 1000) f
   where f.settings is not null))sql";
}

std::string setting_catalog_sql(int) {
  return R"sql((
  select json_object_agg(lower(name), concat_ws(' ', vartype, min_val || '..' || max_val, unit, enumvals::text))
    from pg_settings where context in ('user', 'superuser', 'backend', 'superuser-backend')))sql";
}

NamedSetting named_setting(std::string_view line) {
  const auto equals = std::min(line.find('='), line.size());
  return {std::string(line.substr(0, equals)), std::string(equals < line.size() ? line.substr(equals + 1) : std::string_view())};
}

namespace {

using SettingCatalog = std::map<std::string, std::string>;

std::string in_lower_case(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

// Looked up in the server's files, or checked by a program.
constexpr std::array<std::string_view, 8> kLookedUp{"client_encoding", "datestyle",  "lc_messages", "lc_monetary",
                                                    "lc_numeric",      "lc_time", "timezone",    "timezone_abbreviations"};

// Two or more identifiers with dots between them: what PostgreSQL 14 made of the names of an application's own settings.
bool is_custom_name(std::string_view name) {
  bool begins = true, has_dot = false;
  for (const char c : name) {
    const auto letter = static_cast<unsigned char>(c);
    const bool first = std::isalpha(letter) != 0 || c == '_' || letter >= 0x80;
    if (c == '.') {
      if (begins) return false;
      begins = has_dot = true;
    } else if (first || (!begins && (std::isdigit(letter) != 0 || c == '$'))) {
      begins = false;
    } else {
      return false;
    }
  }
  return has_dot && !begins;
}

// A library that is loaded reserves the first part of its settings' names (PostgreSQL 15).
bool is_reserved_prefix(const std::string& name, const SettingCatalog& there) {
  const std::string prefix = name.substr(0, name.find('.') + 1);
  if (prefix == "plpgsql.") return true;
  const auto next = there.lower_bound(prefix);
  return next != there.end() && next->first.starts_with(prefix);
}

// Some names of values are taken and not shown: password_encryption = on, until 13.
bool is_shown_value(std::string value, const std::string& signature) {
  const auto open = signature.find('{');
  if (!signature.starts_with("enum") || open == std::string::npos) return true;
  value = in_lower_case(std::move(value));
  std::string list = "," + in_lower_case(signature.substr(open + 1));
  list.back() = ',';
  return list.find("," + value + ",") != std::string::npos || list.find(",\"" + value + "\",") != std::string::npos;
}

bool is_to_ask(const NamedSetting& setting, const SettingCatalog& here, const SettingCatalog& there) {
  const std::string name = in_lower_case(setting.name);
  if (name.ends_with("_preload_libraries")) return false;  // any text; libraries_available looks for the files
  const auto target = there.find(name);
  if (name.find('.') != std::string::npos) {
    if (target == there.end()) return !is_custom_name(name) || is_reserved_prefix(name, there);
    const auto source = here.find(name);
    return setting.value != "***" && source != here.end() && source->second != target->second;
  }
  if (target == there.end()) return true;
  if (std::find(kLookedUp.begin(), kLookedUp.end(), name) != kLookedUp.end()) return true;
  const auto source = here.find(name);
  return source == here.end() || source->second != target->second || !is_shown_value(setting.value, target->second);
}

SettingCatalog catalog_of(const TargetFacts& facts, const std::map<std::string, std::string>& places, const std::string& instance) {
  const auto place = places.find(instance);
  const auto server = place == places.end() ? facts.servers.end() : facts.servers.find(place->second);
  return server == facts.servers.end() ? SettingCatalog() : part<SettingCatalog>(server->second.parts, kSettingCatalogPart).value_or(SettingCatalog());
}

}  // namespace

std::vector<NamedSetting> settings_that_move(const TargetFacts& facts, const std::string& instance) {
  std::set<NamedSetting> found;
  const auto add = [&found](const std::vector<std::string>& lines) {
    for (const std::string& line : lines) found.insert(named_setting(line));
  };
  const DatabaseFacts& database = facts.databases.at(instance);
  add(database.settings);
  for (const auto& [role, settings] : database.role_settings) add(settings);
  for (const NeededRole& needed : needed_roles(facts, instance))
    if (needed.role) add(needed.role->settings);
  if (const auto functions = part<std::vector<FunctionSettingsFact>>(database.parts, kFunctionSettingsPart))
    for (const FunctionSettingsFact& function : *functions) add(function.settings);
  return {found.begin(), found.end()};
}

std::vector<NamedSetting> settings_to_ask(const TargetFacts& facts, const std::string& instance) {
  std::vector<NamedSetting> moving = settings_that_move(facts, instance);
  if (moving.empty()) return moving;
  const SettingCatalog here = catalog_of(facts, facts.source_server, instance), there = catalog_of(facts, facts.target_server, instance);
  // A role that moves along is there before a setting names it.
  const std::vector<NeededRole> roles = needed_roles(facts, instance);
  const auto moves_along = [&roles](const NamedSetting& setting) {
    return setting.name == "role" && std::any_of(roles.begin(), roles.end(), [&](const NeededRole& needed) { return needed.role && needed.name == setting.value; });
  };
  std::erase_if(moving, [&](const NamedSetting& setting) { return !is_to_ask(setting, here, there) || moves_along(setting); });
  return moving;
}

Task<Result<json>> read_refused_settings(const InquiryContext& context) {
  const std::vector<NamedSetting> asked = settings_to_ask(context.facts, context.instance.id);
  json refused = json::array();
  if (asked.empty()) co_return refused;
  SessionOptions options;
  options.application_name = "pgconvoy/facts";
  options.statement_limit = Seconds(10);
  options.lock_limit = Seconds(2);
  options.settings = {{"default_transaction_read_only", "on"}};
  const std::string maintenance;
  CO_TRY(SessionPtr session, co_await context.open_target(maintenance, std::move(options)));
  // So that it has reserved its names, as it has in a restore with functions.
  auto loaded = co_await session->script("do 'begin end' language plpgsql");
  if (!loaded && !session->usable()) co_return loaded.error();
  for (const NamedSetting& setting : asked) {
    std::vector<Value> parameters{setting.name, setting.value == "***" ? "" : setting.value};
    const std::string sql = "select set_config($1, $2, true) is null";
    auto taken = co_await session->query(sql, std::move(parameters));
    if (taken) continue;
    const Error& error = taken.error();
    if (!session->usable()) co_return error;
    if (error.sqlstate == "42704" || error.sqlstate == "42602" || error.sqlstate == "22023")
      refused.push_back(RefusedSettingFact{setting.name, setting.value, error.sqlstate, error.message});
  }
  co_return refused;
}

}  // namespace pgconvoy

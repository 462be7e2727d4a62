// Settings that databases, roles and functions carry, and what the target server says to them.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/json.hpp"
#include "engine/facts/inquiry.hpp"

namespace pgconvoy {

inline constexpr const char* kFunctionSettingsPart = "function_settings";
inline constexpr const char* kSettingCatalogPart = "setting_catalog";
inline constexpr const char* kRefusedSettingsPart = "refused_settings";

// A function with SET clauses. Values of an application's own settings (with a dot in their name) are "***".
struct FunctionSettingsFact {
  std::string function;               // regprocedure, qualified
  std::vector<std::string> settings;  // "work_mem=64MB"
};
PGCONVOY_JSON(FunctionSettingsFact);

// A list of FunctionSettingsFact, at most 1000 of them; search_path is left out, any text is right for it. Members of
// extensions are left out. pg_proc.proconfig.
std::string function_settings_sql(int version);

// Of a server: name in lower case -> "type range unit values" of every setting that a session may have (pg_settings). A
// setting that only superusers may see is missing for others.
std::string setting_catalog_sql(int version);

// What the target server refuses.
struct RefusedSettingFact {
  std::string name, value;  // as they stand on the source
  std::string sqlstate;     // 42704 unknown, 42602 not a name, 22023 not a value
  std::string message;
};
PGCONVOY_JSON(RefusedSettingFact);

// Name and value of "name=value".
struct NamedSetting {
  std::string name, value;
  bool operator<(const NamedSetting& other) const { return std::tie(name, value) < std::tie(other.name, other.value); }
};
NamedSetting named_setting(std::string_view line);

// Every setting that moves with the database: its own, of its roles in it, of the roles it needs, of its functions.
std::vector<NamedSetting> settings_that_move(const TargetFacts& facts, const std::string& instance);

// Those of them that the catalogues of the two servers don't decide: unknown there, of another type or range, or of a
// type whose values a server looks up in its files (time zones, locales).
std::vector<NamedSetting> settings_to_ask(const TargetFacts& facts, const std::string& instance);

// A list of RefusedSettingFact: each setting that is to be asked is set for the length of one statement in a read-only
// session of the target's maintenance database. No session when there is none to ask. Needs the two parts above.
Task<Result<json>> read_refused_settings(const InquiryContext& context);

}  // namespace pgconvoy

#include "conditions/settings_known.hpp"

#include <fmt/format.h>

#include <map>
#include <optional>
#include <set>

#include "conditions/moves.hpp"
#include "engine/facts/needed_roles.hpp"
#include "engine/facts/parity.hpp"
#include "engine/facts/settings.hpp"

namespace pgconvoy {
namespace {

using Refused = std::map<NamedSetting, RefusedSettingFact>;

class SettingsKnown final : public Condition {
 public:
  std::string name() const override { return "settings_known"; }
  std::string summary() const override {
    return "The target server knows every setting of databases, roles and functions, and takes its value.";
  }
  std::vector<std::string> needs() const override { return {kFunctionSettingsPart, kSettingCatalogPart, kRefusedSettingsPart}; }

  ConditionPage page() const override {
    ConditionPage page;
    page.why = "ALTER DATABASE ... SET, ALTER ROLE ... SET and the SET clause of a function are carried over. A server refuses "
               "them when it doesn't know the setting or its value, so the move would fail, a restore at CREATE FUNCTION. "
               "PostgreSQL 14 removed vacuum_cleanup_index_scale_factor and operator_precedence_warning, takes only the names "
               "of the methods for password_encryption, and lets an application's own settings be called by identifiers only: "
               "\"my-app.user\" is none. 15 keeps the names that begin with a loaded library's for that library.";
    page.reads = "Settings of the database, of its roles in it, of roles that the move makes on the target, and of functions. "
                 "What the catalogues of settings of the two servers don't decide is tried in a read-only session on the target "
                 "server, for the length of one statement: whether it errs is what is reported.";
    page.silent = "Settings of an application's own (app.tenant) whose name is made of identifiers, whatever their value; search "
                  "paths, for which any text is right; roles that the target has already, for they are left as they are. What an "
                  "application sets by itself in its sessions can't be seen.";
    page.remedies = "Reset the setting on the source, or give it a value that both versions know.";
    page.sources = "Release notes of PostgreSQL 14 and 15, \"Migration to Version\" and \"Server Configuration\"; manual: "
                   "Customized Options, ALTER DATABASE, ALTER ROLE, CREATE FUNCTION.";
    return page;
  }

  std::vector<Finding> evaluate(const TargetFacts& facts, const json&) const override {
    std::vector<Finding> findings;
    std::set<std::string> roles_said;
    for (const Move& move : moves_of(facts)) {
      for (const char* part_name : {kFunctionSettingsPart, kRefusedSettingsPart})
        if (!move.database.parts.contains(part_name) || !unreadable(move.database.parts, part_name).empty()) {
          findings.push_back(not_known(name(), move, part_name));
          break;
        }
      const auto list = part<std::vector<RefusedSettingFact>>(move.database.parts, kRefusedSettingsPart);
      if (!list || list->empty()) continue;
      Refused refused;
      for (const RefusedSettingFact& fact : *list) refused[{fact.name, fact.value}] = fact;
      examine(facts, move, refused, roles_said, findings);
    }
    return findings;
  }

 private:
  void examine(const TargetFacts& facts, const Move& move, const Refused& refused, std::set<std::string>& roles_said,
               std::vector<Finding>& findings) const {
    const std::string database = as_identifier(move.database.database);
    judge(move, refused, move.database.settings, move.object(), "ALTER DATABASE " + database, false, findings);
    for (const auto& [role, settings] : move.database.role_settings)
      judge(move, refused, settings, fmt::format("role {} in {}", as_identifier(role), move.object()),
            fmt::format("ALTER ROLE {} IN DATABASE {}", as_identifier(role), database), false, findings);
    for (const NeededRole& needed : needed_roles(facts, move.instance)) {
      if (!needed.role || move.target.roles.contains(needed.name)) continue;
      if (!roles_said.insert(fmt::format("{}\n{}\n{}", move.source.server, move.target.server, needed.name)).second) continue;
      judge(move, refused, needed.role->settings, "role " + as_identifier(needed.name), "ALTER ROLE " + as_identifier(needed.name), false, findings);
    }
    if (const auto functions = part<std::vector<FunctionSettingsFact>>(move.database.parts, kFunctionSettingsPart))
      for (const FunctionSettingsFact& function : *functions)
        judge(move, refused, function.settings, fmt::format("function {} in {}", shown_name(function.function), move.object()),
              "ALTER ROUTINE " + shown_name(function.function), true, findings);
  }

  // `sql` is the statement that sets it, as far as the word SET.
  void judge(const Move& move, const Refused& refused, const std::vector<std::string>& settings, const std::string& object,
             const std::string& sql, bool is_function, std::vector<Finding>& findings) const {
    for (const std::string& line : settings) {
      const NamedSetting setting = named_setting(line);
      const auto found = refused.find(setting);
      if (found == refused.end()) continue;
      const RefusedSettingFact& fact = found->second;
      const bool reserved = fact.sqlstate == "42602" && fact.message.find("plpgsql.") != std::string::npos;
      Finding finding;
      // A database's or role's setting of a library that isn't loaded at that moment is taken, and ignored with a warning later.
      finding.severity = reserved && !is_function ? Severity::warn : Severity::block;
      finding.condition = name();
      finding.object = object;
      finding.evidence = fmt::format("sets {} to {}; {} says: {}", shown_name(setting.name),
                                     setting.value == "***" ? std::string("a value of its own") : as_identifier(setting.value),
                                     move.target.server, shown_name(fact.message));
      finding.why = why(move, setting, fact, is_function);
      finding.remedy = remedy(move, setting, fact, sql);
      finding.cause = fmt::format("setting {}", shown_name(setting.name));
      findings.push_back(std::move(finding));
    }
  }

  static std::string why(const Move& move, const NamedSetting& setting, const RefusedSettingFact& fact, bool is_function) {
    const std::string effect = is_function ? "the restore stops at CREATE FUNCTION"
                                           : "settings are carried over after the restore: that fails, and the move is undone";
    if (fact.sqlstate == "42602") {
      if (fact.message.find("plpgsql.") != std::string::npos)
        return "PL/pgSQL keeps the names that begin with its own for itself since PostgreSQL 15: " +
               (is_function ? effect : std::string("the setting is ignored with a warning in every session"));
      return "since PostgreSQL 14 such a name is made of identifiers with dots between them, and since 15 it may not begin with "
             "that of a loaded library (manual: Customized Options): " + effect;
    }
    if (const SettingHistory* gone = gone_setting(setting.name, major_of(move.source), major_of(move.target)); gone && fact.sqlstate == "42704")
      return fmt::format("PostgreSQL {} removed it ({}): {}", gone->version, gone->text, effect);
    return effect;
  }

  static std::string remedy(const Move& move, const NamedSetting& setting, const RefusedSettingFact& fact, const std::string& sql) {
    const std::string quoted = setting.name.find('.') == std::string::npos ? setting.name : as_identifier(setting.name);
    std::string text = fmt::format("on {}: {} RESET {}", move.source.server, sql, quoted);
    if (fact.sqlstate == "22023") return text + ", or SET it to a value that both versions know";
    if (fact.sqlstate == "42602") return text + ", and have the application use another name";
    if (const SettingHistory* gone = gone_setting(setting.name, major_of(move.source), major_of(move.target)); gone && !gone->new_name.empty())
      text += fmt::format("; its successor is {}", gone->new_name);
    return text;
  }
};

}  // namespace

std::unique_ptr<Condition> make_settings_known() { return std::make_unique<SettingsKnown>(); }

}  // namespace pgconvoy

#include "conditions/tablespaces_available.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "conditions/moves.hpp"
#include "engine/facts/libraries.hpp"
#include "engine/facts/settings.hpp"
#include "engine/facts/tablespaces.hpp"

namespace pgconvoy {
namespace {

class TablespacesAvailable final : public Condition {
 public:
  std::string name() const override { return "tablespaces_available"; }
  std::string summary() const override { return "The target server has the tablespaces that the databases name."; }
  std::vector<std::string> needs() const override { return {kTablespacesPart, kUsedTablespacesPart}; }

  ConditionPage page() const override {
    ConditionPage page;
    page.why = "A dump says in which tablespace a table or an index lies; where there is none of that name, the restore stops. The "
               "tablespace of the database itself isn't part of a dump: the new database is made in the target's default one.";
    page.reads = "pg_class.reltablespace, pg_database.dattablespace, the settings default_tablespace and temp_tablespaces of database "
                 "and roles; pg_tablespace of the target.";
    page.silent = "Tablespaces that nothing of the database lies in. How large the target's are can't be seen.";
    page.remedies = "CREATE TABLESPACE on the target under the same name, or move the objects to pg_default on the source.";
    page.sources = "Manual: Tablespaces, CREATE DATABASE, pg_dump (--no-tablespaces).";
    return page;
  }

  std::vector<Finding> evaluate(const TargetFacts& facts, const json&) const override {
    std::vector<Finding> findings;
    for (const Move& move : moves_of(facts)) {
      const auto used = part<std::vector<UsedTablespaceFact>>(move.database.parts, kUsedTablespacesPart);
      const auto there = part<std::set<std::string>>(move.target.parts, kTablespacesPart);
      if (!used || !there) {
        findings.push_back(not_known(name(), move, kUsedTablespacesPart));
        continue;
      }
      examine(move, *used, *there, findings);
    }
    return findings;
  }

 private:
  Finding finding(Severity severity, const std::string& tablespace, const Move& move, std::string evidence, std::string why, std::string remedy) const {
    Finding made{severity, name(), fmt::format("tablespace {} of {}", as_identifier(tablespace), move.object()), std::move(evidence),
                 std::move(why), std::move(remedy), false};
    made.cause = fmt::format("tablespace {}", shown_name(tablespace));
    return made;
  }

  void examine(const Move& move, const std::vector<UsedTablespaceFact>& used, const std::set<std::string>& there,
               std::vector<Finding>& findings) const {
    for (const UsedTablespaceFact& place : used)
      if (!there.contains(place.tablespace))
        findings.push_back(finding(Severity::block, place.tablespace, move,
                                   fmt::format("{} objects lie in it, such as {}; {} has no such tablespace", place.objects, shown_name(place.example), move.target.server),
                                   "a dump names the tablespace of each: the restore stops there (manual: Tablespaces)",
                                   fmt::format("on {}: CREATE TABLESPACE {} LOCATION '...'; or on the source ALTER TABLE or INDEX ... SET TABLESPACE pg_default",
                                               move.target.server, as_identifier(place.tablespace))));
    const std::string& own = move.database.tablespace;
    if (!own.empty() && own != "pg_default")
      findings.push_back(finding(Severity::warn, own, move, "it is the database's own tablespace",
                                 "the new database is made in the target's default tablespace: what lies on disks of its own now will not",
                                 fmt::format("see that the data directory of {} has the room and the speed; or ALTER DATABASE {} SET TABLESPACE there after the move",
                                             move.target.server, as_identifier(move.database.database))));
    std::set<std::string> said;
    const auto look = [&](const std::vector<std::string>& settings, const std::string& whose) {
      for (const std::string& line : settings) {
        const NamedSetting setting = named_setting(line);
        if (setting.name != "default_tablespace" && setting.name != "temp_tablespaces") continue;
        std::vector<std::string> names{setting.value};
        if (setting.name == "temp_tablespaces") names = listed_libraries(setting.value);
        for (const std::string& each : names)
          if (!each.empty() && !there.contains(each) && said.insert(setting.name + each).second)
            findings.push_back(finding(Severity::warn, each, move, fmt::format("{} sets {} to it; {} has no such tablespace", whose, setting.name, move.target.server),
                                       "every session would begin with a warning, and new tables lie in the database's own tablespace",
                                       fmt::format("on {}: CREATE TABLESPACE {} LOCATION '...'; or RESET the setting on the source", move.target.server,
                                                   as_identifier(each))));
      }
    };
    look(move.database.settings, "the database");
    for (const auto& [role, settings] : move.database.role_settings) look(settings, "role " + as_identifier(role));
  }
};

}  // namespace

std::unique_ptr<Condition> make_tablespaces_available() { return std::make_unique<TablespacesAvailable>(); }

}  // namespace pgconvoy

#include "conditions/libraries_available.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "conditions/moves.hpp"
#include "engine/facts/libraries.hpp"
#include "engine/facts/needed_roles.hpp"
#include "engine/facts/settings.hpp"

namespace pgconvoy {
namespace {

bool holds(const std::vector<std::string>& list, const std::string& text) {
  return std::find(list.begin(), list.end(), text) != list.end();
}

class LibrariesAvailable final : public Condition {
 public:
  std::string name() const override { return "libraries_available"; }
  std::string summary() const override {
    return "The target server has the shared libraries that functions, languages, slots and settings of the databases name.";
  }
  std::vector<std::string> needs() const override { return {kLibrariesPart, kFunctionSettingsPart, kTargetLibrariesPart}; }

  ConditionPage page() const override {
    ConditionPage page;
    page.why = "CREATE FUNCTION ... LANGUAGE c looks for the library and for the function in it, LANGUAGE internal for one of the "
               "server's own: a restore stops where one is missing. What session_preload_libraries or local_preload_libraries of a "
               "database or role names is loaded at every login, and a missing file refuses the login. A logical slot can be made "
               "anew only where its output plugin is.";
    page.reads = "Functions in C and internal that belong to no extension (pg_proc.probin and prosrc), with the procedural languages "
                 "that they handle; output plugins of logical slots; the two settings of the database, its roles in it, and roles "
                 "that the move makes. On the target server: whether a file is at one of the places where it would look, and "
                 "whether that file names the functions. Nothing is loaded.";
    page.silent = "Members of extensions: extensions_available judges those. Whether a library that is there was built for the target's "
                  "version isn't looked at, but one that is named by a path outside the server's own directory is reported.";
    page.remedies = "Install the library for the target's version, or drop what uses it.";
    page.sources = "Manual: C-Language Functions, \"Dynamic Loading\"; Client Connection Defaults, \"Shared Library Preloading\".";
    return page;
  }

  std::vector<Finding> evaluate(const TargetFacts& facts, const json&) const override {
    std::vector<Finding> findings;
    for (const Move& move : moves_of(facts)) {
      const auto used = part<LibrariesFact>(move.database.parts, kLibrariesPart);
      const auto there = part<std::vector<TargetLibraryFact>>(move.database.parts, kTargetLibrariesPart);
      if (!used || !there) {
        findings.push_back(not_known(name(), move, used ? kTargetLibrariesPart : kLibrariesPart));
        if (used) examine_unknown(move, *used, findings);
        continue;
      }
      for (const std::string& language : used->languages)
        if (!move.target.extensions.contains(language)) findings.push_back(no_language(move, language));
      if (used->more > 0) findings.push_back(too_many(move, *used));
      for (const TargetLibraryFact& library : *there) {
        if (library.used_by == "functions")
          examine_functions(move, *used, library, findings);
        else if (library.used_by == "plugin")
          examine_plugin(move, *used, library, findings);
        else if (!library.found)
          examine_preloaded(facts, move, library, findings);
      }
    }
    return findings;
  }

 private:
  Finding finding(Severity severity, std::string object, std::string evidence, std::string why, std::string remedy, std::string cause) const {
    Finding made{severity, name(), std::move(object), std::move(evidence), std::move(why), std::move(remedy), false};
    made.cause = std::move(cause);
    return made;
  }

  Finding no_language(const Move& move, const std::string& language) const {
    return finding(Severity::block, fmt::format("language {} of {}", as_identifier(language), move.object()),
                   fmt::format("it belongs to no extension, and its handler isn't dumped; {} offers no extension of that name", move.target.server),
                   "a dump makes it with CREATE LANGUAGE and its name alone, which is CREATE EXTENSION since PostgreSQL 13: the restore stops there",
                   fmt::format("install the language on the host of {}; or DROP LANGUAGE {} on the source with what is written in it", move.target.server,
                               as_identifier(language)),
                   "language " + shown_name(language));
  }

  Finding too_many(const Move& move, const LibrariesFact& used) const {
    return finding(Severity::info, move.object(), fmt::format("{} functions in C beyond the first {} were not looked at", used.more, used.functions.size()),
                   "what was not read was not checked", "look at pg_proc.probin of the rest", "");
  }

  // An administrator who may not read the target's files.
  void examine_unknown(const Move& move, const LibrariesFact& used, std::vector<Finding>& findings) const {
    std::vector<std::string> names;
    for (const LibraryFunctionFact& function : used.functions)
      if (!function.library.empty() && !holds(names, as_identifier(function.library))) names.push_back(as_identifier(function.library));
    if (names.empty()) return;
    findings.push_back(finding(Severity::warn, move.object(),
                               fmt::format("functions in C use {}; whether {} has them can't be read", shortened(names), move.target.server),
                               "the restore stops at CREATE FUNCTION where a library is missing",
                               "look on the host of the server, or check with a superuser in its url", "libraries not looked for"));
  }

  static std::string functions_of(const LibrariesFact& used, const TargetLibraryFact& library, bool lacking_only) {
    std::vector<std::string> names;
    for (const LibraryFunctionFact& function : used.functions) {
      if (function.library != library.library || (lacking_only && !holds(library.lacking_symbols, function.symbol))) continue;
      names.push_back(function.language.empty() ? "function " + shown_name(function.function)
                                                : fmt::format("language {} (handler {})", as_identifier(function.language), shown_name(function.function)));
    }
    return shortened(names, 8);
  }

  void examine_functions(const Move& move, const LibrariesFact& used, const TargetLibraryFact& library, std::vector<Finding>& findings) const {
    const std::string object = fmt::format("library {} of {}", as_identifier(library.library), move.object());
    if (!library.found) {
      findings.push_back(finding(
          Severity::block, object,
          fmt::format("{} in it; {} has none of {}", functions_of(used, library, false), move.target.server, shortened(library.looked_for)),
          "CREATE FUNCTION looks for the library: the restore stops there (manual: C-Language Functions)",
          fmt::format("install it on the host of {}, built for PostgreSQL {}; or drop what uses it", move.target.server, major_of(move.target)),
          "library " + shown_name(library.library)));
      return;
    }
    if (!library.lacking_symbols.empty()) {
      const bool own = library.library.empty();
      findings.push_back(finding(
          Severity::block, own ? move.object() : object,
          own ? fmt::format("{}: {} has nothing built in called {}", functions_of(used, library, true), move.target.server, shortened(library.lacking_symbols))
              : fmt::format("{}: the library that {} has holds nothing called {}", functions_of(used, library, true), move.target.server,
                            shortened(library.lacking_symbols)),
          "CREATE FUNCTION looks for it: the restore stops there",
          own ? "drop the function, or write it in SQL" : fmt::format("install the version of the library that has it on the host of {}; or drop the function", move.target.server),
          own ? "built-in function gone" : "library " + shown_name(library.library)));
    } else if (library.library.starts_with("/")) {
      findings.push_back(finding(Severity::warn, object,
                                 fmt::format("{} in it: a path of its own, where a file is on the host of {} too", functions_of(used, library, false), move.target.server),
                                 fmt::format("the restore stops unless that file was built for PostgreSQL {}", major_of(move.target)),
                                 fmt::format("in a scratch database of {}: LOAD {}", move.target.server, quote_literal(library.library)),
                                 "library " + shown_name(library.library)));
    }
  }

  void examine_plugin(const Move& move, const LibrariesFact& used, const TargetLibraryFact& library, std::vector<Finding>& findings) const {
    if (library.found) return;
    std::vector<std::string> slots;
    for (const std::string& slot : used.plugins)
      if (slot.ends_with(": " + library.library)) slots.push_back(as_identifier(slot.substr(0, slot.size() - library.library.size() - 2)));
    findings.push_back(finding(Severity::warn, fmt::format("output plugin {} of {}", as_identifier(library.library), move.object()),
                               fmt::format("used by slot {}; {} has none of {}", shortened(slots), move.target.server, shortened(library.looked_for)),
                               "what follows the changes by this slot needs one with the same plugin on the target",
                               fmt::format("install the plugin on the host of {}", move.target.server), "output plugin " + library.library));
  }

  // Whoever sets it: each has its own remedy.
  void examine_preloaded(const TargetFacts& facts, const Move& move, const TargetLibraryFact& library, std::vector<Finding>& findings) const {
    const auto add = [&](const std::vector<std::string>& settings, const std::string& object, const std::string& sql) {
      for (const std::string& line : settings) {
        const NamedSetting setting = named_setting(line);
        if (setting.name != library.used_by || !holds(listed_libraries(setting.value), library.library)) continue;
        findings.push_back(finding(Severity::block, object,
                                   fmt::format("{} names {}; {} has none of {}", setting.name, as_identifier(library.library), move.target.server,
                                               shortened(library.looked_for)),
                                   "a library that is loaded at login and missing refuses the login: the application would not get in",
                                   fmt::format("install it on the host of {}; or on {}: {} RESET {}", move.target.server, move.source.server, sql, setting.name),
                                   "library " + shown_name(library.library)));
      }
    };
    const std::string database = as_identifier(move.database.database);
    add(move.database.settings, move.object(), "ALTER DATABASE " + database);
    for (const auto& [role, settings] : move.database.role_settings)
      add(settings, fmt::format("role {} in {}", as_identifier(role), move.object()), fmt::format("ALTER ROLE {} IN DATABASE {}", as_identifier(role), database));
    for (const NeededRole& needed : needed_roles(facts, move.instance))
      if (needed.role && !move.target.roles.contains(needed.name))
        add(needed.role->settings, "role " + as_identifier(needed.name), "ALTER ROLE " + as_identifier(needed.name));
  }
};

}  // namespace

std::unique_ptr<Condition> make_libraries_available() { return std::make_unique<LibrariesAvailable>(); }

}  // namespace pgconvoy

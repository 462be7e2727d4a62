#include "conditions/extensions_available.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "conditions/extension_history.hpp"
#include "conditions/moves.hpp"
#include "engine/facts/extension_traits.hpp"

namespace pgconvoy {
namespace {

class ExtensionsAvailable final : public Condition {
 public:
  std::string name() const override { return "extensions_available"; }
  std::string summary() const override {
    return "The target server offers every extension of the databases, at least as new as it is now.";
  }

  std::vector<std::string> needs() const override { return {kExtensionTraitsPart, kExtensionTablesPart}; }

  ConditionPage page() const override {
    ConditionPage page;
    page.why = "A dump says CREATE EXTENSION, without a version: one that is missing stops the restore, one "
                "that is older lacks what the source uses.";
    page.reads = "pg_extension of the database against pg_available_extension_versions of the target: which version CREATE "
                 "EXTENSION would make there, in which schema it must be, and which others it needs. "
                 "Tables that are members of an extension, have rows, and aren't named by pg_extension.extconfig.";
    page.silent = "Numbers of versions are compared as numbers. plpgsql is in every database. Members of "
                   "extensions are made by the extension and are no findings of their own.";
    page.remedies = "Install the package for the new version, update on the source, or drop what is not used.";
    page.sources = "Manual: CREATE EXTENSION, pg_available_extension_versions; release notes of 10 to 17 for "
                    "contrib modules that were removed.";
    return page;
  }

  std::vector<Finding> evaluate(const TargetFacts& facts, const json&) const override {
    std::vector<Finding> findings;
    for (const Move& move : moves_of(facts)) {
      if (!move.inside_known() || !move.target_known()) {
        findings.push_back(not_known(name(), move, "extensions"));
        continue;
      }
      if (!move.target.extensions_unreadable_because.empty() && has_more_than_plpgsql(move.database)) {
        findings.push_back(
            {Severity::block, name(), "server " + move.target.server,
             "its list of available extensions can't be read: " + move.target.extensions_unreadable_because,
             "whether the extensions of " + move.object() + " are there is not known",
             "mend or remove the extension's control file on that server (sharedir/extension), then check again",
             false});
        continue;
      }
      const auto traits = part<ExtensionTraitsByName>(move.target.parts, kExtensionTraitsPart);
      for (const auto& extension : move.database.extensions) {
        auto finding = examine(move, extension);
        if (!finding && traits && traits->contains(extension.name)) finding = examine_traits(move, extension, traits->at(extension.name));
        if (finding) findings.push_back(std::move(*finding));
      }
      if (const auto tables = part<std::vector<ExtensionTableFact>>(move.database.parts, kExtensionTablesPart))
        for (const ExtensionTableFact& table : *tables) findings.push_back(left_out(move, table));
    }
    return findings;
  }

 private:
  // plpgsql is in every new database.
  static bool has_more_than_plpgsql(const DatabaseFacts& database) {
    return std::any_of(database.extensions.begin(), database.extensions.end(),
                       [](const auto& extension) { return extension.name != "plpgsql"; });
  }

  std::optional<Finding> examine(const Move& move, const ExtensionFact& extension) const {
    const std::string object = fmt::format("extension {} in {}", as_identifier(extension.name), move.object());
    const auto offered = move.target.extensions.find(extension.name);
    if (offered == move.target.extensions.end() || offered->second.empty()) {
      if (extension.name == "plpgsql") return std::nullopt;
      return missing(move, extension, object);
    }
    const auto& versions = offered->second;
    const auto newest = *std::max_element(versions.begin(), versions.end(), [](const auto& left, const auto& right) {
      return compare_extension_versions(left, right) < 0;
    });
    const std::string evidence = fmt::format("version {} on {}; {} offers {}", extension.version, move.source.server,
                                             move.target.server, shortened(versions, 8));
    if (needs_same_version(extension.name)) {
      if (std::find(versions.begin(), versions.end(), extension.version) != versions.end()) return std::nullopt;
      return Finding{
          Severity::block,
          name(),
          object,
          evidence,
          "a dump of this extension can only be restored with the very same version of it",
          fmt::format("install version {} on {}, or ALTER EXTENSION {} UPDATE on the source to a version that "
                      "both have",
                      extension.version, move.target.server, as_identifier(extension.name)),
          false};
    }
    if (compare_extension_versions(newest, extension.version) >= 0) return std::nullopt;
    return Finding{
        Severity::block,
        name(),
        object,
        evidence,
        "a dump says CREATE EXTENSION without a version: the database would get the older one, and objects that "
        "use what is new in the source's fail while they are restored",
        fmt::format("install a package of {} on {} that is at least as new as {}", extension.name, move.target.server,
                    extension.version),
        false};
  }

  // Of an extension that is offered in a version that would do.
  std::optional<Finding> examine_traits(const Move& move, const ExtensionFact& extension, const ExtensionTraits& traits) const {
    const auto block = [&](std::string evidence, std::string why, std::string remedy) {
      return Finding{Severity::block, name(),          fmt::format("extension {} in {}", as_identifier(extension.name), move.object()),
                     std::move(evidence), std::move(why), std::move(remedy), false};
    };
    if (extension.name == "pg_cron")
      return block(fmt::format("version {} on {}", extension.version, move.source.server),
                   "it can be made only in the database that cron.database_name names, and a restore works in one that has its name only "
                   "later: CREATE EXTENSION would fail, with the app paused",
                   "note the jobs (cron.job), DROP EXTENSION pg_cron before the move, and after it make extension and jobs anew on the target");
    if (extension.name == "plpgsql") return std::nullopt;
    if (!traits.version.empty() && compare_extension_versions(traits.version, extension.version) < 0)
      return block(fmt::format("version {} on {}; CREATE EXTENSION on {} makes {}, the default of its control file", extension.version,
                               move.source.server, move.target.server, traits.version),
                   "a dump says CREATE EXTENSION without a version: the database would get the older one",
                   fmt::format("set default_version in the control file of {} on the host of {}", extension.name, move.target.server));
    if (!traits.schema.empty() && traits.schema != extension.schema)
      return block(fmt::format("it is in schema {} on {}; on {} it can only be made in {}", as_identifier(extension.schema), move.source.server,
                               move.target.server, as_identifier(traits.schema)),
                   "a dump says CREATE EXTENSION with the schema that it has now: the restore stops there",
                   fmt::format("ALTER EXTENSION {} SET SCHEMA {} on the source, if it can be moved; or make it anew there", as_identifier(extension.name),
                               as_identifier(traits.schema)));
    std::vector<std::string> lacking;
    for (const std::string& needed : traits.needs)
      if (std::none_of(move.database.extensions.begin(), move.database.extensions.end(), [&](const auto& each) { return each.name == needed; }))
        lacking.push_back(needed);
    if (!lacking.empty())
      return block(fmt::format("version {} on {} needs the extension {}, which the database hasn't", traits.version, move.target.server, shortened(lacking)),
                   "a dump makes only the extensions that are there now: CREATE EXTENSION without its requirements fails",
                   fmt::format("CREATE EXTENSION {} on the source, if it is there; or set an older default_version on {}", shortened(lacking),
                               move.target.server));
    return std::nullopt;
  }

  Finding left_out(const Move& move, const ExtensionTableFact& table) const {
    return {Severity::warn, name(), fmt::format("table {} in {}", shown_name(table.table), move.object()),
            fmt::format("it has rows and is a member of extension {}, whose configuration doesn't name it", as_identifier(table.extension)),
            "a dump leaves members of extensions out: the table comes back as the extension's script makes it, without these rows, or not at all "
            "when it was added by hand (manual: Packaging Related Objects into an Extension)",
            fmt::format("if it is the application's: ALTER EXTENSION {} DROP TABLE {}; if the extension's script fills it, nothing", as_identifier(table.extension),
                        shown_name(table.table)),
            false};
  }

  Finding missing(const Move& move, const ExtensionFact& extension, const std::string& object) const {
    const std::string evidence =
        fmt::format("version {} on {}; {} (PostgreSQL {}) does not offer it", extension.version, move.source.server,
                    move.target.server, move.target.version);
    const RetiredExtension* retired = find_retired(extension.name);
    if (retired && major_of(move.target) >= retired->gone_in) {
      std::string remedy{retired->advice};
      if (!retired->replacement.empty())
        remedy = fmt::format("its replacement is {} ({}): {}", retired->replacement,
                             move.target.extensions.contains(std::string(retired->replacement))
                                 ? "offered by " + move.target.server
                                 : "to be installed on " + move.target.server,
                             retired->advice);
      return {Severity::block,
              name(),
              object,
              evidence,
              fmt::format("it is gone since PostgreSQL {}; the dump's CREATE EXTENSION would fail", retired->gone_in),
              std::move(remedy),
              false};
    }
    return {
        Severity::block,
        name(),
        object,
        evidence,
        "the dump's CREATE EXTENSION would stop the restore",
        fmt::format(
            "install it on {} (the package for PostgreSQL {}), or DROP EXTENSION {} in the source if nothing uses it",
            move.target.server, major_of(move.target), as_identifier(extension.name)),
        false};
  }
};

}  // namespace

std::unique_ptr<Condition> make_extensions_available() { return std::make_unique<ExtensionsAvailable>(); }

}  // namespace pgconvoy

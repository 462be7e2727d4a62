#include "conditions/extensions_available.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "conditions/extension_history.hpp"
#include "conditions/moves.hpp"

namespace pgconvoy {
namespace {

class ExtensionsAvailable final : public Condition {
 public:
  std::string name() const override { return "extensions_available"; }
  std::string summary() const override {
    return "The target server offers every extension of the databases, at least as new as it is now.";
  }

  ConditionPage page() const override {
    ConditionPage page;
    page.why = "A dump says CREATE EXTENSION, without a version: one that is missing stops the restore, one "
                "that is older lacks what the source uses.";
    page.reads = "pg_extension of the database against pg_available_extension_versions of the target.";
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
      for (const auto& extension : move.database.extensions)
        if (auto finding = examine(move, extension)) findings.push_back(std::move(*finding));
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

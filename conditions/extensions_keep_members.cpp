#include "conditions/extensions_keep_members.hpp"

#include <fmt/format.h>

#include <array>
#include <string_view>

#include "conditions/extension_history.hpp"
#include "conditions/moves.hpp"
#include "engine/facts/extension_traits.hpp"
#include "engine/facts/extension_uses.hpp"

namespace pgconvoy {
namespace {

// What a version of an extension, and every newer one, no longer has: the contrib modules of 13 were installed in each of
// their versions, and what the newer server's version lacked is here; that of 17 is from its release notes.
struct RemovedMember {
  std::string_view extension, version, member, instead;
};
constexpr auto kRemovedMembers = std::to_array<RemovedMember>({
    {"cube", "1.5", "operator @(cube, cube)", "@>"},
    {"cube", "1.5", "operator ~(cube, cube)", "<@"},
    {"hstore", "1.8", "operator @(hstore, hstore)", "@>"},
    {"hstore", "1.8", "operator ~(hstore, hstore)", "<@"},
    {"intarray", "1.5", "operator @(_int4, _int4)", "@>"},
    {"intarray", "1.5", "operator ~(_int4, _int4)", "<@"},
    {"seg", "1.4", "operator @(seg, seg)", "@>"},
    {"seg", "1.4", "operator ~(seg, seg)", "<@"},
    {"adminpack", "2.0", "function pg_file_length(text)", "(pg_stat_file(...)).size"},
    {"adminpack", "2.0", "function pg_file_read(text, bigint, bigint)", "pg_read_file()"},
    {"adminpack", "2.0", "function pg_logfile_rotate()", "pg_rotate_logfile()"},
    {"pageinspect", "1.8", "function page_checksum(bytea, integer)", "page_checksum(bytea, bigint)"},
    {"pg_stat_statements", "1.8", "column pg_stat_statements.total_time", "total_exec_time"},
    {"pg_stat_statements", "1.8", "column pg_stat_statements.min_time", "min_exec_time"},
    {"pg_stat_statements", "1.8", "column pg_stat_statements.max_time", "max_exec_time"},
    {"pg_stat_statements", "1.8", "column pg_stat_statements.mean_time", "mean_exec_time"},
    {"pg_stat_statements", "1.8", "column pg_stat_statements.stddev_time", "stddev_exec_time"},
    {"pg_stat_statements", "1.11", "column pg_stat_statements.blk_read_time", "shared_blk_read_time"},
    {"pg_stat_statements", "1.11", "column pg_stat_statements.blk_write_time", "shared_blk_write_time"},
});

const RemovedMember* removed_of(const ExtensionUse& use, std::string_view version) {
  for (const RemovedMember& each : kRemovedMembers)
    if (each.extension == use.extension && each.member == use.member && compare_extension_versions(version, each.version) >= 0) return &each;
  return nullptr;
}

class ExtensionsKeepMembers final : public Condition {
 public:
  std::string name() const override { return "extensions_keep_members"; }
  std::string summary() const override { return "What the database uses of its extensions is there in the versions that the target makes."; }
  std::vector<std::string> needs() const override { return {kExtensionUsesPart, kExtensionTraitsPart}; }

  ConditionPage page() const override {
    ConditionPage page;
    page.why = "CREATE EXTENSION on the target makes its default version, which may be newer than the one that the database has had for years. "
               "Newer versions of an extension drop operators and functions, and call columns of their views otherwise: a view, an index or a "
               "default that uses one of them stops the restore. So does a function that was taken out of its extension or made a member of one by hand.";
    page.reads = "What views, indexes, constraints and defaults use of extensions (pg_depend), against what contrib modules are known to have "
                 "dropped up to the version that the target makes: cube, hstore, intarray, seg, adminpack, pageinspect, pg_stat_statements. "
                 "Functions that are older than their membership (pg_proc, pg_depend), and functions of an extension's library that are no members.";
    page.silent = "Extensions from elsewhere, whose history isn't known here: check --trial tries them. Names in sources of routines.";
    page.remedies = "ALTER EXTENSION ... UPDATE on the source, which shows what has to change, and write the object anew with what takes its place.";
    page.sources = "Release notes of 13 (pg_stat_statements), 14 (cube, hstore, intarray, seg) and 17 (pg_stat_statements), \"Additional Supplied Modules\".";
    return page;
  }

  std::vector<Finding> evaluate(const TargetFacts& facts, const json&) const override {
    std::vector<Finding> findings;
    for (const Move& move : moves_of(facts)) {
      const auto uses = part<std::vector<ExtensionUse>>(move.database.parts, kExtensionUsesPart);
      const auto traits = part<ExtensionTraitsByName>(move.target.parts, kExtensionTraitsPart);
      if (!uses || !traits) {
        findings.push_back(not_known(name(), move, uses ? kExtensionTraitsPart : kExtensionUsesPart));
        continue;
      }
      for (const ExtensionUse& use : *uses) {
        if (!use.by_hand.empty()) {
          findings.push_back(changed_by_hand(move, use));
          continue;
        }
        const auto made = traits->find(use.extension);
        if (made == traits->end()) continue;  // extensions_available says so
        if (const RemovedMember* removed = removed_of(use, made->second.version)) findings.push_back(finding_of(move, use, *removed, made->second.version));
      }
    }
    return findings;
  }

 private:
  Finding changed_by_hand(const Move& move, const ExtensionUse& use) const {
    const bool added = use.by_hand == "added";
    Finding finding;
    finding.severity = Severity::block;
    finding.condition = name();
    finding.object = fmt::format("{} in {}", shown_name(use.user), move.object());
    finding.evidence = added ? fmt::format("it is a member by hand of extension {}: it was made before it became one", use.extension)
                             : fmt::format("it was taken out of extension {}, or is from before there were extensions: other functions of its library are members", use.extension);
    finding.why = added ? "a dump leaves members out, and the extension's script doesn't make this one: it is gone after the move, and what uses it stops the restore"
                        : "the extension makes it, and the dump makes it again: the restore stops there";
    finding.remedy = fmt::format("ALTER EXTENSION {} {} {}", as_identifier(use.extension), added ? "DROP" : "ADD", shown_name(use.user));
    finding.cause = added ? "members of extensions by hand" : "functions taken out of their extension";
    return finding;
  }

  Finding finding_of(const Move& move, const ExtensionUse& use, const RemovedMember& removed, const std::string& version) const {
    Finding finding;
    finding.severity = Severity::block;
    finding.condition = name();
    finding.object = fmt::format("{} in {}", shown_name(use.user), move.object());
    finding.evidence = fmt::format("uses {} of extension {}{}; version {}, which {} makes, has none", removed.member, use.extension,
                                   use.users > 1 ? fmt::format(", as {} more objects do", use.users - 1) : "", version, move.target.server);
    finding.why = fmt::format("it is gone since version {} of {}: the restore stops at this object", removed.version, use.extension);
    finding.remedy = fmt::format("write it anew with {}", removed.instead);
    finding.cause = fmt::format("{} of extension {}", removed.member, use.extension);
    return finding;
  }
};

}  // namespace

std::unique_ptr<Condition> make_extensions_keep_members() { return std::make_unique<ExtensionsKeepMembers>(); }

}  // namespace pgconvoy

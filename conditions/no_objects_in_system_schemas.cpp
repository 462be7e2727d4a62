#include "conditions/no_objects_in_system_schemas.hpp"

#include <fmt/format.h>

#include "conditions/moves.hpp"
#include "engine/facts/code.hpp"
#include "engine/facts/system_objects.hpp"

namespace pgconvoy {
namespace {

class NoObjectsInSystemSchemas final : public Condition {
 public:
  std::string name() const override { return "no_objects_in_system_schemas"; }
  std::string summary() const override { return "Nobody made objects in pg_catalog, information_schema or another schema of the system."; }
  std::vector<std::string> needs() const override { return {kCodePart, kSystemObjectsInquiry}; }

  ConditionPage page() const override {
    ConditionPage page;
    page.why = "A dump leaves out what is in the schemas of the system, since every server has that by itself. A function that a "
               "superuser made in pg_catalog, or a table in information_schema, is lost without a word, and views that "
               "use it can't be restored.";
    page.reads = "Functions, relations, types, operators and text search objects that were not there from the beginning (oid of "
                 "16384 or more) in pg_catalog, information_schema and other schemas whose names begin with pg_.";
    page.silent = "Members of extensions, temporary and TOAST relations, and collations, which pg_import_system_collations() puts there.";
    page.remedies = "ALTER ... SET SCHEMA before the move where the server allows that, or make it in another schema and drop it here; or make it again "
                    "on the target after the restore, when nothing that moves uses it.";
    page.sources = "Manual: pg_dump; The System Catalog Schema (5.9.5).";
    return page;
  }

  std::vector<Finding> evaluate(const TargetFacts& facts, const json&) const override {
    std::vector<Finding> findings;
    for (const Move& move : moves_of(facts)) {
      const auto found = part<SystemObjectsFacts>(move.database.parts, kSystemObjectsInquiry);
      if (!found) {
        findings.push_back(not_known(name(), move, kSystemObjectsInquiry));
        continue;
      }
      for (const std::string& object : found->misplaced) findings.push_back(finding_of(move, object));
      if (found->more_misplaced > 0) findings.push_back(finding_of(move, fmt::format("{} more objects", found->more_misplaced)));
    }
    return findings;
  }

 private:
  Finding finding_of(const Move& move, const std::string& object) const {
    Finding finding;
    finding.severity = Severity::block;
    finding.condition = name();
    finding.object = fmt::format("{} in {}", shown_name(object), move.object());
    finding.evidence = "made by somebody in a schema of the system";
    finding.why = "a dump leaves it out: it is lost, and what uses it can't be restored (manual: pg_dump)";
    finding.remedy = fmt::format("make {} in a schema of your own and use it there, then drop this one", shown_name(object));
    finding.cause = "objects in schemas of the system";
    return finding;
  }
};

}  // namespace

std::unique_ptr<Condition> make_no_objects_in_system_schemas() { return std::make_unique<NoObjectsInSystemSchemas>(); }

}  // namespace pgconvoy

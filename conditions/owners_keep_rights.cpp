#include "conditions/owners_keep_rights.hpp"

#include <fmt/format.h>

#include "conditions/moves.hpp"
#include "engine/facts/lost_rights.hpp"

namespace pgconvoy {
namespace {

class OwnersKeepRights final : public Condition {
 public:
  std::string name() const override { return "owners_keep_rights"; }
  std::string summary() const override { return "Owners still have the rights that their materialized views, foreign keys and partitions need when they are made anew."; }
  std::vector<std::string> needs() const override { return {kLostRightsPart}; }

  ConditionPage page() const override {
    ConditionPage page;
    page.why = "Rights are asked for when a materialized view is filled and when a foreign key is made. Taken back afterwards, they leave both as they "
               "are, until a restore fills and makes them anew: with the rights of their owners, whoever restores.";
    page.reads = "For populated materialized views: whether the owner may read what the view reads, through other views as their owners, and call "
                 "its functions. For foreign keys: whether the owner of the table has REFERENCES on the other. Partitions whose parent is a superuser's.";
    page.silent = "Views, functions and triggers, which ask only when they are used. Of columns, one that may be read is enough to be silent.";
    page.remedies = "GRANT what the finding names, or REFRESH ... WITH NO DATA, or drop what nobody can use.";
    page.sources = "Manual: REFRESH MATERIALIZED VIEW, GRANT, Rules and Privileges, CREATE TABLE (REFERENCES).";
    return page;
  }

  std::vector<Finding> evaluate(const TargetFacts& facts, const json&) const override {
    std::vector<Finding> findings;
    for (const Move& move : moves_of(facts)) {
      const auto found = part<std::vector<LostRight>>(move.database.parts, kLostRightsPart);
      if (!found) {
        findings.push_back(not_known(name(), move, kLostRightsPart));
        continue;
      }
      for (const LostRight& each : *found) findings.push_back(finding_of(move, each));
    }
    return findings;
  }

 private:
  Finding finding_of(const Move& move, const LostRight& each) const {
    const bool parent = each.right == "owner";
    Finding finding;
    finding.severity = Severity::block;
    finding.condition = name();
    finding.object = fmt::format("{} in {}", shown_name(each.object), move.object());
    finding.evidence = parent ? fmt::format("it belongs to {}, and {} to a superuser", shown_name(each.role), shown_name(each.on))
                              : fmt::format("{} has no {} on {}", shown_name(each.role), each.right, shown_name(each.on));
    finding.why = parent ? "who attaches a partition must own both tables, and the restore does it with the rights of the partition's owner"
                         : fmt::format("it was there once; the restore makes the {} with the rights of its owner, and stops here", each.kind);
    finding.remedy = parent ? fmt::format("ALTER TABLE {} OWNER TO {}, or give the partition to the parent's owner", shown_name(each.on), shown_name(each.role))
                            : fmt::format("GRANT {} ON {}{} TO {}; or drop the {}", each.right, each.right == "EXECUTE" ? "FUNCTION " : "", shown_name(each.on), shown_name(each.role), each.kind);
    finding.cause = parent ? "partitions of a superuser's table" : fmt::format("a {} whose owner lost {}", each.kind, each.right);
    return finding;
  }
};

}  // namespace

std::unique_ptr<Condition> make_owners_keep_rights() { return std::make_unique<OwnersKeepRights>(); }

}  // namespace pgconvoy

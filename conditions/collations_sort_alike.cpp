#include "conditions/collations_sort_alike.hpp"

#include <fmt/format.h>

#include "conditions/moves.hpp"
#include "engine/facts/collation_order.hpp"

namespace pgconvoy {
namespace {

class CollationsSortAlike final : public Condition {
 public:
  std::string name() const override { return "collations_sort_alike"; }
  std::string summary() const override { return "Strings sort on the target server as they do on the source."; }
  std::vector<std::string> needs() const override { return {kUsedCollationsPart, kCollationOrderPart}; }

  ConditionPage page() const override {
    ConditionPage page;
    page.why = "The order of strings comes from the operating system's libc or from ICU, and changes with their versions (glibc 2.28 is the known case). "
               "A restore builds every index anew, so none is corrupt afterwards; but results come in another order, comparisons (<, BETWEEN) select other rows, "
               "and partitions by ranges of text may refuse rows that they held before.";
    page.reads = "Every collation that columns, indexes, range types and partition keys of the database use, but C and POSIX: some three hundred strings "
                 "(punctuation, case, digits, accents, several scripts, emoji) and the texts in bounds of partitions are sorted by it on both servers. On the target by the "
                 "collation with the same provider and locale in its maintenance database.";
    page.silent = "Another version of a library that sorts these strings alike. Whether strings that are none of these sort alike is not known. Collations that the target "
                  "lacks are the matter of encoding_and_locale_available.";
    page.remedies = "The same libc (or ICU) on the target; a collation that doesn't change (C, or ICU with the same version) for what must not; partitions by text "
                    "with bounds that mean the same in both orders.";
    page.sources = "Manual: Collation Support; PostgreSQL wiki: Locale data changes.";
    return page;
  }

  std::vector<Finding> evaluate(const TargetFacts& facts, const json&) const override {
    std::vector<Finding> findings;
    for (const Move& move : moves_of(facts)) {
      const auto orders = part<std::vector<CollationOrder>>(move.database.parts, kCollationOrderPart);
      if (!orders) {
        findings.push_back(not_known(name(), move, kCollationOrderPart));
        continue;
      }
      for (const CollationOrder& order : *orders) judge(move, order, findings);
    }
    return findings;
  }

 private:
  void judge(const Move& move, const CollationOrder& order, std::vector<Finding>& findings) const {
    const UsedCollation& collation = order.collation;
    Finding finding;
    finding.condition = name();
    finding.object = collation.name.empty() ? fmt::format("default collation of {}", move.object())
                                            : fmt::format("collation {} in {}", shown_name(collation.name), move.object());
    const std::string locale = fmt::format("{} {}", collation.provider == "i" ? "ICU" : collation.provider == "b" ? "built-in" : "libc", shown_name(collation.locale));
    if (!order.not_compared_because.empty()) {
      finding.severity = Severity::info;
      finding.evidence = fmt::format("not known whether {} sorts alike on both servers: {}", locale, order.not_compared_because);
      finding.why = "another version of the library may sort strings in another order";
      finding.remedy = fmt::format("compare the versions of libc and ICU on {} and {}", move.source.server, move.target.server);
      findings.push_back(std::move(finding));
      return;
    }
    if (order.apart == 0) return;
    std::string evidence = fmt::format("{} sorts {} of {} strings otherwise: '{}' before '{}' on {}, after it on {}", locale, order.apart, order.strings,
                                       shown_name(order.first), shown_name(order.second), move.source.server, move.target.server);
    finding.severity = Severity::warn;
    finding.why = "results come in another order, and comparisons select other rows; indexes are built anew and are sound";
    finding.remedy = "the same libc or ICU on the target server; or a collation that doesn't change where the order matters";
    if (!collation.exclusions.empty()) {
      evidence += "; exclusion constraints over it: " + shortened(collation.exclusions);
      finding.why += "; an exclusion constraint over ranges of text may refuse rows that are there";
    }
    if (!collation.partitioned.empty() && (order.bounds_reordered || order.bounds_crossed)) {
      evidence += fmt::format("; partitioned by ranges of it: {}", shortened(collation.partitioned));
      finding.severity = Severity::block;
      finding.why = order.bounds_reordered ? "bounds of partitions are the other way round there: a partition would be empty or overlap another, and is refused"
                                           : "strings are on the other side of a partition's bound there: rows are refused by the partition that holds them";
      finding.remedy = "the same libc or ICU on the target server; or partition by a collation that doesn't change (COLLATE \"C\")";
    }
    finding.evidence = std::move(evidence);
    findings.push_back(std::move(finding));
  }
};

}  // namespace

std::unique_ptr<Condition> make_collations_sort_alike() { return std::make_unique<CollationsSortAlike>(); }

}  // namespace pgconvoy

#include "conditions/no_user_defined_conversions.hpp"

#include <fmt/format.h>

#include "conditions/moves.hpp"
#include "engine/facts/code.hpp"
#include "engine/facts/system_objects.hpp"

namespace pgconvoy {
namespace {

constexpr int kArgumentsSince14 = 6;

class NoUserDefinedConversions final : public Condition {
 public:
  std::string name() const override { return "no_user_defined_conversions"; }
  std::string summary() const override { return "No encoding conversion rests on a function with the arguments of before PostgreSQL 14."; }
  std::vector<std::string> needs() const override { return {kCodePart, kSystemObjectsInquiry}; }

  ConditionPage page() const override {
    ConditionPage page;
    page.since = 14;
    page.why = "From PostgreSQL 14 on the function of an encoding conversion has one argument more, whether it may raise an error. "
               "CREATE CONVERSION looks for that, doesn't find the function of before, and the restore stops.";
    page.reads = "Conversions that the database defines itself (pg_conversion), and how many arguments their functions have.";
    page.silent = "A conversion over one of the server's own functions: the target has that with the new arguments.";
    page.remedies = "Drop the conversion and its function before the move; make it on the target with a library built for that version.";
    page.sources = "Release notes of PostgreSQL 14, \"Migration to Version 14\"; manual: CREATE CONVERSION.";
    return page;
  }

  std::vector<Finding> evaluate(const TargetFacts& facts, const json&) const override {
    std::vector<Finding> findings;
    for (const Move& move : moves_of(facts)) {
      if (!crosses(move, 14)) continue;
      const auto found = part<SystemObjectsFacts>(move.database.parts, kSystemObjectsInquiry);
      if (!found) {
        findings.push_back(not_known(name(), move, kSystemObjectsInquiry));
        continue;
      }
      for (const ConversionFact& conversion : found->conversions)
        if (conversion.own_function && conversion.arguments < kArgumentsSince14) findings.push_back(finding_of(move, conversion));
    }
    return findings;
  }

 private:
  Finding finding_of(const Move& move, const ConversionFact& conversion) const {
    Finding finding;
    finding.severity = Severity::block;
    finding.condition = name();
    finding.object = fmt::format("conversion {} in {}", shown_name(conversion.name), move.object());
    finding.evidence = fmt::format("over function {}, which has {} arguments", shown_name(conversion.function), conversion.arguments);
    finding.why = "PostgreSQL 14 wants a function with six arguments: the restore stops at CREATE CONVERSION (release notes of 14, Migration)";
    finding.remedy = fmt::format("DROP CONVERSION {}; and make it on the target over a function built for that version", shown_name(conversion.name));
    return finding;
  }
};

}  // namespace

std::unique_ptr<Condition> make_no_user_defined_conversions() { return std::make_unique<NoUserDefinedConversions>(); }

}  // namespace pgconvoy

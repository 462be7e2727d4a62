#include "conditions/code_of_move.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace pgconvoy {
namespace {

// Release notes of 14 and 15, Migration. What is not here is reported all the same, without advice.
constexpr auto kReplacements = std::to_array<std::pair<std::string_view, std::string_view>>({
    {"operator !(", "factorial(n)"},
    {"operator !!(", "factorial(n)"},
    {"operator @(", "<@"},
    {"operator ~(", "@>"},
    {"operator @@(", "@@ polygon(path)"},
    {"function numeric_fac", "factorial(n)"},
    {"function point(path)", "@@ polygon(path)"},
    {"function pg_start_backup", "pg_backup_start()"},
    {"function pg_stop_backup", "pg_backup_stop()"},
    {"function pg_is_in_backup", "nothing: a backup is no longer a state of the server"},
    {"function pg_backup_start_time", "nothing: a backup is no longer a state of the server"},
    {"column pg_database.datlastsysoid", "the number 16383"},
    {"column pg_stat_ssl.compression", "false"},
});

}  // namespace

std::optional<CodeOfMove> code_of(std::string_view condition, const Move& move, std::vector<Finding>& findings) {
  const auto code = shared_part<CodeFacts>(move.database.parts, kCodePart);
  const auto removed = shared_part<RemovedCodeFacts>(move.database.parts, kRemovedCodeInquiry);
  const auto source = builtins_of(move.source.parts), target = builtins_of(move.target.parts);
  if (code && removed && source && target) return CodeOfMove{code, removed, source, target};
  findings.push_back(not_known(condition, move, !code ? kCodePart : !removed ? kRemovedCodeInquiry : kBuiltinsPart));
  return std::nullopt;
}

std::vector<std::string> code_needs() { return {kCodePart, kBuiltinsPart, kRemovedCodeInquiry}; }

bool can_be_made(const DefinitionFact& definition, const Builtins& there) {
  if (definition.is_operator) return there.has_operator(definition.uses);
  return definition.exact ? there.has_function(definition.uses) : there.takes_call(definition.uses);
}

std::string replacement_of(const std::string& use) {
  const auto found = std::find_if(kReplacements.begin(), kReplacements.end(), [&](const auto& each) { return use.starts_with(each.first); });
  return found == kReplacements.end() ? "" : std::string(found->second);
}

}  // namespace pgconvoy

#include "engine/plan/budget.hpp"

#include <charconv>
#include <cmath>

#include "engine/core/error.hpp"

namespace pgconvoy {
namespace {

// Of the error that is the reason; "" when there is none.
std::string kind_in(const json& reason) {
  if (!reason.is_object()) return "";
  const auto error = reason.find("error");
  if (error == reason.end() || !error->is_object()) return "";
  return error->value("kind", "");
}

// The condition by which a target is skipped whose servers don't answer.
bool nobody_answers(const json& reason) {
  if (!reason.is_object()) return false;
  const auto findings = reason.find("findings");
  if (findings == reason.end() || !findings->is_array()) return false;
  for (const json& finding : *findings)
    if (finding.is_object() && finding.value("condition", "") == "servers_reachable") return true;
  return false;
}

}  // namespace

int Budget::of(int targets) const {
  if (!percent) return static_cast<int>(amount);
  // The small difference keeps what binary fractions add (7 % of 100) from counting as one more.
  return static_cast<int>(std::ceil(targets * amount / 100 - 1e-9));
}

std::optional<Budget> parse_budget(const std::string& text) {
  const bool percent = text.ends_with('%');
  const char* const end = text.data() + text.size() - (percent ? 1 : 0);
  if (!percent) {
    int number = 0;
    const auto [stopped, problem] = std::from_chars(text.data(), end, number);
    if (problem != std::errc() || stopped != end || number < 0) return std::nullopt;
    return Budget{static_cast<double>(number), false};
  }
  double share = 0;
  const auto [stopped, problem] = std::from_chars(text.data(), end, share, std::chars_format::fixed);
  if (problem != std::errc() || stopped != end || !(share >= 0 && share <= 100)) return std::nullopt;
  return Budget{share, true};
}

std::optional<int> failure_budget(const std::string& text, int targets) {
  const auto budget = parse_budget(text);
  if (!budget) return std::nullopt;
  return budget->of(targets);
}

bool counts_as_failure(TargetState state, const json& reason) {
  const std::string kind = kind_in(reason);
  switch (state) {
    case TargetState::stuck:
      return true;
    case TargetState::rolled_back:
      return kind != to_string(ErrorKind::cancelled);
    case TargetState::skipped:
      return (!kind.empty() && kind != to_string(ErrorKind::cancelled)) || nobody_answers(reason);
    default:
      return false;
  }
}

bool counts_as_failure(const TargetRecord& target) { return counts_as_failure(target.state, target.reason); }

}  // namespace pgconvoy

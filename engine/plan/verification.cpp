#include "engine/plan/verification.hpp"

#include <fmt/format.h>

#include "engine/fleet/duration.hpp"
#include "engine/plan/way.hpp"

namespace pgconvoy {
namespace {

constexpr const char* kArgument = "verify";

const RunbookNode* find_node(const std::vector<RunbookNode>& nodes, const char* name) {
  for (const RunbookNode& node : nodes) {
    if (node.name == name) return &node;
    if (const RunbookNode* inside = find_node(node.children, name)) return inside;
  }
  return nullptr;
}

void put_in(std::vector<RunbookNode>& nodes, const char* mode, const std::string& instead_of) {
  for (RunbookNode& node : nodes) {
    if (node.arguments.is_object() && node.arguments.value(kArgument, json()) == json(instead_of)) node.arguments[kArgument] = mode;
    put_in(node.children, mode, instead_of);
  }
}

std::string said_short(double seconds) { return format_duration(Seconds(seconds)); }

}  // namespace

const char* to_string(Verification verification) {
  switch (verification) {
    case Verification::snapshot:
      return "snapshot";
    case Verification::counts:
      return "counts";
    case Verification::before:
      break;
  }
  return "before";
}

bool is_verification(const std::string& name) { return name == "before" || name == "snapshot" || name == "counts"; }

bool is_late_difference(const std::string& operation, const Error& error) { return operation == kLateVerification && error.kind == ErrorKind::corrupt; }

Parameter verification_parameter() {
  return {kArgument, Parameter::Type::text, "before",
          "before: every row is compared before the application is let in; snapshot: rows are counted before, contents compared after the "
          "pivot; counts: rows are counted; auto: as the downtime budget asks."};
}

Verification verification_of(const json& arguments) {
  if (!arguments.is_object()) return Verification::before;
  const json said = arguments.value(kArgument, json());
  if (said == json("snapshot")) return Verification::snapshot;
  if (said == json("counts")) return Verification::counts;
  return Verification::before;
}

std::string asked_verification(const Runbook& runbook) {
  const RunbookNode* const verify = find_node(runbook.operations, "verify_restored_services");
  if (verify == nullptr || !verify->arguments.is_object()) return "";
  return verify->arguments.value(kArgument, "");
}

Runbook with_verification(Runbook runbook, Verification verification, const std::string& instead_of) {
  put_in(runbook.operations, to_string(verification), instead_of);
  return runbook;
}

ChosenVerification choose_verification(const std::optional<PauseFact>& pause, const std::vector<std::pair<Verification, double>>& others) {
  if (!pause) return {Verification::before, "no downtime budget asks for a shorter pause"};
  const std::string budget = said_short(pause->budget);
  if (pause->p90 <= pause->budget)
    return {Verification::before, fmt::format("its pause ends within {} nine times of ten, its downtime budget is {}", said_short(pause->p90), budget)};
  for (const auto& [verification, p90] : others)
    if (p90 <= pause->budget)
      return {verification, fmt::format("its pause ends within {} nine times of ten; with all rows compared before the pivot it would be {}, and its downtime "
                                        "budget is {}",
                                        said_short(p90), said_short(pause->p90), budget)};
  return {Verification::before, fmt::format("its pause is too long for its downtime budget of {} in every mode", budget)};
}

}  // namespace pgconvoy

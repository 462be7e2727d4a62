#include "runbooks/verification.hpp"

#include <fmt/format.h>

#include <string>
#include <vector>

#include "engine/plan/verification.hpp"
#include "engine/plan/way.hpp"

namespace pgconvoy {
namespace {

constexpr const char* kPage = "with_maintenance_page";

json mode_of(const RunbookNode& node) { return node.arguments.is_object() ? node.arguments.value("verify", json("before")) : json("before"); }

Result<void> check_mode(const std::vector<RunbookNode>& nodes, const json& bracket) {
  for (const RunbookNode& node : nodes) {
    const bool page = node.name == kPage;
    if (page || node.name == "transfer_to_prepared_services" || node.name == "verify_restored_services") {
      const json mode = mode_of(node);
      if (!mode.is_string() || (mode != json(kAutomatic) && !is_verification(mode.get<std::string>())))
        return Error(ErrorKind::usage, fmt::format("{}: verify is {}; nothing was changed", node.name, mode.dump()),
                     "--set verify=before, --set verify=snapshot, --set verify=counts or --set verify=auto");
      if (!page && mode != bracket)
        return Error(ErrorKind::usage,
                     fmt::format("{} has verify: {}, {} around it {}: contents would be compared twice or never; nothing was changed", node.name,
                                 mode.get<std::string>(), kPage, bracket.get<std::string>()),
                     "give all of them the same, such as verify: \"${verify}\"");
    }
    auto inside = check_mode(node.children, page ? mode_of(node) : bracket);
    if (!inside) return inside;
  }
  return {};
}

}  // namespace

Result<void> check_verification(const Runbook& runbook) { return check_mode(runbook.operations, json("before")); }

}  // namespace pgconvoy

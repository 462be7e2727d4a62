#include "runbooks/backup_time.hpp"

#include <fmt/format.h>

#include <string>
#include <vector>

namespace pgconvoy {
namespace {

constexpr const char* kBefore = "before-pivot";
constexpr const char* kAfter = "after-pivot";

json time_of(const RunbookNode& node) { return node.arguments.is_object() ? node.arguments.value("backup", json(kBefore)) : json(kBefore); }

Result<void> check_inside(const std::vector<RunbookNode>& nodes, const json& bracket) {
  for (const RunbookNode& node : nodes) {
    const bool page = node.name == "with_maintenance_page";
    if (page || node.name == "transfer_to_prepared_services") {
      const json time = time_of(node);
      if (time != json(kBefore) && time != json(kAfter))
        return Error(ErrorKind::usage, fmt::format("{}: backup is {}; nothing was changed", node.name, time.dump()), "--set backup=before-pivot or --set backup=after-pivot");
      if (!page && time != bracket)
        return Error(ErrorKind::usage,
                     fmt::format("{} has backup: {}, with_maintenance_page around it {}: the backup would be made twice or never; nothing was changed", node.name,
                                 time.get<std::string>(), bracket.get<std::string>()),
                     "give both the same, such as backup: \"${backup}\"");
    }
    auto inside = check_inside(node.children, page ? time_of(node) : bracket);
    if (!inside) return inside;
  }
  return {};
}

}  // namespace

Result<void> check_backup_time(const Runbook& runbook) { return check_inside(runbook.operations, json(kBefore)); }

}  // namespace pgconvoy

#include "runbooks/catalogue.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <string_view>

#include "engine/fleet/nearest.hpp"
#include "engine/run/rehearsal.hpp"
#include "runbooks/postgres_upgrade.hpp"
#include "runbooks/rehearsal.hpp"

namespace pgconvoy {

std::vector<Runbook> builtin_runbooks() {
  std::vector<Runbook> result;
  result.push_back(postgres_13_to_15());
  result.push_back(postgres_upgrade());
  return result;
}

Result<Runbook> find_runbook(const std::string& name) {
  if (is_rehearsal(name))
    if (auto rehearsed = find_runbook(name.substr(kRehearsalPrefix.size()))) {
      const bool keep_backup = false;
      TRY(Rehearsal rehearsal, rehearsal_of(*rehearsed, keep_backup));
      return std::move(rehearsal.runbook);
    }
  std::vector<Runbook> all = builtin_runbooks();
  std::vector<std::string_view> names;
  for (Runbook& runbook : all) {
    if (runbook.name == name) return std::move(runbook);
    names.push_back(runbook.name);
  }
  return Error(ErrorKind::usage, fmt::format("there is no runbook {}{}", in_quotes(name), did_you_mean(name, names)),
               fmt::format("runbooks: {}; a file is given with its path", fmt::join(names, ", ")));
}

}  // namespace pgconvoy

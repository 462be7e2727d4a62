#include "runbooks/catalogue.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <string_view>

#include "engine/fleet/nearest.hpp"
#include "runbooks/postgres_upgrade.hpp"

namespace pgconvoy {

std::vector<Runbook> builtin_runbooks() {
  std::vector<Runbook> result;
  result.push_back(postgres_13_to_15());
  result.push_back(postgres_upgrade());
  return result;
}

Result<Runbook> find_runbook(const std::string& name) {
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

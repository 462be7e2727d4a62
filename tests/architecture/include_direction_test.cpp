// cli -> runbooks -> operations, conditions -> engine: a folder may include what stands to its right.
#include <catch2/catch.hpp>

#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <regex>
#include <set>
#include <string>
#include <vector>

namespace {

namespace fs = std::filesystem;
using Allowed = std::map<std::string, std::set<std::string>>;

const Allowed layers = {
    {"engine", {"engine"}},
    {"operations", {"operations", "engine"}},
    {"conditions", {"conditions", "engine"}},
    {"runbooks", {"runbooks", "operations", "conditions", "engine"}},
    {"cli", {"cli", "runbooks", "operations", "conditions", "engine"}},
};

// Inside engine: a rank; a part includes parts of a lower rank and itself. What has the same rank stands
// side by side and must not know the other. A path names a folder, or one file that is ranked by itself: the
// interfaces of operations and runbooks are what plan and run share, so they stand below both.
const std::map<std::string, int> ranks = {
    {"engine/core", 0},
    {"engine/postgres", 1},
    {"engine/fleet", 2},
    {"engine/clients", 2},
    {"engine/facts", 3},
    {"engine/journal", 3},
    {"engine/platform", 4},
    {"engine/run/operation.hpp", 4},
    {"engine/run/runbook.hpp", 4},
    {"engine/plan", 5},
    {"engine/run", 6},
    {"engine/report", 7},
    {"engine/web", 8},
};

std::string first_folder(const std::string& path) { return path.substr(0, path.find('/')); }
std::string second_folder(const std::string& path) {
  auto slash = path.find('/');
  return slash == std::string::npos ? "" : first_folder(path.substr(slash + 1));
}

std::optional<int> rank(const std::string& path) {
  auto found = ranks.find(path);
  if (found == ranks.end()) found = ranks.find(first_folder(path) + "/" + second_folder(path));
  return found == ranks.end() ? std::nullopt : std::optional(found->second);
}

bool may_include(const std::string& from, const std::string& to) {
  auto allowed = layers.find(first_folder(from));
  if (allowed == layers.end() || !layers.contains(first_folder(to))) return true;
  if (!allowed->second.contains(first_folder(to))) return false;
  if (first_folder(from) != "engine" || first_folder(to) != "engine") return true;
  if (second_folder(from) == second_folder(to)) return true;
  const auto here = rank(from), there = rank(to);
  return !here || !there || *there < *here;
}

std::vector<std::string> includes_of(const fs::path& file) {
  static const std::regex pattern(R"re(^\s*#\s*include\s*["<]([a-z_]+/[^">]+)[">])re");
  std::vector<std::string> found;
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    std::smatch match;
    if (std::regex_search(line, match, pattern)) found.push_back(match[1]);
  }
  return found;
}

}  // namespace

TEST_CASE("architecture: the rule itself knows right from wrong") {
  CHECK(may_include("cli/run.cpp", "runbooks/runbook.hpp"));
  CHECK(may_include("engine/fleet/file.cpp", "engine/core/error.hpp"));
  CHECK_FALSE(may_include("engine/run/loop.cpp", "operations/fence.hpp"));
  CHECK_FALSE(may_include("operations/fence.cpp", "conditions/size.hpp"));
  CHECK_FALSE(may_include("conditions/size.cpp", "operations/fence.hpp"));
  CHECK_FALSE(may_include("runbooks/upgrade.cpp", "cli/options.hpp"));
  CHECK_FALSE(may_include("engine/core/process.cpp", "engine/postgres/session.hpp"));
  CHECK_FALSE(may_include("engine/postgres/session.cpp", "engine/fleet/fleet.hpp"));
  CHECK_FALSE(may_include("engine/plan/order.cpp", "engine/run/loop.hpp"));
  CHECK_FALSE(may_include("engine/run/operation.hpp", "engine/plan/plan.hpp"));
  CHECK(may_include("engine/plan/order.cpp", "engine/run/operation.hpp"));
}

TEST_CASE("architecture: every include points in the allowed direction") {
  const fs::path root = PGCONVOY_SOURCE_DIR;
  std::size_t files = 0;
  for (const auto& [layer, allowed] : layers) {
    if (!fs::exists(root / layer)) continue;
    for (const auto& entry : fs::recursive_directory_iterator(root / layer)) {
      const auto extension = entry.path().extension();
      if (extension != ".cpp" && extension != ".hpp") continue;
      ++files;
      const std::string from = fs::relative(entry.path(), root).string();
      for (const auto& to : includes_of(entry.path())) {
        INFO(from << " includes " << to);
        CHECK(may_include(from, to));
      }
    }
  }
  CHECK(files > 10);
}

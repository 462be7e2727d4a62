// cli -> runbooks -> operations, conditions -> engine: a folder may include what stands to its right.
#include <catch2/catch.hpp>

#include <filesystem>
#include <fstream>
#include <map>
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
// side by side and must not know the other.
const std::map<std::string, int> ranks = {
    {"core", 0},     {"postgres", 1}, {"fleet", 2}, {"images", 2}, {"facts", 3}, {"journal", 3},
    {"platform", 3}, {"plan", 4},     {"run", 5},   {"report", 6}, {"serve", 7},
};

std::string first_folder(const std::string& path) { return path.substr(0, path.find('/')); }
std::string second_folder(const std::string& path) {
  auto slash = path.find('/');
  return slash == std::string::npos ? "" : first_folder(path.substr(slash + 1));
}

bool may_include(const std::string& from, const std::string& to) {
  auto allowed = layers.find(first_folder(from));
  if (allowed == layers.end() || !layers.contains(first_folder(to))) return true;
  if (!allowed->second.contains(first_folder(to))) return false;
  if (first_folder(from) != "engine" || first_folder(to) != "engine") return true;
  const auto here = second_folder(from), there = second_folder(to);
  if (here == there || there == "core") return true;
  if (here == "core") return false;
  auto here_rank = ranks.find(here), there_rank = ranks.find(there);
  if (here_rank == ranks.end() || there_rank == ranks.end()) return true;
  return there_rank->second < here_rank->second;
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

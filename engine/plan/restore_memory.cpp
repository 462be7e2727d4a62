#include "engine/plan/restore_memory.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>

#include "engine/plan/run_settings.hpp"

namespace pgconvoy {
namespace {

constexpr const char* kDerived = "auto";
constexpr std::int64_t kKilobyte = 1024, kBlock = 8 * kKilobyte, kMegabyte = 1024 * kKilobyte;
constexpr std::int64_t kMostByItself = 2048 * kMegabyte;
constexpr std::int64_t kMostAtAll = 2147483647LL * kKilobyte;  // PostgreSQL's own limit
constexpr int kMostWorkers = 4;

// As pg_settings has it, in the setting's own unit.
std::optional<std::int64_t> setting_of(const ServerFacts& server, const char* name) {
  const auto found = server.settings.find(name);
  if (found == server.settings.end()) return std::nullopt;
  std::int64_t value = 0;
  const char* const end = found->second.data() + found->second.size();
  const auto [stop, problem] = std::from_chars(found->second.data(), end, value);
  if (problem != std::errc() || stop != end) return std::nullopt;
  return value;
}

}  // namespace

Parameter restore_memory_parameter() {
  return {"restore_memory", Parameter::Type::text, kDerived,
          "Memory for building indexes on each target server, divided among the sessions that do so at a time: auto, or 2GB."};
}

Result<std::optional<std::int64_t>> asked_restore_memory(const json& arguments) {
  const json asked = arguments.is_object() ? arguments.value("restore_memory", json(kDerived)) : json(kDerived);
  if (asked == json(kDerived)) return std::optional<std::int64_t>();
  const auto bytes = asked.is_string() ? parse_bytes(asked.get<std::string>()) : std::nullopt;
  if (!bytes || *bytes < kMegabyte)
    return Error(ErrorKind::usage, fmt::format("restore_memory is {}", asked.dump()), "--set restore_memory=2GB, or any other amount of at least 1MB, or auto");
  return bytes;
}

int builders_at_a_time(const Plan& plan, const std::string& server, int jobs, bool while_paused) {
  const Limits limits = limits_of(plan.options, plan.fleet);
  std::map<std::string, int> in_region;
  for (const PlannedTarget& planned : plan.targets) {
    const bool is_there = std::any_of(planned.placements.begin(), planned.placements.end(), [&](const auto& each) { return each.second.target_server == server; });
    if (is_there) ++in_region[planned.target.region];
  }
  int targets = 0;
  for (const auto& [region, count] : in_region) {
    const auto own = limits.of_region.find(region);
    targets += std::min(count, own == limits.of_region.end() ? limits.per_region : own->second);
  }
  targets = std::min(targets, limits.overall);
  if (limits.per_target_server) targets = std::min(targets, *limits.per_target_server);
  if (while_paused && limits.paused) targets = std::min(targets, *limits.paused);
  return std::max(1, targets) * std::max(1, jobs);
}

std::optional<RestoreShare> restore_share(const ServerFacts& server, std::optional<std::int64_t> budget, int sessions) {
  const auto shared_buffers = setting_of(server, "shared_buffers"), own = setting_of(server, "maintenance_work_mem");
  const auto processes = setting_of(server, "max_worker_processes"), parallel = setting_of(server, "max_parallel_workers"),
             own_workers = setting_of(server, "max_parallel_maintenance_workers");
  if (!shared_buffers || !own || !processes || !parallel || !own_workers) return std::nullopt;
  const std::int64_t among = std::max(1, sessions);
  RestoreShare share;
  if (budget)
    share.memory = std::clamp(*budget / among, kMegabyte, kMostAtAll);
  else
    share.memory = std::max(std::min(*shared_buffers * kBlock / 2 / among, kMostByItself), *own * kKilobyte);
  if (*own_workers > 0) share.workers = static_cast<int>(std::min<std::int64_t>(kMostWorkers, std::min(*processes, *parallel) / among));
  return share;
}

std::vector<std::pair<std::string, std::string>> settings_of(const std::optional<RestoreShare>& share) {
  if (!share) return {};
  return {{"maintenance_work_mem", fmt::format("{}kB", share->memory / kKilobyte)}, {"max_parallel_maintenance_workers", std::to_string(share->workers)}};
}

std::string server_options_of(const std::optional<RestoreShare>& share) {
  std::string options;
  for (const auto& [name, value] : settings_of(share)) options += fmt::format("{}-c {}={}", options.empty() ? "" : " ", name, value);
  return options;
}

}  // namespace pgconvoy

// How a run goes over a fleet: waves, budgets, limits. Their rules are those of `pgconvoy set` (engine/plan/run_settings).
#include <fmt/format.h>

#include "cli/options.hpp"
#include "engine/fleet/nearest.hpp"
#include "engine/plan/run_settings.hpp"

namespace pgconvoy::cli {
namespace {

constexpr const char* kRollout = "Rollout";

std::string problem_of_waves(const std::string& text) {
  if (wave_ends(text, 1000)) return {};
  return fmt::format("{} is no rising list of numbers and percentages: 3,10,25%,100%", in_quotes(text));
}

}  // namespace

void add_rollout_choices(CLI::App& command, RunChoices& choices) {
  const auto setting = [&](const std::string& name, const char* form, const std::string& summary) {
    command.add_option("--" + name, choices.settings[name], summary)
        ->type_name(form)
        ->group(kRollout)
        ->check([name](const std::string& text) { return problem_of_setting(name, text); });
  };
  command.add_option("--waves", choices.options.waves,
                     "How many targets, in all, may have been begun when each wave is through: 3,10,25%,100%. "
                     "What is left is one wave more. Without: all are one wave")
      ->type_name("LIST")->group(kRollout)->check(problem_of_waves);
  setting("soak", "DURATION", "Time between the end of a wave and the next; applications that get unhealthy in it count as failed");
  command.add_flag("--approve", choices.options.approve, "Each wave but the first waits for pgconvoy approve RUN")->group(kRollout);
  command.add_option("--canaries", choices.options.canaries,
                     "With --waves: so many small test targets go first, unless some are labelled canary: true")
      ->type_name("N")->group(kRollout)->check(CLI::Range(0, 1000).description(""))->capture_default_str();
  command.add_flag("!--no-test-first", choices.options.test_first,
                   "Live targets don't wait until the test target of their application has succeeded")->group(kRollout);
  command.add_flag("!--no-notices", choices.options.notices,
                   "Targets don't wait until their owners were told (notices of the fleet file)")->group(kRollout);
  setting("max-failures-per-wave", "N|P%", "Stops when the failures of one wave exceed it");
  setting("max-failures-per-region", "N|P%", "Starts nothing new in a region when its failures exceed it");
  setting("concurrency-per-source", "N", "Targets at a time on each server that is left");
  setting("concurrency-per-target", "N", "Targets at a time on each server that is moved to");
  setting("max-paused", "N", "Targets in their pause at a time, of each process; of those in flight the others are prepared meanwhile, and wait");
  setting("bytes-in-flight", "SIZE", "Size of all databases that are being moved at a time: 50GB");
  setting("min-free-disk", "SIZE", "Nothing new starts with less room for backups or, where it can be seen, for new databases");
  setting("window", "WINDOWS", "When targets may start, in each region's local time, instead of the fleet file's windows: \"mon-fri 01:00-05:00; sun 02:00-06:00\", or always");
  setting("wait-for-windows", "yes|no", "Waits for the next window instead of resting until run --continue");
  setting("batch", "N", "Rests when so many targets were begun; run --continue goes on");
  setting("throttle-when", "RULES", "Nothing new starts on a server that is busier: active>50,lag>10s,load>8");
}

Result<void> RunChoices::put_settings_into(RunOptions& changed) const {
  for (const auto& [name, value] : settings)
    if (!value.empty()) TRY_VOID(change(changed, name, value));
  return {};
}

}  // namespace pgconvoy::cli

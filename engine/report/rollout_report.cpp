#include "engine/report/rollout_report.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "engine/report/text.hpp"

namespace pgconvoy::report {
namespace {

int first_of_wave(const RolloutRecord& rollout) { return rollout.wave <= 1 ? 1 : rollout.wave_ends.at(rollout.wave - 2) + 1; }
int last_of_wave(const RolloutRecord& rollout) { return rollout.wave_ends.at(std::min(rollout.wave, rollout.waves()) - 1); }

}  // namespace

std::vector<std::string> lines_of_rollout(const ReportView& view) {
  const RolloutRecord& rollout = view.summary.rollout;
  std::vector<std::string> lines;
  const bool unfinished = view.summary.state == "running" || view.summary.state == "halted";
  if (!unfinished) return lines;
  if (rollout.waves() > 1) {
    std::string wave = fmt::format("wave {} of {}: targets {} to {}", rollout.wave, rollout.waves(), first_of_wave(rollout), last_of_wave(rollout));
    if (rollout.wave_ended) wave += ", over";
    // Its end stands in the journal also when it is over: whether anybody still waits for it is what counts.
    const bool soaks = std::any_of(rollout.waits.begin(), rollout.waits.end(), [](const json& wait) { return wait.value("why", "") == "soak"; });
    if (rollout.wave_ended && soaks && !rollout.soak_until.empty()) wave += fmt::format(", soaks until {}", day_and_time(rollout.soak_until));
    lines.push_back(std::move(wave));
  }
  if (rollout.waits_for_approval())
    lines.push_back(fmt::format("wave {} waits for a word: pgconvoy approve {}{}", rollout.wave + 1, view.summary.name, view.journal_option));
  for (const json& wait : rollout.waits) {
    const std::string why = wait.value("why", "");
    if (why == "approval" || why == "soak") continue;  // said above
    // A closed region's reason says the time itself, in the region's own; others may say it as it would be said here.
    const std::string text = shown(wait.value("text", ""));
    const bool says_it = why == "opening" && !text.starts_with("would end");
    std::string until = wait.value("until", "");
    if (!until.empty()) until = day_and_time(until);
    lines.push_back(fmt::format("{} wait{}: {}{}", count(wait.value("targets", 0), "target"), wait.value("targets", 0) == 1 ? "s" : "", text,
                                until.empty() || says_it || text.find(until) != std::string::npos ? "" : ", until " + until));
  }
  return lines;
}

json rollout_json(const RolloutRecord& rollout) {
  return {{"wave", rollout.wave},
          {"waves", rollout.waves()},
          {"first", first_of_wave(rollout)},
          {"last", last_of_wave(rollout)},
          {"wave_ended", rollout.wave_ended},
          {"soak_until", rollout.soak_until},
          {"needs_approval", rollout.waits_for_approval()},
          {"waits", rollout.waits}};
}

}  // namespace pgconvoy::report

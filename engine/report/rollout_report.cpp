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
    if (rollout.wave_ended && !rollout.soak_until.empty()) wave += fmt::format(", soaks until {}", day_and_time(rollout.soak_until));
    lines.push_back(std::move(wave));
  }
  if (rollout.waits_for_approval())
    lines.push_back(fmt::format("wave {} waits for a word: pgconvoy approve {}{}", rollout.wave + 1, view.summary.name, view.journal_option));
  for (const json& wait : rollout.waits) {
    const std::string why = wait.value("why", "");
    if (why == "approval" || why == "soak") continue;  // said above
    // A closed region's reason says the time itself, in the region's own.
    const bool says_it = why == "opening" && !wait.value("text", "").starts_with("would end");
    const std::string until = says_it ? "" : wait.value("until", "");
    lines.push_back(fmt::format("{} wait{}: {}{}", count(wait.value("targets", 0), "target"), wait.value("targets", 0) == 1 ? "s" : "",
                                shown(wait.value("text", "")), until.empty() ? "" : ", until " + day_and_time(until)));
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

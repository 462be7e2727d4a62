// What a journal says, for comparing one file with another.
#pragma once

#include <optional>
#include <sstream>
#include <string>

#include "engine/journal/journal.hpp"

namespace pgconvoy::test {

// What every reader of the journal returns, as text; errors in their place.
inline std::string everything(Journal& journal) {
  std::ostringstream all;
  const auto shown = [&](const auto& result, const auto& show) {
    if (result)
      show(*result);
    else
      all << "error: " << result.error().message << "\n";
  };
  const auto text = [](const json& value) { return value.dump(-1, ' ', false, json::error_handler_t::replace); };
  const auto time = [](const std::optional<WallTime>& at) { return at ? format_utc(*at) : "-"; };
  const auto run_text = [&](const RunRecord& run) {
    all << run.id << run.name << to_string(run.state) << to_string(run.intent) << run.runbook << run.runbook_digest
        << format_utc(run.created) << time(run.started) << time(run.ended) << text(run.plan);
    for (const auto& [state, count] : run.counts) all << to_string(state) << count;
    all << "\n";
  };
  const auto target_text = [&](const TargetRecord& target) {
    all << target.run << "/" << target.number << target.id << target.region << to_string(target.state) << target.epoch
        << target.pivoted << text(target.reason) << time(target.started) << time(target.ended) << time(target.paused_at)
        << time(target.resumed_at) << "\n";
    for (const auto& [path, step] : target.steps)
      all << path << step.path << to_string(step.status) << step.attempt << "," << step.epoch << "," << step.first_started
          << text(step.intent) << text(step.outcome) << text(step.error) << time(step.started) << time(step.ended) << "\n";
  };
  all << journal.token() << "\n";
  shown(journal.latest_run(), [&](std::int64_t id) { all << id << "\n"; });
  shown(journal.runs(), [&](const auto& runs) { for (const auto& run : runs) run_text(run); });
  shown(journal.run(1), run_text);
  for (const bool steps : {false, true})
    shown(journal.targets(1, steps), [&](const auto& targets) { for (const auto& target : targets) target_text(target); });
  for (int number = 1; number <= 4; ++number) {
    shown(journal.target(1, number), target_text);
    shown(journal.planned_target(1, number), [&](const json& planned) { all << text(planned) << "\n"; });
  }
  const auto read = journal.events(1, 0, [&](const Event& event) {
    all << event.sequence << "," << event.run << "," << event.target << event.step << event.attempt << "," << event.epoch
        << to_string(event.kind) << format_utc(event.at) << text(event.data) << "\n";
    return true;
  });
  if (!read) all << "error: " << read.error().message << "\n";
  for (const bool open_only : {true, false})
    shown(journal.obligations(open_only), [&](const auto& list) { for (const json each : list) all << text(each) << "\n"; });
  shown(journal.backups(), [&](const auto& list) {
    for (const BackupRecord& each : list)
      all << each.run << each.target << each.target_id << each.instance << each.server << each.database << each.file
          << each.sha256 << each.format << each.created << each.state << each.bytes << text(each.details) << "\n";
  });
  return all.str();
}

}  // namespace pgconvoy::test

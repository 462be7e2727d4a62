#include "cli/owner_notices.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "cli/hooks.hpp"
#include "cli/output.hpp"
#include "engine/fleet/window.hpp"
#include "engine/plan/region_windows.hpp"
#include "engine/report/run_summary.hpp"

namespace pgconvoy::cli {
namespace {

constexpr std::size_t kNoticesAtOnce = 20;  // journaled, then told to the end: what a kill leaves untold is little

// The most nights that any region opens in until then; 1 without windows.
int nights_until(const Fleet& fleet, const RunOptions& options, WallTime now, WallTime until) {
  std::size_t most = 1;
  for (const auto& [id, region] : fleet.regions) {
    std::vector<Window> windows;
    if (options.windows.empty())
      for (const std::string& text : region.windows) windows.push_back(parse_window(text).value());
    else
      windows = parse_windows(options.windows).value();
    const TimeZone zone = region.time_zone.empty() ? TimeZone::utc() : TimeZone::find(region.time_zone).value();
    most = std::max(most, open_times(windows, zone, now, until).size());
  }
  return static_cast<int>(most);
}

WallTime later(WallTime time, Seconds seconds) { return time + std::chrono::duration_cast<WallTime::duration>(seconds); }

Event notice(const TargetRecord& target, const char* when, WallTime at, WallTime now) {
  Event event;
  event.run = target.run;
  event.kind = EventKind::owner_notice;
  event.at = now;
  event.data = {{"target", target.number}, {"target_id", target.id}, {"when", when}, {"at", format_utc(at)}};
  return event;
}

}  // namespace

std::vector<Event> due_notices(const RunRecord& run, const Fleet& fleet, const RolloutRecord& rollout, const std::vector<TargetRecord>& targets,
                               const std::vector<Event>& own, WallTime now) {
  std::set<int> before, after;
  for (const Event& event : own)
    if (event.kind == EventKind::owner_notice) (event.data.value("when", "") == "before" ? before : after).insert(event.data.value("target", 0));
  std::vector<Event> due;
  const bool goes_on = run.state == RunState::planned || run.state == RunState::running || run.state == RunState::halted;
  if (fleet.notices.before && rollout.options.notices && goes_on && run.intent != RunIntent::cancel) {
    const WallTime from = later(now, *fleet.notices.before);
    std::int64_t room = static_cast<std::int64_t>(targets.size());
    if (rollout.options.batch) room = std::int64_t{*rollout.options.batch} * (1 + nights_until(fleet, rollout.options, now, from));
    for (const TargetRecord& target : targets) {
      if (target.state != TargetState::pending) continue;
      if (--room < 0) break;
      if (!before.contains(target.number)) due.push_back(notice(target, "before", from, now));
    }
  }
  if (fleet.notices.after)
    for (const TargetRecord& target : targets)
      if (target.state == TargetState::succeeded && target.ended && !after.contains(target.number) && later(*target.ended, *fleet.notices.after) <= now)
        due.push_back(notice(target, "after", *target.ended, now));
  return due;
}

Result<std::vector<Event>> tell_owners(Application& application, Journal& journal, std::int64_t id, WallTime now) {
  TRY(const RunRecord run, journal.run(id));
  std::vector<Event> told;
  Fleet fleet;
  try {
    fleet = run.plan.at("fleet").get<Fleet>();
  } catch (const json::exception& failure) {
    return Error(ErrorKind::corrupt, fmt::format("the plan of {} can't be read: {}", run.name, failure.what()), "pgconvoy journal verify");
  }
  if (fleet.notices == Notices{}) return told;
  std::vector<Event> own;
  TRY_VOID(journal.own_events(id, 0, [&](const Event& event) { return own.push_back(event), true; }));
  TRY(const RolloutRecord rollout, report::read_rollout(journal, run));
  TRY(const std::vector<TargetRecord> targets, journal.targets(id, false));
  const std::vector<Event> due = due_notices(run, fleet, rollout, targets, own, now);
  std::vector<std::string> target_ids;
  for (const TargetRecord& target : targets) target_ids.push_back(target.id);
  for (std::size_t from = 0; from < due.size(); from += kNoticesAtOnce) {
    std::vector<Event> some(due.begin() + static_cast<std::ptrdiff_t>(from), due.begin() + static_cast<std::ptrdiff_t>(std::min(due.size(), from + kNoticesAtOnce)));
    for (Event& event : some) {
      TRY(const json planned, journal.planned_target(id, event.data.at("target").get<int>()));
      event.data["environments"] = fmt::format("{}", fmt::join(planned.at("target").at("environments").get<std::vector<std::string>>(), ", "));
    }
    TRY_VOID(journal.append(some));
    Hooks hooks(application.loop().get_executor(), application.pool(), application.processes(), fleet, target_ids, application.program_log(),
                [](const std::string& warning) { write_error("warning: " + warning + "\n"); });
    for (const Event& event : some) hooks.journaled(event);
    application.wait(hooks.finish());
    told.insert(told.end(), some.begin(), some.end());
  }
  return told;
}

Result<std::vector<Event>> tell_owners_of_all(Application& application, Journal& journal, WallTime now) {
  TRY(std::vector<RunRecord> runs, journal.runs());
  std::reverse(runs.begin(), runs.end());
  std::vector<Event> told;
  for (const RunRecord& run : runs) {
    if (!run.started || run.state == RunState::cancelled) continue;
    TRY(const std::vector<Event> of_run, tell_owners(application, journal, run.id, now));
    told.insert(told.end(), of_run.begin(), of_run.end());
  }
  return told;
}

}  // namespace pgconvoy::cli

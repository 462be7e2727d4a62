#include "engine/report/plan_report.hpp"

#include "engine/report/accepted_risks.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <set>

#include "engine/core/bytes.hpp"
#include "engine/core/clock.hpp"
#include "engine/plan/in_place.hpp"
#include "engine/plan/run_settings.hpp"
#include "engine/plan/verification.hpp"
#include "engine/report/findings_report.hpp"
#include "engine/report/forecast_report.hpp"
#include "engine/report/run_summary.hpp"
#include "engine/report/table.hpp"
#include "engine/run/findings.hpp"

namespace pgconvoy::report {
namespace {

std::string in_words(double seconds) { return format_duration(Seconds(seconds)); }

// With work that fits evenly; the longest target is a lower bound.
double elapsed_of(const Plan& plan) {
  struct Lane {
    double sum = 0, longest = 0;
  };
  std::map<std::string, Lane> lanes;
  double sum = 0, longest_lane = 0;
  for (const PlannedTarget& planned : plan.targets) {
    if (planned.blocked()) continue;
    Lane& lane = lanes[planned.target.region];
    lane.sum += planned.seconds;
    lane.longest = std::max(lane.longest, planned.seconds);
    sum += planned.seconds;
  }
  for (const auto& [region, lane] : lanes) {
    const auto known = plan.fleet.regions.find(region);
    const int limit = known != plan.fleet.regions.end() && known->second.concurrency ? *known->second.concurrency
                                                                                      : plan.options.concurrency_per_region;
    longest_lane = std::max({longest_lane, lane.longest, lane.sum / std::max(1, limit)});
  }
  return std::max(longest_lane, sum / std::max(1, plan.options.concurrency));
}

// A region had more than one server to choose from.
bool had_a_choice(const Plan& plan) {
  return std::any_of(plan.targets.begin(), plan.targets.end(), [](const PlannedTarget& planned) {
    return std::any_of(planned.placements.begin(), planned.placements.end(),
                       [](const auto& placed) { return !placed.second.because.empty(); });
  });
}

std::string servers_of(const PlannedTarget& planned) {
  std::set<std::string> servers;
  for (const auto& [instance, placement] : planned.placements) servers.insert(shown(placement.target_server));
  return fmt::format("{}", fmt::join(servers, ", "));
}

Table table_of_plan(const Plan& plan) {
  const bool choice = had_a_choice(plan);
  std::vector<Table::Column> columns{{"#", Align::right}, {"target", Align::left, true}, {"region", Align::left, true}};
  if (choice) columns.push_back({"to", Align::left, true});
  for (const Table::Column& column : std::vector<Table::Column>{
           {"db", Align::right}, {"size", Align::right}, {"total", Align::right}, {"paused", Align::right}, {"findings"}})
    columns.push_back(column);
  Table table(columns);
  for (const PlannedTarget& planned : plan.targets) {
    const FindingCounts counts = count_findings(planned.findings);
    std::string findings = counts.block ? fmt::format("{} blocking", counts.block) : "";
    if (counts.warn) findings += fmt::format("{}{}", findings.empty() ? "" : ", ", count(counts.warn, "warning"));
    const Tone tone = counts.block ? Tone::bad : counts.warn ? Tone::warn : Tone::good;
    std::vector<Cell> row{std::to_string(planned.number), shown(planned.target.id), shown(planned.target.region)};
    if (choice) row.push_back(servers_of(planned));
    for (std::string text : {std::to_string(planned.placements.size()), format_bytes({planned.bytes}), in_words(planned.seconds),
                             in_words(planned.paused_seconds)})
      row.push_back(std::move(text));
    row.push_back(Cell(findings.empty() ? "ready" : findings, tone));
    table.add(std::move(row));
  }
  return table;
}

// The steps, each operation once; seconds are those of one target in the middle.
std::string steps_text(const std::vector<StepPlan>& steps, const Style& style) {
  std::string text;
  std::set<std::string> seen;
  for (const StepPlan& step : steps) {
    const std::string path = step.path.substr(0, step.path.find('@'));
    if (!seen.insert(path).second) continue;
    text += fmt::format("  {}{}\n", shown(operation_of(path)), step.while_paused ? style.dim("  (paused)") : "");
  }
  return text;
}

std::string all_steps_text(const Plan& plan, const Style& style) {
  std::string text;
  for (const PlannedTarget& planned : plan.targets) {
    text += fmt::format("\n{}  {}\n", style.bold(shown(planned.target.id)), style.dim("facts " + planned.facts_digest.substr(0, 12)));
    if (planned.way != PlannedTarget().way || !planned.way_because.empty())
      text += fmt::format("  way: {}{}\n", planned.way, planned.way_because.empty() ? "" : fmt::format(" ({})", shown(planned.way_because)));
    if (!planned.verification.empty())
      text += fmt::format("  verification: {}{}\n", planned.verification,
                          planned.verification_because.empty() ? "" : fmt::format(" ({})", shown(planned.verification_because)));
    if (!planned.early_because.empty()) text += fmt::format("  early: {}\n", shown(planned.early_because));
    for (const auto& [instance, placement] : planned.placements)
      if (!placement.because.empty())
        text += fmt::format("  {} to {}: {}\n", shown(instance), shown(placement.target_server), shown(placement.because));
    for (const StepPlan& step : planned.steps)
      text += fmt::format("  {}  {}{}\n", padded(in_words(step.seconds), 9, Align::right), shown(step.path),
                          step.while_paused ? style.dim("  (paused)") : "");
  }
  return text;
}

// Where contents are compared late or not at all; "": nowhere.
std::string verification_text(const Plan& plan) {
  std::map<std::string, int> targets;
  for (const PlannedTarget& planned : plan.targets) ++targets[planned.verification];
  std::string text;
  for (const auto& [mode, words] : {std::pair{Verification::snapshot, "contents are compared after the pivot, in a snapshot taken before it"},
                                    std::pair{Verification::counts, "rows are counted, contents never compared"}})
    if (const auto found = targets.find(to_string(mode)); found != targets.end())
      text += fmt::format("verification {} for {}: {} (-v: why)\n", to_string(mode), count(found->second, "target"), words);
  return text;
}

// Waves with the numbers of their targets, limits beyond the usual ones, and what is held by tests or freezes; "": nothing to say.
std::string rollout_text(const PlanView& view, std::size_t width) {
  const RunOptions& options = view.plan.options;
  std::string text;
  const int targets = static_cast<int>(view.plan.targets.size());
  if (const auto ends = options.waves.empty() ? std::nullopt : wave_ends(options.waves, targets); ends && ends->size() > 1) {
    std::string waves;
    for (std::size_t i = 0; i < ends->size(); ++i) {
      const int first = i == 0 ? 1 : ends->at(i - 1) + 1;
      waves += fmt::format("{}{}", waves.empty() ? "" : ", ", first == ends->at(i) ? std::to_string(first) : fmt::format("{}-{}", first, ends->at(i)));
    }
    text += wrapped(fmt::format("{} waves: targets {}; between them {}{}", ends->size(), waves,
                                options.soak > 0 ? "a soak of " + in_words(options.soak) : "no soak",
                                options.approve ? " and pgconvoy approve" : ""), width, 2) + "\n";
  }
  const RunOptions usual;
  std::string limits;
  for (const char* name : {"concurrency-per-source", "concurrency-per-target", "max-paused", "bytes-in-flight", "min-free-disk", "max-failures-per-wave",
                           "max-failures-per-region", "throttle-when"})
    if (const std::string value = value_of(options, name); value != value_of(usual, name))
      limits += fmt::format("{}{} {}", limits.empty() ? "" : ", ", name, shown(value));
  if (!limits.empty()) text += wrapped(limits, width, 2) + "\n";
  const auto waiting = std::count_if(view.plan.targets.begin(), view.plan.targets.end(), [](const PlannedTarget& planned) { return !planned.after.empty(); });
  if (waiting > 0 && options.test_first)
    text += wrapped(fmt::format("{} until the test target of their application has succeeded", waiting == 1 ? "1 live target waits" : fmt::format("{} live targets wait", waiting)),
                    width, 2) + "\n";
  if (!view.plan.continues.empty()) text += fmt::format("goes on from {}\n", shown(view.plan.continues));
  return text;
}

std::string limits_text(const PlanView& view) {
  const RunOptions& options = view.plan.options;
  std::set<std::string> regions;
  for (const PlannedTarget& planned : view.plan.targets) regions.insert(planned.target.region);
  std::string per_region;
  for (const std::string& region : regions) {
    const auto known = view.plan.fleet.regions.find(region);
    const int limit = known != view.plan.fleet.regions.end() && known->second.concurrency ? *known->second.concurrency
                                                                                           : options.concurrency_per_region;
    per_region += fmt::format("{}{} {}", per_region.empty() ? "" : ", ", shown(region), limit);
  }
  const std::string stop = options.max_failures == "0" ? "the first failure starts no new ones"
                                                       : fmt::format("more than {} failures start no new ones", options.max_failures);
  const std::size_t width = view.width == 0 ? 100000 : view.width;
  const std::string first = fmt::format("at most {} at a time ({}); {}; what failed is {}", options.concurrency, per_region, stop,
                                        options.on_failure == "leave" ? "left as it is" : "undone");
  return wrapped(first, width, 2) + "\n" +
         wrapped(is_in_place(view.plan.requirements) ? fmt::format("no backups are made; order from seed {}", options.seed)
                                                      : fmt::format("backups go to {}; order from seed {}", shown(options.backup_directory), options.seed),
                 width, 2) +
         "\n" +
         rollout_text(view, width);
}

}  // namespace

PlanTotals totals_of(const Plan& plan) {
  PlanTotals totals;
  for (const PlannedTarget& planned : plan.targets) {
    ++totals.targets;
    totals.databases += static_cast<int>(planned.placements.size());
    totals.bytes += planned.bytes;
    if (planned.blocked()) {
      ++totals.blocked;
      continue;
    }
    totals.by_hand += !is_controlled(plan.fleet, planned.target);
    totals.with_warnings += count_findings(planned.findings).warn > 0;
    totals.seconds += planned.seconds;
    totals.longest_pause = std::max(totals.longest_pause, planned.paused_seconds);
    totals.longest_pause_p90 = std::max(totals.longest_pause_p90, planned.paused_p90);
  }
  totals.elapsed = plan.forecast.is_null() || totals.blocked == totals.targets ? elapsed_of(plan) : forecast_from_json(plan.forecast).seconds.p50;
  return totals;
}

std::string plan_summary_text(const PlanView& view, const Style& style) {
  const PlanTotals totals = totals_of(view.plan);
  std::set<std::string> regions;
  for (const PlannedTarget& planned : view.plan.targets) regions.insert(planned.target.region);
  std::string text = fmt::format("{}: {}, {} in {}, {}\n", style.bold(view.plan.runbook.name), count(totals.targets, "target"),
                                 count(totals.databases, "database"), count(static_cast<int>(regions.size()), "region"),
                                 format_bytes({totals.bytes}));
  text += shown(way_of(view.plan.requirements)) + "\n";
  if (view.not_offered)
    text += fmt::format("{} more selected, without an instance of {}\n", count(view.not_offered, "target"),
                        shown(view.plan.requirements.source_service));
  const std::string whole = within_words(totals.elapsed, totals.blocked == totals.targets ? 0 : forecast_from_json(view.plan.forecast).seconds.p90);
  const bool never_paused = is_in_place(view.plan.requirements) && totals.longest_pause == 0;
  text += never_paused ? fmt::format("about {} in all; no application is paused\n", whole)
                       : fmt::format("about {} in all; each application is paused for at most about {}\n", whole,
                                     within_words(totals.longest_pause, totals.longest_pause_p90));
  text += forecast_text(view.plan, style, view.width);
  text += limits_text(view);
  text += verification_text(view.plan);
  const json parameters = effective_parameters(view.plan);
  if (const auto words = parameters_in_words(parameters); !words.empty())
    text += wrapped(fmt::format("{}", fmt::join(words, ", ")), view.width == 0 ? 100000 : view.width, 2) + "\n";
  if (drops_at_once(parameters))
    text += style.warn("retention 0: old databases are dropped at once; afterwards only their backups are left to go back to\n");
  if (totals.by_hand)
    text += style.warn(fmt::format("{} pgconvoy doesn't control: you set the new URL of each by hand, then pgconvoy resolve RUN TARGET "
                                   "--as done --reason TEXT\n",
                                   totals.by_hand == 1 ? "1 target has an application that"
                                                       : fmt::format("{} targets have applications that", totals.by_hand)));
  for (const AcceptedRisk& risk : accepted_risks(view.plan.options, view.plan.fleet, view.plan.targets)) text += style.warn(to_line(risk) + "\n");
  if (totals.with_warnings) text += style.warn(fmt::format("{} with warnings\n", count(totals.with_warnings, "target")));
  if (totals.blocked)
    text += style.bad(fmt::format("{} blocked by preconditions and will be skipped, never paused\n",
                                  totals.blocked == 1 ? "1 target is" : fmt::format("{} targets are", totals.blocked)));
  return text;
}

std::string plan_text(const PlanView& view, const Style& style) {
  const Plan& plan = view.plan;
  std::string text = table_of_plan(plan).text(style, view.width);
  FindingsText findings(style, view.width, view.verbose);
  for (const PlannedTarget& planned : plan.targets) {
    std::string part = findings.of(planned);
    if (!part.empty()) text += "\n" + part;
  }
  if (view.verbose)
    text += all_steps_text(plan, style);
  else if (!plan.targets.empty())
    text += "\n" + style.bold("steps of each target") + " (-v: all of them, with estimates)\n" +
            steps_text(plan.targets.front().steps, style);
  text += "\n" + plan_summary_text(view, style);
  text += "nothing was changed\n";
  if (view.run > 0 && totals_of(plan).blocked < static_cast<int>(plan.targets.size()))
    text += fmt::format("\n{} pgconvoy run --plan r{}{}\n", style.bold("next:"), view.run, view.journal_option);
  return text;
}

json plan_json(const PlanView& view) {
  const PlanTotals totals = totals_of(view.plan);
  json document = plan_header(view.plan);
  document["version"] = 1;
  document["kind"] = "plan";
  document["run"] = nullptr;
  if (view.run > 0) document["run"] = fmt::format("r{}", view.run);
  document["totals"] = {{"targets", totals.targets},
                        {"databases", totals.databases},
                        {"blocked", totals.blocked},
                        {"with_warnings", totals.with_warnings},
                        {"by_hand", totals.by_hand},
                        {"not_offered", view.not_offered},
                        {"bytes", totals.bytes},
                        {"seconds", totals.seconds},
                        {"elapsed_seconds", totals.elapsed},
                        {"longest_pause_seconds", totals.longest_pause},
                        {"longest_pause_p90", totals.longest_pause_p90}};
  document["parameters"] = effective_parameters(view.plan);
  document["targets"] = view.plan.targets;
  return document;
}

}  // namespace pgconvoy::report

#include "engine/report/metrics.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

#include "engine/report/text.hpp"

namespace pgconvoy::report {
namespace {

constexpr std::array kPauseBounds{1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0};
constexpr std::array kDurationBounds{5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0, 7200.0, 21600.0, 86400.0};
constexpr TargetState kTargetStates[] = {TargetState::pending, TargetState::running,     TargetState::succeeded, TargetState::skipped,
                                         TargetState::rolling_back, TargetState::rolled_back, TargetState::stuck};
constexpr RunState kRunStates[] = {RunState::planned, RunState::running, RunState::succeeded, RunState::finished_with_failures, RunState::halted, RunState::cancelled};
constexpr RunIntent kRunIntents[] = {RunIntent::none, RunIntent::pause, RunIntent::cancel};
constexpr const char* kWaits[] = {"approval", "soak", "budget", "held", "server", "bytes", "freeze", "opening", "test", "notice"};

std::string label_value(const std::string& text) {
  std::string out;
  for (const char c : shown(text)) {
    if (c == '\\' || c == '"') out += '\\';
    out += c;
  }
  return out;
}

class Exposition {
 public:
  using Labels = std::vector<std::pair<const char*, std::string>>;

  void family(const std::string& name) {
    const auto& all = metric_families();
    const auto found = std::find_if(all.begin(), all.end(), [&](const MetricFamily& family) { return name == family.name; });
    name_ = name;
    if (found != all.end()) text += fmt::format("# HELP {0} {1}\n# TYPE {0} {2}\n", found->name, found->help, found->type);
  }
  void sample(const Labels& labels, double value) { line(name_, labels, fmt::format("{}", value)); }
  void sample(const Labels& labels, std::int64_t value) { line(name_, labels, std::to_string(value)); }
  void sample(const Labels& labels, int value) { sample(labels, std::int64_t{value}); }
  void sample(const Labels& labels, bool value) { sample(labels, std::int64_t{value}); }

  template <std::size_t N>
  void histogram(Labels labels, const std::array<double, N>& bounds, const std::vector<double>& values) {
    double sum = 0;
    for (const double value : values) sum += value;
    const Labels plain = labels;
    labels.emplace_back("le", "");
    for (const double bound : bounds) {
      labels.back().second = fmt::format("{}", bound);
      line(name_ + "_bucket", labels, std::to_string(std::count_if(values.begin(), values.end(), [&](double value) { return value <= bound; })));
    }
    labels.back().second = "+Inf";
    line(name_ + "_bucket", labels, std::to_string(values.size()));
    line(name_ + "_sum", plain, fmt::format("{}", sum));
    line(name_ + "_count", plain, std::to_string(values.size()));
  }

  std::string text;

 private:
  void line(const std::string& name, const Labels& labels, const std::string& value) {
    text += name;
    for (std::size_t i = 0; i < labels.size(); ++i) text += fmt::format("{}{}=\"{}\"", i == 0 ? "{" : ",", labels[i].first, label_value(labels[i].second));
    text += (labels.empty() ? " " : "} ") + value + "\n";
  }

  std::string name_;
};

double unix_seconds(WallTime time) { return std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count() / 1000.0; }

bool is_of_run(const Obligation& obligation, const std::string& run) { return obligation.id.starts_with(run + "/"); }

struct RegionFigures {
  std::map<TargetState, int> states;
  std::int64_t claims = 0;
  std::vector<double> pauses, durations;
};

void about_the_run(Exposition& out, const MetricsInput& input) {
  const RunRecord& run = input.brief.run;
  const RolloutRecord& rollout = input.brief.rollout;
  const std::string& name = run.name;
  out.family("pgconvoy_build_info");
  out.sample({{"version", PGCONVOY_VERSION}}, 1);
  out.family("pgconvoy_run_info");
  out.sample({{"run", name}, {"runbook", run.runbook}, {"runbook_digest", run.runbook_digest}}, 1);
  out.family("pgconvoy_run_state");
  for (const RunState state : kRunStates) out.sample({{"run", name}, {"state", to_string(state)}}, run.state == state);
  out.family("pgconvoy_run_intent");
  for (const RunIntent intent : kRunIntents) out.sample({{"run", name}, {"intent", to_string(intent)}}, run.intent == intent);
  if (input.alive) {
    out.family("pgconvoy_run_alive");
    out.sample({{"run", name}}, *input.alive);
  }
  out.family("pgconvoy_run_created_timestamp_seconds");
  out.sample({{"run", name}}, unix_seconds(run.created));
  if (run.started) {
    out.family("pgconvoy_run_start_timestamp_seconds");
    out.sample({{"run", name}}, unix_seconds(*run.started));
  }
  if (run.ended) {
    out.family("pgconvoy_run_end_timestamp_seconds");
    out.sample({{"run", name}}, unix_seconds(*run.ended));
  }
  out.family("pgconvoy_run_wave");
  out.sample({{"run", name}}, rollout.wave);
  out.family("pgconvoy_run_waves");
  out.sample({{"run", name}}, std::max(1, rollout.waves()));
  out.family("pgconvoy_run_waits_for_approval");
  out.sample({{"run", name}}, rollout.waits_for_approval());
  out.family("pgconvoy_run_waiting_targets");
  std::map<std::string, std::int64_t> waiting;
  for (const char* why : kWaits) waiting[why] = 0;
  if (rollout.waits.is_array())
    for (const json& wait : rollout.waits) waiting[wait.value("why", "other")] += wait.value("targets", std::int64_t{0});
  for (const auto& [why, targets] : waiting) out.sample({{"run", name}, {"why", why}}, targets);
  out.family("pgconvoy_pauses_over_budget_total");
  out.sample({{"run", name}}, input.pauses_over_budget);
}

void about_regions(Exposition& out, const MetricsInput& input) {
  const std::string& name = input.brief.run.name;
  std::map<std::string, RegionFigures> regions;
  for (const TargetRecord& target : input.brief.targets) {
    RegionFigures& region = regions[target.region];
    ++region.states[target.state];
    region.claims += target.epoch;
    if (target.paused_at && target.resumed_at) region.pauses.push_back(Seconds(*target.resumed_at - *target.paused_at).count());
    if (target.state == TargetState::succeeded && target.started && target.ended) region.durations.push_back(Seconds(*target.ended - *target.started).count());
  }
  out.family("pgconvoy_targets");
  for (auto& [region, figures] : regions)
    for (const TargetState state : kTargetStates) out.sample({{"run", name}, {"region", region}, {"state", to_string(state)}}, figures.states[state]);
  out.family("pgconvoy_target_claims_total");
  for (const auto& [region, figures] : regions) out.sample({{"run", name}, {"region", region}}, figures.claims);
  out.family("pgconvoy_target_pause_seconds");
  for (const auto& [region, figures] : regions) out.histogram({{"run", name}, {"region", region}}, kPauseBounds, figures.pauses);
  out.family("pgconvoy_target_duration_seconds");
  for (const auto& [region, figures] : regions) out.histogram({{"run", name}, {"region", region}}, kDurationBounds, figures.durations);
}

// Only of what is under way, or stuck: a fleet of thousands doesn't make thousands of series.
void about_targets_under_way(Exposition& out, const MetricsInput& input) {
  const std::string& name = input.brief.run.name;
  std::vector<const TargetRecord*> paused, stepping;
  for (const TargetRecord& target : input.brief.targets) {
    const bool open = target.state == TargetState::running || target.state == TargetState::rolling_back || target.state == TargetState::stuck;
    if (open && target.paused_at && !target.resumed_at) paused.push_back(&target);
    if (open && target.state != TargetState::stuck) stepping.push_back(&target);
  }
  out.family("pgconvoy_target_paused_for_seconds");
  for (const TargetRecord* target : paused)
    out.sample({{"run", name}, {"region", target->region}, {"target", target->id}}, std::max(0.0, Seconds(input.brief.now - *target->paused_at).count()));
  out.family("pgconvoy_target_step_age_seconds");
  for (const TargetRecord* target : stepping)
    for (const StepRecord* step : target->in_order()) {
      const bool open = step->status == StepStatus::started || step->status == StepStatus::undo_started;
      if (!open || !step->started) continue;
      out.sample({{"run", name}, {"region", target->region}, {"target", target->id}, {"step", operation_of(step->path)}},
                 std::max(0.0, Seconds(input.brief.now - *step->started).count()));
    }
}

void about_what_is_kept(Exposition& out, const MetricsInput& input) {
  const std::string& name = input.brief.run.name;
  std::map<std::string, std::pair<int, int>> open;  // kind -> all, overdue
  open["drop_source"], open["confirm_binding"], open["accept_verification"], open["delete_backup"];
  std::optional<WallTime> next_drop;
  for (const Obligation& obligation : input.obligations) {
    if (obligation.state != "open" || !is_of_run(obligation, name)) continue;
    auto& [all, overdue] = open[obligation.kind];
    ++all;
    const WallTime due = parse_utc(obligation.due);
    overdue += due <= input.brief.now;
    if (obligation.kind == "drop_source") next_drop = next_drop ? std::min(*next_drop, due) : due;
  }
  out.family("pgconvoy_obligations");
  for (const auto& [kind, counts] : open) out.sample({{"run", name}, {"kind", kind}}, counts.first);
  out.family("pgconvoy_obligations_overdue");
  for (const auto& [kind, counts] : open) out.sample({{"run", name}, {"kind", kind}}, counts.second);
  if (next_drop) {
    out.family("pgconvoy_next_old_database_due_timestamp_seconds");
    out.sample({{"run", name}}, unix_seconds(*next_drop));
  }
  std::int64_t backups = 0, bytes = 0;
  for (const BackupRecord& backup : input.backups) {
    if (backup.run != input.brief.run.id || backup.state != "kept") continue;
    ++backups;
    bytes += backup.bytes;
  }
  out.family("pgconvoy_backups");
  out.sample({{"run", name}}, backups);
  out.family("pgconvoy_backup_bytes");
  out.sample({{"run", name}}, bytes);
}

}  // namespace

const std::vector<MetricFamily>& metric_families() {
  static const std::vector<MetricFamily> families{
      {"pgconvoy_build_info", "gauge", "Version of the pgconvoy that wrote this; always 1."},
      {"pgconvoy_run_info", "gauge", "Runbook of the run and its digest; always 1."},
      {"pgconvoy_run_state", "gauge", "1 for the state that the run is in, 0 for the others."},
      {"pgconvoy_run_intent", "gauge", "1 for what somebody wants of the run: none, pause or cancel."},
      {"pgconvoy_run_alive", "gauge", "1 while a process is at work on the run."},
      {"pgconvoy_run_created_timestamp_seconds", "gauge", "When the run was planned."},
      {"pgconvoy_run_start_timestamp_seconds", "gauge", "When the run was begun."},
      {"pgconvoy_run_end_timestamp_seconds", "gauge", "When the run ended."},
      {"pgconvoy_run_wave", "gauge", "The wave that is open."},
      {"pgconvoy_run_waves", "gauge", "How many waves the run has."},
      {"pgconvoy_run_waits_for_approval", "gauge", "1 while the next wave waits for a person."},
      {"pgconvoy_run_waiting_targets", "gauge", "Targets that wait, by why."},
      {"pgconvoy_pauses_over_budget_total", "counter", "Targets that were paused for longer than their downtime budget."},
      {"pgconvoy_targets", "gauge", "Targets by region and state."},
      {"pgconvoy_target_claims_total", "counter", "How often targets were taken up; more than their number when some were retried or resumed."},
      {"pgconvoy_target_pause_seconds", "histogram", "How long targets were behind their maintenance page, of pauses that are over."},
      {"pgconvoy_target_duration_seconds", "histogram", "From the start to the end of targets that succeeded."},
      {"pgconvoy_target_paused_for_seconds", "gauge", "Since when a target that is under way or stuck is behind its page."},
      {"pgconvoy_target_step_age_seconds", "gauge", "Age of the step that a target under way is in."},
      {"pgconvoy_obligations", "gauge", "What is owed, by kind: old databases to drop, bindings to confirm, backups to delete."},
      {"pgconvoy_obligations_overdue", "gauge", "The same, of those whose date has passed."},
      {"pgconvoy_next_old_database_due_timestamp_seconds", "gauge", "When the first of the old databases that are kept may be dropped."},
      {"pgconvoy_backups", "gauge", "Backups of the run that are kept."},
      {"pgconvoy_backup_bytes", "gauge", "Their size."},
  };
  return families;
}

Result<MetricsInput> read_metrics(Journal& journal, std::int64_t run, WallTime now) {
  MetricsInput input;
  TRY(input.brief, read_brief(journal, run, now));
  TRY(input.obligations, journal.obligations(true));
  TRY(input.backups, journal.backups());
  TRY_VOID(journal.own_events(run, 0, [&input](const Event& event) {
    input.pauses_over_budget += event.kind == EventKind::pause_over_budget;
    return true;
  }));
  return input;
}

std::string metrics_text(const MetricsInput& input) {
  Exposition out;
  about_the_run(out, input);
  about_regions(out, input);
  about_targets_under_way(out, input);
  about_what_is_kept(out, input);
  return std::move(out.text);
}

}  // namespace pgconvoy::report

#include "engine/report/run_summary.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "engine/journal/left_out.hpp"
#include "engine/plan/in_place.hpp"
#include "engine/plan/pause.hpp"
#include "engine/plan/verification.hpp"
#include "engine/report/text.hpp"
#include "engine/run/rehearsal.hpp"

namespace pgconvoy::report {
namespace {

Error error_in(const json& data) {
  Error error(ErrorKind::internal, "");
  if (!data.is_object() || !data.contains("error") || !data["error"].is_object()) return error;
  const json& stored = data["error"];
  error.kind = error_kind_from_string(stored.value("kind", "internal"));
  error.message = stored.value("message", "");
  error.server = stored.value("server", "");
  error.sqlstate = stored.value("sqlstate", "");
  error.statement = stored.value("statement", "");
  error.remedy = stored.value("remedy", "");
  return error;
}

void read_reason(TargetSummary& summary, const json& reason) {
  // Under way again: what happened before is over.
  if (!reason.is_object() || summary.state == TargetState::running) return;
  summary.error = error_in(reason);
  summary.reason = reason.contains("reason") ? reason.value("reason", "") : summary.error.message;
  summary.step = reason.value("step", "");
  summary.asked_back = summary.state == TargetState::rolled_back && summary.error.kind == ErrorKind::cancelled;
  summary.cancelled = summary.state == TargetState::skipped && summary.error.kind == ErrorKind::cancelled;
  summary.live_database = reason.value("live_database", "");
  for (const json& way : reason.value("ways_out", json::array())) summary.ways_out.push_back(way.get<std::string>());
  for (const json& finding : reason.value("findings", json::array())) summary.findings.push_back(finding.get<Finding>());
}

void read_first_failure(TargetSummary& summary, const json& data) {
  const Error first = error_in(data);
  // A rollback that was asked for is no failure; one that met nothing else is told already.
  if (first.message.empty() || first.kind == ErrorKind::cancelled || first.message == summary.error.message) return;
  summary.first_error = first;
  summary.first_step = data.value("step", "");
}

TargetSummary summarize_target(const PlannedTarget& planned, const TargetRecord& record, WallTime now) {
  TargetSummary summary = summarize_record(record, now);
  summary.bytes = planned.bytes;
  summary.verification = planned.verification;
  std::set<std::string> moves;
  for (const auto& [instance, placement] : planned.placements)
    moves.insert(is_in_place(placement) ? placement.source_server : fmt::format("{} -> {}", placement.source_server, placement.target_server));
  summary.moves.assign(moves.begin(), moves.end());
  summary.in_place = !planned.placements.empty() && is_in_place(planned.placements.begin()->second);
  return summary;
}

TargetsTally tally_of(const std::vector<TargetSummary>& targets, TargetsTally tally = {}) {
  for (const TargetSummary& target : targets) tally.add(target);
  return tally;
}

// "r7/t42/drop_source/shop" -> 42 when it is of that run; 0 otherwise.
int target_of_obligation(const std::string& id, const std::string& run) {
  const std::string begin = run + "/t";
  if (!id.starts_with(begin)) return 0;
  int number = 0;
  for (std::size_t i = begin.size(); i < id.size() && id[i] >= '0' && id[i] <= '9'; ++i) number = number * 10 + (id[i] - '0');
  return number;
}

// Of a part of a run the places aren't the numbers.
TargetSummary* find_target(RunSummary& summary, int number) {
  const auto place = static_cast<std::size_t>(number - 1);
  if (number >= 1 && place < summary.targets.size() && summary.targets[place].number == number) return &summary.targets[place];
  const auto found = std::find_if(summary.targets.begin(), summary.targets.end(), [number](const TargetSummary& target) { return target.number == number; });
  return found == summary.targets.end() ? nullptr : &*found;
}

void sort_obligation(RunSummary& summary, const Obligation& obligation, const std::string& target) {
  if (obligation.kind == "confirm_binding") {
    HandOver hand_over{obligation.id, target, obligation.data.value("environment", obligation.data.value("instance", "")), {}, obligation.state == "done"};
    hand_over.new_urls = obligation.data.value("new_urls", std::vector<std::string>());
    if (obligation.state != "cancelled") summary.hand_overs.push_back(std::move(hand_over));
  } else if (obligation.kind == "drop_source") {
    const json& data = obligation.data;
    summary.kept.push_back({obligation.id, target, data.value("instance", ""), data.value("server", ""),
                            data.value("database", ""), data.value("fenced_name", ""), obligation.due,
                            obligation.waits_for, obligation.state});
  } else {
    if (obligation.kind == "accept_verification" && obligation.state == "open") summary.unaccepted[obligation.id] = target;
    summary.other_obligations.push_back(obligation);
  }
}

json parameters_of(const std::vector<StepPlan>& steps) {
  static const std::set<std::string> told_elsewhere{"service", "state", "to", "verify"};
  json parameters = json::object();
  for (const StepPlan& step : steps) {
    if (!step.arguments.is_object()) continue;
    for (const auto& [name, value] : step.arguments.items())
      if (!told_elsewhere.contains(name) && value != true && value != "" && !value.is_null() && !parameters.contains(name)) parameters[name] = value;
  }
  return parameters;
}

std::string seconds_in_words(double seconds) {
  constexpr double kDay = 86400;
  const double days = seconds / kDay;
  return days >= 1 && days == std::floor(days) ? fmt::format("{} d", static_cast<std::int64_t>(days)) : format_duration(Seconds(seconds));
}

Fleet frozen_fleet(const RunRecord& run) {
  return run.plan.is_object() && run.plan.contains("fleet") ? run.plan["fleet"].get<Fleet>() : Fleet{};
}

// Of a run that a process may be at work on, and of one that rests.
void foretell_rest(const SummaryInput& input, const Fleet& fleet, RunSummary& summary) {
  const bool under_way = input.run.state == RunState::running || input.run.state == RunState::halted;
  if (!under_way || input.planned.size() != input.targets.size() || !input.run.plan.is_object() || !input.run.plan.contains("contention")) return;
  Plan plan;
  plan.fleet = fleet;
  plan.options = input.rollout.options;
  plan.contention = input.run.plan.value("contention", 0.0);
  plan.targets = input.planned;
  RunPosition position;
  position.wave = input.rollout.wave;
  position.approved = input.rollout.approved;
  if (input.rollout.wave_ended) position.wave_ended = input.now;
  for (const TargetRecord& record : input.targets) {
    RunPosition::Target target;
    target.state = record.state;
    target.in_flight = input.run.state == RunState::running && (record.state == TargetState::running || record.state == TargetState::rolling_back);
    if (record.started) target.seconds = Seconds(record.ended.value_or(input.now) - *record.started).count();
    target.clean = record.epoch == 1;
    position.targets.push_back(target);
  }
  summary.rest = forecast_rest(plan, position, input.now);
  if (summary.rest && input.run.state == RunState::running) summary.window_warnings = window_warnings(fleet, summary.rest->rest, input.now);
}

}  // namespace

TargetSummary summarize_record(const TargetRecord& record, WallTime now) {
  TargetSummary summary;
  summary.number = record.number;
  summary.id = record.id;
  summary.region = record.region;
  summary.state = record.state;
  summary.is_paused = record.paused_at && !record.resumed_at;
  if (record.paused_at) summary.paused = Seconds(record.resumed_at.value_or(now) - *record.paused_at);
  if (record.started) summary.total = Seconds(record.ended.value_or(now) - *record.started);
  read_reason(summary, record.reason);
  read_steps(summary, record);
  return summary;
}

// In words, with what couldn't be compared any more.
static std::string late_outcome(const json& outcome) {
  const std::string verdict = outcome.value("verdict", ""), because = outcome.value("because", "");
  std::string text = verdict == "equal"    ? fmt::format("contents of {} compared after the pivot and found equal", count(outcome.value("tables", std::int64_t{0}), "table"))
                     : verdict == "counts" ? "verified by counts: " + because
                                           : "accepted by " + because;
  const json others = outcome.value("not_comparable", json::object());
  if (!others.empty()) text += fmt::format("; not comparable: {}", count(static_cast<std::int64_t>(others.size()), "table"));
  int named = 0;
  for (const auto& [table, why] : others.items()) {
    if (named == 3) break;
    text += fmt::format("{}{} ({})", named++ == 0 ? " (" : ", ", table, why.get<std::string>());
  }
  return named > 0 ? text + ")" : text;
}

void read_steps(TargetSummary& summary, const TargetRecord& record) {
  for (const StepRecord* step : record.in_order()) {
    const std::string operation = operation_of(step->path);
    const bool in_flight = step->status == StepStatus::started || step->status == StepStatus::undo_started;
    if (in_flight && summary.reason.empty()) summary.step = step->path;
    if (operation == "fence_source" && step->status != StepStatus::undone && step->intent.is_object())
      summary.fenced.push_back({step->intent.value("server", ""), step->intent.value("name", ""),
                                step->intent.value("fenced_name", "")});
    if (const auto without = left_out(*step))
      summary.left_out[step->path] = without->undo ? "its undo: " + without->reason : without->reason;
    if (step->status != StepStatus::succeeded || !step->outcome.is_object()) continue;
    if (operation == "verify_restored_services" || operation == "verify_rehearsal") {
      summary.verified = true;
      summary.verified_rows += step->outcome.value("rows", std::int64_t{0});
      summary.verified_bytes += step->outcome.value("bytes", std::int64_t{0});
    }
    if (operation == kLateVerification) {
      summary.verification_outcome += (summary.verification_outcome.empty() ? "" : "; ") + late_outcome(step->outcome);
      summary.verification_is_partial = summary.verification_is_partial || step->outcome.value("verdict", "") != "equal" || !step->outcome.value("not_comparable", json()).empty();
      if (step->outcome.value("verdict", "") == "equal") summary.verified_bytes += step->outcome.value("bytes", std::int64_t{0});
    }
    if (operation == "reprovision_collected_instances" && step->intent.is_object())
      for (const json& role : step->outcome.value("md5_roles", json::array()))
        summary.md5_debts.push_back({step->intent.value("server", ""), role.get<std::string>()});
    if (operation == "deprovision_collected_instances" && step->outcome.value("dropped", false))
      summary.dropped_source = true;
  }
}

json effective_parameters(const Plan& plan) {
  return plan.targets.empty() ? json::object() : parameters_of(plan.targets.front().steps);
}

std::vector<std::string> parameters_in_words(const json& parameters) {
  static const std::set<std::string> durations{"retention", "drain_timeout", "max_pause", "health_timeout"};
  std::vector<std::string> words;
  for (const auto& [name, value] : parameters.items()) {
    std::string text = value.is_string() ? shown(value.get<std::string>()) : value.dump();
    if (durations.contains(name) && value.is_number()) text = value == 0 ? "0" : seconds_in_words(value.get<double>());
    if (name == "max_pause" && value == 0) text = "as each environment's downtime budget says";
    if (name == "retention" && value == 0) text = "0 (old databases are dropped at once)";
    words.push_back(fmt::format("{} {}", shown(name), text));
  }
  return words;
}

bool drops_at_once(const json& parameters) { return parameters.is_object() && parameters.value("retention", json()) == 0; }

// All that leads it to a database are poolers, which pgconvoy pauses and leads elsewhere.
static bool is_behind_poolers(const Environment& environment) {
  return !environment.bindings.empty() && std::all_of(environment.bindings.begin(), environment.bindings.end(), [](const Binding& binding) {
    return !binding.poolers.empty() && binding.variables.empty();
  });
}

bool is_controlled(const Fleet& fleet, const Target& target) {
  if (fleet.servers.empty()) return true;  // nothing is known of it
  return std::any_of(target.environments.begin(), target.environments.end(), [&](const std::string& id) {
    const auto environment = fleet.environments.find(id);
    return environment == fleet.environments.end() || environment->second.controller.kind != "none" ||
           is_behind_poolers(environment->second);
  });
}

RunSummary summarize(const SummaryInput& input) {
  RunSummary summary;
  const RunRecord& run = input.run;
  summary.id = run.id;
  summary.name = run.name;
  summary.runbook = run.runbook;
  summary.runbook_digest = run.runbook_digest;
  summary.state = to_string(run.state);
  summary.intent = to_string(run.intent);
  summary.created = format_utc(run.created);
  if (run.started) summary.started = format_utc(*run.started);
  if (run.ended) summary.ended = format_utc(*run.ended);
  const RunOptions options = input.brief ? input.rollout.options : run.plan.value("options", json::object()).get<RunOptions>();
  summary.seed = options.seed;
  summary.rehearsal = is_rehearsal(run.runbook);
  if (summary.rehearsal && !input.brief) summary.measured = measure(input.planned, input.targets);
  summary.backup_directory = options.backup_directory;
  summary.in_place = std::any_of(input.planned.begin(), input.planned.end(), [](const PlannedTarget& planned) {
    return !planned.placements.empty() && is_in_place(planned.placements.begin()->second);
  });

  static const PlannedTarget unplanned;
  const Fleet fleet = frozen_fleet(run);
  summary.accepted = accepted_risks(options, fleet, input.planned);
  const PlannedTarget* const first = input.first_planned ? &*input.first_planned : input.planned.empty() ? nullptr : &input.planned.front();
  summary.parameters = first ? parameters_of(first->steps) : json::object();
  for (std::size_t i = 0; i < input.targets.size(); ++i) {
    const PlannedTarget& planned = i < input.planned.size() ? input.planned[i] : unplanned;
    TargetSummary target = summarize_target(planned, input.targets[i], input.now);
    target.controlled = is_controlled(fleet, planned.target);
    target.rehearsal = summary.rehearsal;
    if (target.rehearsal) target.md5_debts.clear();  // the roles are gone again
    if (!target.controlled) {
      target.paused.reset();
      target.is_paused = false;
    }
    if (const auto first = input.first_failures.find(target.number);
        first != input.first_failures.end() && target.state == TargetState::stuck)
      read_first_failure(target, first->second);
    const auto left = input.left_because.find(target.number);
    const bool in_flight = target.state == TargetState::running || target.state == TargetState::rolling_back;
    target.waits_for_pause = run.state == RunState::running && input.rollout.options.max_paused && target.step.empty() &&
                             stands_before_pause(steps_until_pause(planned), input.targets[i]);
    if (in_flight && left != input.left_because.end()) {
      target.reason = left->second;
      target.let_go = true;
    }
    summary.targets.push_back(std::move(target));
  }
  for (const Obligation& obligation : input.obligations) {
    const int number = target_of_obligation(obligation.id, run.name);
    TargetSummary* const found = find_target(summary, number);
    if (found == nullptr) continue;
    TargetSummary& target = *found;
    if (obligation.kind == "drop_source" && obligation.state == "done") target.dropped_source = true;
    sort_obligation(summary, obligation, target.id);
  }
  for (const BackupRecord& backup : input.backups)
    if (backup.run == run.id && backup.state == "kept") summary.backups.push_back(backup);
  summary.rollout = input.rollout;
  summary.brief = input.brief;
  const TargetsTally tally = tally_of(summary.targets, input.counted);
  summary.totals = tally.totals();
  summary.regions = tally.regions();
  if (run.started) summary.totals.time = Seconds(run.ended.value_or(input.now) - *run.started);
  if (input.brief && run.state == RunState::running && summary.totals.targets > 1)
    summary.pace = input.pace ? input.pace->pace() : recent_pace(input.targets, input.now);
  if (!input.brief && !input.rollout.backward) {
    summary.grade = grade(run, run.plan.is_object() ? run.plan.value("forecast", json()) : json(), input.planned, input.targets);
    foretell_rest(input, fleet, summary);
  }
  return summary;
}

bool is_cancelled(const TargetRecord& target) {
  return target.state == TargetState::skipped && error_in(target.reason).kind == ErrorKind::cancelled;
}

RunSummary only_targets(const RunSummary& whole, const std::set<int>& numbers) {
  RunSummary part = whole;
  std::set<std::string> ids;
  std::erase_if(part.targets, [&](const TargetSummary& target) { return !numbers.count(target.number); });
  for (const TargetSummary& target : part.targets) ids.insert(target.id);
  std::erase_if(part.hand_overs, [&](const HandOver& hand_over) { return !ids.count(hand_over.target); });
  std::erase_if(part.unaccepted, [&](const auto& entry) { return !ids.count(entry.second); });
  std::erase_if(part.kept, [&](const KeptDatabase& kept) { return !ids.count(kept.target); });
  std::erase_if(part.backups, [&](const BackupRecord& backup) { return !numbers.count(backup.target); });
  const TargetsTally tally = tally_of(part.targets);
  part.totals = tally.totals();
  part.regions = tally.regions();
  return part;
}

}  // namespace pgconvoy::report

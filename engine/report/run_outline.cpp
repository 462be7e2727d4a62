#include "engine/report/run_outline.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "engine/core/digest.hpp"
#include "engine/report/event_text.hpp"
#include "engine/report/run_report.hpp"
#include "engine/report/text.hpp"

namespace pgconvoy::report {
namespace {

// Evidence says whether a finding was overridden: what counts them looks for that.
void leave_words_out(Finding& finding) {
  constexpr std::string_view kMark = " (overridden: ";
  const std::size_t mark = finding.evidence.find(kMark);
  finding.evidence = mark == std::string::npos ? "" : finding.evidence.substr(mark);
  finding.why.clear();
  finding.remedy.clear();
}

std::string who_said(const json& data) {
  if (!data.is_object()) return {};
  if (const std::string by = data.value("by", ""); !by.empty()) return by;
  if (!data.contains("pid")) return {};
  const std::string host = data.value("host", "");
  return fmt::format("process {}{}", data["pid"].dump(), host.empty() ? "" : " on " + host);
}

bool is_word_about_run(EventKind kind) {
  switch (kind) {
    case EventKind::run_started:
    case EventKind::run_intent:
    case EventKind::run_ended:
    case EventKind::wave_approved:
    case EventKind::limits_set:
    case EventKind::target_asked:
    case EventKind::override_given:
      return true;
    default:
      return false;
  }
}

std::string word_about_run(const Event& event) {
  std::string text = event_line(event, Style{}, false);
  if (event.kind == EventKind::run_started && event.data.is_object())
    if (const std::string version = event.data.value("version", ""); !version.empty()) text += ", pgconvoy " + shown(version);
  return text;
}

}  // namespace

Result<RunOutline> read_outline(Journal& journal, std::int64_t run, WallTime now) {
  RunOutline outline;
  SummaryInput& input = outline.input;
  input.now = now;
  TRY(input.run, journal.run(run));
  TRY(input.rollout, read_rollout(journal, input.run));
  TRY(input.targets, journal.targets(run, false));
  input.planned.reserve(input.targets.size());
  try {
    TRY_VOID(journal.planned_targets(run, [&input](json data) -> Result<void> {
      PlannedTarget planned = data.get<PlannedTarget>();
      if (!input.planned.empty()) planned.steps.clear();
      for (Finding& finding : planned.findings) leave_words_out(finding);
      input.planned.push_back(std::move(planned));
      return {};
    }));
    if (input.run.plan.is_object()) {
      outline.fleet_digest = input.run.plan.value("fleet_digest", "");
      outline.fleet_file = input.run.plan.value("fleet_file", "");
    }
    TRY_VOID(journal.own_events(run, 0, [&outline](const Event& event) {
      if (is_word_about_run(event.kind)) outline.words.push_back({event.at, shown(who_said(event.data)), word_about_run(event)});
      return true;
    }));
    TRY(input.obligations, journal.obligations(false));
    TRY(input.backups, journal.backups());
    TRY_VOID(read_causes(journal, input));
    outline.summary = summarize(input);
  } catch (const json::exception& failure) {
    return Error(ErrorKind::corrupt, fmt::format("the journal of {} can't be read: {}", input.run.name, failure.what()), "pgconvoy journal verify");
  }
  outline.trace = sha256_hex(fmt::format("pgconvoy/{}/{}", journal.token(), input.run.name)).substr(0, 32);
  return outline;
}

Result<void> each_target(Journal& journal, const RunOutline& outline, const std::function<bool(const TargetSummary&)>& wanted,
                         const VisitTarget& visit) {
  for (const TargetSummary& known : outline.summary.targets) {
    if (!wanted(known)) continue;
    TRY(const TargetRecord record, journal.target(outline.summary.id, known.number));
    TargetSummary summary = known;
    try {
      read_steps(summary, record);
    } catch (const json::exception& failure) {
      return Error(ErrorKind::corrupt, fmt::format("the steps of {} can't be read: {}", shown(known.id), failure.what()), "pgconvoy journal verify");
    }
    if (summary.rehearsal) summary.md5_debts.clear();  // the roles are gone again
    TRY_VOID(visit(summary, record));
  }
  return {};
}

RunOutline only_target(RunOutline outline, int number) {
  outline.summary = only_targets(outline.summary, {number});
  std::erase_if(outline.input.targets, [number](const TargetRecord& target) { return target.number != number; });
  std::erase_if(outline.input.planned, [number](const PlannedTarget& planned) { return planned.number != number; });
  return outline;
}

std::string cause_of(const TargetSummary& target) {
  if (target.cancelled) return "cancelled before it began";
  if (target.asked_back) return "rolled back as asked";
  if (!is_failure(target)) return {};
  if (!target.findings.empty()) return shown(target.findings.front().condition) + " blocks";
  const bool has_first = !target.first_error.message.empty();
  const Error& error = has_first ? target.first_error : target.error;
  const std::string operation = operation_of(has_first ? target.first_step : target.step);
  if (error.message.empty()) return operation.empty() ? "no outcome is known" : shown(operation) + ": no outcome is known";
  const std::string kind = error.sqlstate.empty() ? std::string(to_string(error.kind)) : "SQLSTATE " + shown(error.sqlstate);
  return operation.empty() ? kind : fmt::format("{}: {}", shown(operation), kind);
}

}  // namespace pgconvoy::report

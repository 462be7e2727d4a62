#include "engine/report/run_report.hpp"

namespace pgconvoy::report {
namespace {

json seconds(const std::optional<Seconds>& duration) { return duration ? json(duration->count()) : json(); }

json error_json(const Error& error) {
  if (error.message.empty()) return nullptr;
  return {{"kind", to_string(error.kind)},
          {"message", error.message},
          {"server", error.server},
          {"sqlstate", error.sqlstate},
          {"remedy", error.remedy}};
}

json target_json(const TargetSummary& target, const ReportView& view) {
  json fenced = json::array();
  for (const FencedDatabase& database : target.fenced)
    fenced.push_back({{"server", database.server}, {"database", database.database}, {"fenced_name", database.fenced_name}});
  json result{{"number", target.number},
              {"id", target.id},
              {"region", target.region},
              {"state", to_string(target.state)},
              {"bytes", target.bytes},
              {"paused_seconds", seconds(target.paused)},
              {"is_paused", target.is_paused},
              {"seconds", seconds(target.total)},
              {"step", target.step},
              {"waits_for_pause", target.waits_for_pause},
              {"reason", target.reason},
              {"error", error_json(target.error)},
              {"first_step", target.first_step},
              {"first_error", error_json(target.first_error)},
              {"controlled", target.controlled},
              {"findings", target.findings},
              {"asked_back", target.asked_back},
              {"cancelled", target.cancelled},
              {"live_database", target.live_database},
              {"old_database_dropped", target.dropped_source},
              {"fenced", std::move(fenced)},
              {"left_out", target.left_out},
              {"commands", commands_for(target, view)}};
  result["verified"] = nullptr;
  if (target.verified) result["verified"] = {{"rows", target.verified_rows}, {"bytes", target.verified_bytes}};
  if (!target.verification.empty()) result["verification"] = {{"mode", target.verification}, {"outcome", target.verification_outcome}};
  if (is_failure(target)) result["state_now"] = state_now(target);
  return result;
}

json totals_json(const RunTotals& totals) {
  return {{"targets", totals.targets},
          {"succeeded", totals.succeeded},
          {"failed", totals.failed},
          {"undone", totals.undone},
          {"skipped", totals.skipped},
          {"cancelled", totals.cancelled},
          {"left", totals.left},
          {"bytes", totals.bytes},
          {"verified_rows", totals.verified_rows},
          {"verified_bytes", totals.verified_bytes},
          {"seconds", seconds(totals.time)},
          {"paused_seconds_median", seconds(totals.paused_median)},
          {"paused_seconds_longest", seconds(totals.paused_longest)}};
}

}  // namespace

json report_json(const ReportView& view) {
  const RunSummary& summary = view.summary;
  json document{{"version", 1}, {"kind", "report"}};
  document["run"] = {{"id", summary.name},
                     {"state", summary.state},
                     {"intent", summary.intent},
                     {"runbook", summary.runbook},
                     {"runbook_digest", summary.runbook_digest},
                     {"seed", summary.seed},
                     {"created", summary.created},
                     {"started", summary.started},
                     {"ended", summary.ended},
                     {"backup_directory", summary.backup_directory},
                     {"parameters", summary.parameters},
                     {"rehearsal", summary.rehearsal}};
  document["measured"] = measures_json(summary.measured);
  document["accepted"] = json::array();
  for (const AcceptedRisk& risk : summary.accepted)
    document["accepted"].push_back({{"kind", risk.until.empty() ? "override" : "suppression"}, {"condition", risk.condition}, {"reason", risk.reason},
                                    {"until", risk.until}, {"findings", risk.findings}, {"targets", risk.targets}});
  document["totals"] = totals_json(summary.totals);
  document["targets"] = json::array();
  for (const TargetSummary& target : summary.targets) {
    const bool open = target.state == TargetState::running || target.state == TargetState::rolling_back || target.state == TargetState::stuck;
    if (!summary.brief || open) document["targets"].push_back(target_json(target, view));
  }
  document["hand_overs"] = json::array();
  for (const HandOver& hand_over : summary.hand_overs)
    document["hand_overs"].push_back({{"obligation", hand_over.obligation},
                                      {"target", hand_over.target},
                                      {"environment", hand_over.environment},
                                      {"new_urls", hand_over.new_urls},
                                      {"confirmed", hand_over.confirmed},
                                      {"command", resolve_command(hand_over, view)}});
  document["debts"] = json::array();
  for (const TargetSummary& target : summary.targets)
    for (const Md5Debt& debt : target.md5_debts)
      document["debts"].push_back({{"kind", "md5"}, {"target", target.id}, {"server", debt.server}, {"role", debt.role}});
  document["obligations"] = json::array();
  for (const KeptDatabase& kept : summary.kept)
    document["obligations"].push_back({{"id", kept.obligation},
                                       {"kind", "drop_source"},
                                       {"state", kept.state},
                                       {"due", kept.due},
                                       {"waits_for", kept.waits_for},
                                       {"server", kept.server},
                                       {"database", kept.database},
                                       {"fenced_name", kept.fenced_name}});
  for (const Obligation& other : summary.other_obligations) document["obligations"].push_back(other);
  document["backups"] = json::array();
  for (const BackupRecord& backup : summary.backups)
    document["backups"].push_back({{"instance", backup.instance}, {"file", backup.file}, {"bytes", backup.bytes},
                                   {"sha256", backup.sha256}, {"created", backup.created}});
  document["forecast"] = nullptr;
  if (summary.grade) document["forecast"] = grade_json(*summary.grade);
  document["rest"] = nullptr;
  if (summary.rest) {
    document["rest"] = forecast_json(summary.rest->rest);
    document["rest"]["pace"] = {{"shift", summary.rest->pace.shift}, {"spread", summary.rest->pace.spread}, {"targets", summary.rest->pace.targets}};
    document["rest"]["warnings"] = summary.window_warnings;
  }
  document["pace"] = nullptr;
  if (const auto& pace = summary.pace)
    document["pace"] = {{"ended", pace->ended}, {"seen", pace->seen.count()}, {"left", pace->left}, {"per_hour", pace->per_hour}, {"to_go", pace->to_go.count()}};
  document["commands"] = commands_for_run(view);
  return document;
}

}  // namespace pgconvoy::report

#include "engine/web/target_document.hpp"

#include <fmt/format.h>

#include "engine/report/target_report.hpp"

namespace pgconvoy::web {
namespace {

// Whose steps are undecided, or were decided by somebody: only of these the journal's events say more than its projections.
bool has_history(const TargetRecord& record) {
  if (record.state == TargetState::stuck) return true;
  for (const auto& [path, step] : record.steps)
    if (step.status != StepStatus::succeeded && step.status != StepStatus::undone && step.status != StepStatus::none) return true;
  return false;
}

std::string operation_in(const std::string& path) {
  const std::string last = path.substr(path.rfind('/') == std::string::npos ? 0 : path.rfind('/') + 1);
  return last.substr(0, last.find_first_of("@#"));
}

json verification_of(const TargetRecord& record) {
  json list = json::array();
  for (const auto& [path, step] : record.steps) {
    if (!operation_in(path).starts_with("verify") || !step.outcome.is_object()) continue;
    const auto at = path.rfind('@');
    json entry{{"step", path}, {"instance", at == std::string::npos ? "" : path.substr(at + 1)}};
    for (const char* figure : {"tables", "rows", "bytes", "objects", "large_objects"}) entry[figure] = step.outcome.value(figure, json());
    // Evidence of each table, where its step has kept it.
    entry["each"] = step.outcome.value("each", json::array());
    list.push_back(std::move(entry));
  }
  return list;
}

json backups_of(const std::vector<BackupRecord>& backups, std::int64_t run, int number) {
  json list = json::array();
  for (const BackupRecord& backup : backups)
    if (backup.run == run && backup.target == number)
      list.push_back({{"instance", backup.instance}, {"server", backup.server}, {"database", backup.database}, {"file", backup.file}, {"bytes", backup.bytes},
                      {"sha256", backup.sha256}, {"format", backup.format}, {"created", backup.created}, {"state", backup.state},
                      {"expires", backup.details.is_object() ? backup.details.value("expires", "") : ""},
                      {"host", backup.details.is_object() ? backup.details.value("host", "") : ""}});
  return list;
}

}  // namespace

Result<json> target_document(Journal& journal, std::int64_t run, int number, const std::string& journal_option, bool alive) {
  report::SummaryInput input;
  input.now = std::chrono::system_clock::now();
  TRY(input.run, journal.run(run));
  // The run's rest and grade are no part of this document, and would be made of one target here.
  if (input.run.plan.is_object())
    for (const char* part : {"contention", "forecast"}) input.run.plan.erase(part);
  TRY(TargetRecord record, journal.target(run, number));
  TRY(const json planned, journal.planned_target(run, number));
  const bool history_wanted = has_history(record);
  json verification = verification_of(record);
  try {
    input.planned.push_back(planned.get<PlannedTarget>());
  } catch (const json::exception& damage) {
    return Error(ErrorKind::corrupt, fmt::format("the plan of {} can't be read: {}", record.id, damage.what()), "pgconvoy journal verify");
  }
  input.targets.push_back(std::move(record));
  TRY(const std::vector<Obligation> obligations, journal.obligations(false));
  TRY(const std::vector<BackupRecord> backups, journal.backups());
  report::RunSummary summary = report::summarize(input);
  json owed = json::array();
  const std::string prefix = fmt::format("r{}/t{}/", run, number);
  for (const Obligation& obligation : obligations) {
    if (!obligation.id.starts_with(prefix)) continue;
    if (obligation.kind == "drop_source" && obligation.state == "done") summary.targets.front().dropped_source = true;
    owed.push_back({{"id", obligation.id}, {"kind", obligation.kind}, {"state", obligation.state}, {"due", obligation.due}, {"waits_for", obligation.waits_for},
                    {"server", obligation.data.is_object() ? obligation.data.value("server", "") : ""},
                    {"database", obligation.data.is_object() ? obligation.data.value("database", "") : ""},
                    {"fenced_name", obligation.data.is_object() ? obligation.data.value("fenced_name", "") : ""}});
  }
  report::TargetHistory history;
  if (history_wanted) {
    TRY(history, report::read_history(journal, run, number));
  }
  const report::ReportView view{summary, journal_option, 0, false};
  const report::TargetDetail detail = report::target_detail(input, view, number, history, alive);
  json document = report::target_status_json(detail, view, alive);
  document["kind"] = "target";
  document["plan"] = {{"placements", planned.value("placements", json::object())}, {"findings", planned.value("findings", json::array())},
                      {"bytes", planned.value("bytes", json())}, {"seconds", planned.value("seconds", json())},
                      {"seconds_p90", planned.value("seconds_p90", json())}, {"paused_seconds", planned.value("paused_seconds", json())},
                      {"paused_p90", planned.value("paused_p90", json())}, {"way", planned.value("way", "throughput")}, {"way_because", planned.value("way_because", "")},
                      {"verification", planned.value("verification", "")}, {"verification_because", planned.value("verification_because", "")},
                      {"early_because", planned.value("early_because", "")}, {"environments", planned.at("target").value("environments", json::array())},
                      {"instances", planned.at("target").value("instances", json::array())}};
  document["verification"] = std::move(verification);
  document["backups"] = backups_of(backups, run, number);
  document["obligations"] = std::move(owed);
  return document;
}

}  // namespace pgconvoy::web

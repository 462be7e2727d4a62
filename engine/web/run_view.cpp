#include "engine/web/run_view.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "engine/core/printable.hpp"
#include "engine/report/run_summary.hpp"

namespace pgconvoy::web {
namespace {

constexpr std::size_t kMostIds = 20;      // named of a group; its number says how many there are
constexpr std::size_t kMostCause = 160;   // bytes
constexpr const char* kClientCondition = "client_speaks_target_authentication";

json milliseconds(const std::optional<WallTime>& time) {
  if (!time) return nullptr;
  return std::chrono::duration_cast<std::chrono::milliseconds>(time->time_since_epoch()).count();
}

int weight_of(const std::string& severity) { return severity == "block" ? 2 : severity == "warn" ? 1 : 0; }

// Of what is in flight the last step that was begun; of what failed the one that did.
std::string step_of(const TargetRecord& record) {
  if (record.reason.is_object()) {
    const auto step = record.reason.find("step");
    if (step != record.reason.end() && step->is_string() && record.state != TargetState::running) return step->get<std::string>();
  }
  std::string last;
  for (const StepRecord* step : record.in_order())
    if (step->status == StepStatus::started || step->status == StepStatus::undo_started) last = step->path;
  return last;
}

std::string without_particulars(const std::string& message) {
  std::string text;
  bool quoted = false;
  for (std::size_t i = 0; i < message.size(); ++i) {
    const char c = message[i];
    if (c == '"') {
      quoted = !quoted;
      if (quoted) text += "\"..\"";
    } else if (quoted) {
      continue;
    } else if (c >= '0' && c <= '9') {
      if (text.empty() || text.back() != '#') text += '#';
    } else {
      text += c;
    }
  }
  return shortened(printable(text), kMostCause);
}

std::string text_in(const json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

std::string failure_in(const json& reason) {
  if (!reason.is_object()) return "";
  const auto error = reason.find("error");
  if (error != reason.end() && error->is_object() && !text_in(*error, "message").empty()) return text_in(*error, "message");
  return text_in(reason, "reason");
}

bool is_asked_back(const TargetRecord& record) {
  return record.state == TargetState::rolled_back && record.reason.is_object() && record.reason.contains("error") && record.reason["error"].is_object() &&
         text_in(record.reason["error"], "kind") == to_string(ErrorKind::cancelled);
}

}  // namespace

const std::vector<std::string>& row_columns() {
  static const std::vector<std::string> names{"number", "id",     "region",   "state",      "asked",   "started", "ended",      "paused_at", "resumed_at",
                                              "step",   "bytes",  "foretold", "foretold_p90", "pause",  "pause_p90", "cause",    "reason"};
  return names;
}

std::string cause_of(const json& reason) {
  if (!reason.is_object()) return "";
  const auto findings = reason.find("findings");
  if (findings != reason.end() && findings->is_array())
    for (const json& finding : *findings) {
      if (!finding.is_object() || text_in(finding, "severity") != "block") continue;
      const std::string cause = text_in(finding, "cause");
      return shortened(printable(cause.empty() ? text_in(finding, "condition") : cause), kMostCause);
    }
  return without_particulars(failure_in(reason));
}

Result<void> RunView::load() {
  const std::scoped_lock lock(mutex_);
  if (loaded_) return {};
  planned_.clear();
  groups_.clear();
  steps_ = json::array();
  databases_ = 0;
  try {
    TRY_VOID(journal_.planned_targets(run_, [this](json planned) -> Result<void> {
      const int number = planned.at("number").get<int>();
      if (number < 1) return Error(ErrorKind::corrupt, fmt::format("a planned target of r{} has the number {}", run_, number), "pgconvoy journal verify");
      if (static_cast<std::size_t>(number) > planned_.size()) planned_.resize(static_cast<std::size_t>(number));
      Planned& own = planned_[static_cast<std::size_t>(number) - 1];
      own.seconds = planned.value("seconds", 0.0);
      own.p90 = planned.value("seconds_p90", 0.0);
      own.paused = planned.value("paused_seconds", 0.0);
      own.paused_p90 = planned.value("paused_p90", 0.0);
      own.bytes = planned.value("bytes", std::int64_t{0});
      own.way = planned.value("way", "throughput");
      databases_ += static_cast<int>(planned.at("placements").size());
      own.id = planned.at("target").value("id", "");
      for (const json& finding : planned.value("findings", json::array())) {
        count_finding(finding, number, own.id);
        own.blocked = own.blocked || text_in(finding, "severity") == "block";
      }
      if (steps_.empty())
        for (const json& step : planned.at("steps"))
          steps_.push_back({{"path", step.value("path", "")}, {"operation", step.value("operation", "")}, {"seconds", step.value("seconds", 0.0)},
                            {"while_paused", step.value("while_paused", false)}});
      return {};
    }));
  } catch (const json::exception& damage) {
    return Error(ErrorKind::corrupt, fmt::format("the plan of r{} can't be read: {}", run_, damage.what()), "pgconvoy journal verify");
  }
  loaded_ = true;
  return {};
}

void RunView::count_finding(const json& finding, int number, const std::string& id) {
  const std::string condition = text_in(finding, "condition"), severity = text_in(finding, "severity"), cause = text_in(finding, "cause"), why = text_in(finding, "why");
  Group& group = groups_[severity + '\n' + condition + '\n' + (cause.empty() ? why : cause)];
  if (group.condition.empty()) {
    group = {condition, severity, cause, why, text_in(finding, "remedy"), {}, {}};
  }
  if (group.targets.insert(number).second && group.ids.size() < kMostIds) group.ids.push_back(id);
}

json RunView::row_of(const TargetRecord& record) const {
  static const Planned unplanned;
  const auto index = static_cast<std::size_t>(record.number) - 1;
  const Planned& planned = index < planned_.size() ? planned_[index] : unplanned;
  const bool unwell = record.state == TargetState::rolled_back || record.state == TargetState::stuck || record.state == TargetState::skipped ||
                      record.state == TargetState::rolling_back;
  const bool asked = is_asked_back(record) || report::is_cancelled(record);
  return json::array({record.number, record.id, record.region, to_string(record.state), asked, milliseconds(record.started), milliseconds(record.ended),
                      milliseconds(record.paused_at), milliseconds(record.resumed_at), step_of(record), planned.bytes, planned.seconds, planned.p90,
                      planned.paused, planned.paused_p90, unwell ? cause_of(record.reason) : "",
                      unwell ? shortened(printable(failure_in(record.reason)), 300) : ""});
}

Result<json> RunView::rows() {
  TRY(std::vector<TargetRecord> records, journal_.targets(run_, false));
  json rows = json::array();
  for (TargetRecord& record : records) {
    if (record.state == TargetState::running || record.state == TargetState::rolling_back) {
      TRY(record, journal_.target(run_, record.number));
    }
    rows.push_back(row_of(record));
  }
  return rows;
}

Result<json> RunView::rows(const std::set<int>& numbers) {
  json rows = json::array();
  for (const int number : numbers) {
    TRY(const TargetRecord record, journal_.target(run_, number));
    rows.push_back(row_of(record));
  }
  return rows;
}

std::string RunView::id_of(int number) const {
  return number > 0 && static_cast<std::size_t>(number) <= planned_.size() ? planned_[static_cast<std::size_t>(number) - 1].id : "";
}

json RunView::totals() const {
  std::int64_t bytes = 0;
  int blocked = 0;
  double seconds = 0, longest = 0, longest_p90 = 0;
  std::map<std::string, int> ways;
  for (const Planned& planned : planned_) {
    bytes += planned.bytes;
    blocked += planned.blocked;
    ++ways[planned.way];
    if (planned.blocked) continue;
    seconds += planned.seconds;
    longest = std::max(longest, planned.paused);
    longest_p90 = std::max(longest_p90, planned.paused_p90);
  }
  return {{"targets", planned_.size()}, {"databases", databases_},        {"blocked", blocked},       {"bytes", bytes},
          {"seconds", seconds},         {"longest_pause_seconds", longest}, {"longest_pause_p90", longest_p90}, {"ways", ways}};
}

json RunView::causes() const {
  std::vector<const Group*> sorted;
  for (const auto& [key, group] : groups_) sorted.push_back(&group);
  std::stable_sort(sorted.begin(), sorted.end(), [](const Group* a, const Group* b) {
    const int left = weight_of(a->severity), right = weight_of(b->severity);
    return left != right ? left > right : a->targets.size() > b->targets.size();
  });
  json list = json::array();
  for (const Group* group : sorted)
    list.push_back({{"condition", group->condition}, {"severity", group->severity}, {"cause", group->cause}, {"why", group->why}, {"remedy", group->remedy},
                    {"targets", group->targets.size()}, {"ids", group->ids}});
  return list;
}

json RunView::clients() const {
  json list = json::array();
  for (const auto& [key, group] : groups_)
    if (group.condition == kClientCondition && !group.cause.empty())
      list.push_back({{"cause", group.cause}, {"severity", group.severity}, {"targets", group.targets.size()}});
  std::stable_sort(list.begin(), list.end(), [](const json& a, const json& b) { return a["targets"].get<int>() > b["targets"].get<int>(); });
  return list;
}

}  // namespace pgconvoy::web

#include "engine/web/documents.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "engine/plan/run_settings.hpp"
#include "engine/report/event_text.hpp"
#include "engine/report/forecast_grade.hpp"
#include "engine/report/status_report.hpp"
#include "engine/web/event_pages.hpp"
#include "engine/web/target_document.hpp"

namespace pgconvoy::web {
namespace {

using SteadyNow = std::chrono::steady_clock;

constexpr int kFullSummary = 500;            // targets; of larger runs only what is in flight or stuck is looked at closely
constexpr std::size_t kMostChanges = 500;    // events at a time
constexpr auto kAliveFor = std::chrono::seconds(4);
constexpr auto kSameFor = std::chrono::seconds(2);

int targets_of(const RunRecord& run) {
  int all = 0;
  for (const auto& [state, number] : run.counts) all += number;
  return all;
}

json settings_of(const RunOptions& options) {
  json list = json::array();
  for (const RunSetting& setting : run_settings())
    list.push_back({{"name", setting.name}, {"value", value_of(options, setting.name)}, {"form", setting.form}, {"summary", setting.summary}});
  return list;
}

WallTime wall_now() { return std::chrono::system_clock::now(); }

}  // namespace

Documents::Documents(std::unique_ptr<Journal> journal, std::string journal_option, std::function<bool(std::int64_t)> alive)
    : journal_(std::move(journal)), journal_option_(std::move(journal_option)), alive_(std::move(alive)) {}

std::shared_ptr<Documents::Known> Documents::known(std::int64_t id) {
  const std::scoped_lock lock(mutex_);
  std::shared_ptr<Known>& found = runs_[id];
  if (!found) found = std::make_shared<Known>(*journal_, id);
  return found;
}

bool Documents::is_alive(Known& known, std::int64_t id) {
  if (known.asked == SteadyNow::time_point{} || SteadyNow::now() - known.asked > kAliveFor) {
    known.alive = alive_(id);
    known.asked = SteadyNow::now();
  }
  return known.alive;
}

Result<std::int64_t> Documents::find(const std::string& text) {
  if (text == "latest") {
    TRY(const std::vector<RunRecord> all, journal_->runs());
    const RunRecord* latest = nullptr;
    for (const RunRecord& run : all)
      if (run.started && (latest == nullptr || *latest->started < *run.started)) latest = &run;
    return latest != nullptr ? Result<std::int64_t>(latest->id) : journal_->latest_run();
  }
  const std::string digits = text.starts_with('r') ? text.substr(1) : text;
  if (digits.empty() || digits.size() > 17 || !std::all_of(digits.begin(), digits.end(), [](char c) { return c >= '0' && c <= '9'; }))
    return Error(ErrorKind::usage, "a run is r7, 7, or latest");
  const std::int64_t id = std::stoll(digits);
  TRY_VOID(journal_->run_without_plan(id));
  return id;
}

Result<json> Documents::runs() {
  TRY(const std::vector<RunRecord> all, journal_->runs());
  return report::runs_json(all, {});
}

Result<std::int64_t> Documents::sequence(std::int64_t id, std::int64_t known_sequence) {
  if (known_sequence <= 0) return last_sequence(*journal_, id);
  std::int64_t last = known_sequence;
  TRY_VOID(journal_->events(id, known_sequence, [&](const Event& event) {
    last = event.sequence;
    return true;
  }));
  return last;
}

Result<json> Documents::run(std::int64_t id) {
  const auto own = known(id);
  const std::scoped_lock lock(own->mutex);
  TRY(const std::int64_t at, sequence(id, own->sequence));
  if (at == own->document_at && SteadyNow::now() - own->made < kSameFor) return own->document;
  TRY(const RunRecord record, journal_->run_without_plan(id));
  const WallTime now = wall_now();
  const bool brief = targets_of(record) > kFullSummary;
  TRY(const report::SummaryInput input, brief ? report::read_brief(*journal_, id, now) : report::read_summary(*journal_, id, now));
  const bool alive = input.run.state == RunState::running && is_alive(*own, id);
  const report::RunSummary summary = report::summarize(input);
  json document = report::status_json({summary, journal_option_, 0, false}, alive);
  document["kind"] = "run";
  // Each of these has a document of its own.
  for (const char* part : {"targets", "backups", "obligations", "forecast", "measured"}) document.erase(part);
  document["sequence"] = at;
  document["wave_ends"] = summary.rollout.wave_ends;
  document["backward"] = summary.rollout.backward;
  document["waits_for_approval"] = summary.rollout.waits_for_approval();
  document["settings"] = settings_of(summary.rollout.options);
  own->document = document;
  own->document_at = at;
  own->sequence = at;
  own->made = SteadyNow::now();
  return document;
}

Result<json> Documents::targets(std::int64_t id) {
  const auto own = known(id);
  // The sequence first: what comes between the two is told again by the stream, which does no harm.
  TRY(const std::int64_t at, sequence(id, own->sequence));
  TRY_VOID(own->view.load());
  TRY(json rows, own->view.rows());
  return json{{"version", 1}, {"kind", "targets"}, {"run", fmt::format("r{}", id)}, {"sequence", at}, {"columns", row_columns()}, {"rows", std::move(rows)}};
}

Result<json> Documents::target(std::int64_t id, int number) {
  const auto own = known(id);
  bool alive = false;
  {
    const std::scoped_lock lock(own->mutex);
    TRY(const RunRecord record, journal_->run_without_plan(id));
    alive = record.state == RunState::running && is_alive(*own, id);
  }
  return target_document(*journal_, id, number, journal_option_, alive);
}

json Documents::entry(Known& own, const Event& event) const {
  return {{"sequence", event.sequence},
          {"at", format_utc(event.at)},
          {"target", event.target},
          {"target_id", own.view.id_of(event.target)},
          {"kind", to_string(event.kind)},
          {"step", event.step},
          {"attempt", event.attempt},
          {"text", report::event_line(event, report::Style(), false)}};
}

Result<json> Documents::events(std::int64_t id, std::int64_t after, std::int64_t before, int target, std::size_t limit) {
  const auto own = known(id);
  TRY_VOID(own->view.load());
  TRY(const std::int64_t last, sequence(id, own->sequence));
  std::vector<Event> found;
  if (after > 0) {
    TRY(found, events_after(*journal_, id, after, target, limit));
  } else {
    if (target != 0) {
      TRY_VOID(journal_->target(id, target));  // an error rather than an empty page, when there is none
    }
    TRY(found, events_before(*journal_, id, before > 0 ? before : last + 1, target, limit));
  }
  json list = json::array();
  for (const Event& event : found) list.push_back(entry(*own, event));
  return json{{"version", 1}, {"kind", "events"}, {"run", fmt::format("r{}", id)}, {"last_sequence", last}, {"events", std::move(list)}};
}

Result<json> Documents::changes(std::int64_t id, std::int64_t after) {
  const auto own = known(id);
  TRY_VOID(own->view.load());
  TRY(const std::vector<Event> found, events_after(*journal_, id, after, 0, kMostChanges));
  json list = json::array();
  std::set<int> numbers;
  bool of_run = false;
  std::int64_t last = after;
  for (const Event& event : found) {
    list.push_back(entry(*own, event));
    last = event.sequence;
    if (event.target > 0)
      numbers.insert(event.target);
    else
      of_run = true;
  }
  TRY(json rows, own->view.rows(numbers));
  return json{{"sequence", last}, {"more", found.size() == kMostChanges}, {"run_changed", of_run}, {"events", std::move(list)}, {"rows", std::move(rows)}};
}

Result<json> Documents::plan(std::int64_t id) {
  TRY(const RunRecord record, journal_->run(id));
  const auto own = known(id);
  TRY_VOID(own->view.load());
  json document{{"version", 1}, {"kind", "plan"}, {"run", record.name}, {"created", format_utc(record.created)}, {"runbook", record.runbook},
                {"runbook_digest", record.runbook_digest}};
  for (const char* part : {"fleet_digest", "fleet_file", "continues", "forecast", "requirements"})
    document[part] = record.plan.is_object() && record.plan.contains(part) ? record.plan[part] : json();
  document["options"] = json::array();
  try {
    document["options"] = settings_of(record.plan.value("options", json::object()).get<RunOptions>());
  } catch (const json::exception&) {
    return Error(ErrorKind::corrupt, fmt::format("the options of {} can't be read", record.name), "pgconvoy journal verify");
  }
  document["totals"] = own->view.totals();
  document["steps"] = own->view.steps();
  document["causes"] = own->view.causes();
  document["clients"] = own->view.clients();
  return document;
}

Result<json> Documents::forecast(std::int64_t id) {
  TRY(const report::SummaryInput input, report::read_summary(*journal_, id, wall_now()));
  const report::RunSummary summary = report::summarize(input);
  const json whole = report::report_json({summary, journal_option_, 0, false});
  return json{{"version", 1}, {"kind", "forecast"}, {"run", summary.name}, {"grade", whole.at("forecast")}, {"rest", whole.at("rest")},
              {"foretold", input.run.plan.is_object() ? input.run.plan.value("forecast", json()) : json()}};
}

Result<std::string> Documents::id_of_target(std::int64_t id, int number) {
  TRY(const TargetRecord record, journal_->target(id, number));
  return record.id;
}

}  // namespace pgconvoy::web

#include <fmt/format.h>

#include <set>

#include "engine/core/digest.hpp"
#include "engine/report/long_report.hpp"
#include "engine/report/run_report.hpp"
#include "engine/report/text.hpp"

namespace pgconvoy::report {
namespace {

// OTLP's numbers of status codes and of the span's kind "internal".
constexpr int kStatusUnset = 0, kStatusOk = 1, kStatusError = 2, kSpanInternal = 1;

json attribute(const char* key, const std::string& value) { return {{"key", key}, {"value", {{"stringValue", shown(value)}}}}; }
// 64-bit integers are strings in protobuf's JSON.
json attribute(const char* key, std::int64_t value) { return {{"key", key}, {"value", {{"intValue", std::to_string(value)}}}}; }
json attribute(const char* key, double value) { return {{"key", key}, {"value", {{"doubleValue", value}}}}; }
json attribute(const char* key, bool value) { return {{"key", key}, {"value", {{"boolValue", value}}}}; }

std::string nanoseconds(WallTime time) {
  return std::to_string(std::chrono::duration_cast<std::chrono::nanoseconds>(time.time_since_epoch()).count());
}

std::string span_id(const RunOutline& outline, const std::string& what) { return sha256_hex(outline.trace + "/" + what).substr(0, 16); }

struct OtlpSpan {
  std::string id, parent, name;
  WallTime begin;
  std::optional<WallTime> end;  // none: it goes on
  json attributes = json::array();
  int status = kStatusUnset;
  std::string message;
};

std::string span_text(const RunOutline& outline, OtlpSpan span) {
  if (!span.end) span.attributes.push_back(attribute("pgconvoy.in_flight", true));
  json document{{"traceId", outline.trace},
                {"spanId", span.id},
                {"name", shown(span.name)},
                {"kind", kSpanInternal},
                {"startTimeUnixNano", nanoseconds(span.begin)},
                {"endTimeUnixNano", nanoseconds(std::max(span.begin, span.end.value_or(outline.input.now)))},
                {"attributes", std::move(span.attributes)},
                {"status", json::object()}};
  if (!span.parent.empty()) document["parentSpanId"] = span.parent;
  if (span.status != kStatusUnset) document["status"]["code"] = span.status;
  if (!span.message.empty()) document["status"]["message"] = shown(span.message);
  return document.dump(-1, ' ', false, json::error_handler_t::replace);
}

OtlpSpan span_of_run(const RunOutline& outline) {
  const RunSummary& summary = outline.summary;
  const RunRecord& run = outline.input.run;
  OtlpSpan span{span_id(outline, "run"), "", fmt::format("pgconvoy run {}", summary.name), run.started.value_or(run.created), run.ended, json::array(), kStatusUnset, ""};
  if (!run.started) span.end = run.created;  // it was never begun
  span.attributes = {attribute("pgconvoy.run", summary.name),
                     attribute("pgconvoy.run.state", summary.state),
                     attribute("pgconvoy.runbook", summary.runbook),
                     attribute("pgconvoy.runbook.digest", summary.runbook_digest),
                     attribute("pgconvoy.fleet.digest", outline.fleet_digest),
                     attribute("pgconvoy.targets", std::int64_t{summary.totals.targets}),
                     attribute("pgconvoy.targets.succeeded", std::int64_t{summary.totals.succeeded}),
                     attribute("pgconvoy.targets.failed", std::int64_t{summary.totals.failed})};
  if (run.state == RunState::succeeded) span.status = kStatusOk;
  if (run.state == RunState::finished_with_failures || summary.totals.failed > 0) {
    span.status = kStatusError;
    span.message = fmt::format("{} failed", count(summary.totals.failed, "target"));
  }
  return span;
}

OtlpSpan span_of_target(const RunOutline& outline, const TargetSummary& target, const TargetRecord& record) {
  OtlpSpan span{span_id(outline, fmt::format("t{}", target.number)), span_id(outline, "run"), target.id, *record.started, record.ended,
                json::array(), kStatusUnset, ""};
  span.attributes = {attribute("pgconvoy.target", target.id),
                     attribute("pgconvoy.target.number", std::int64_t{target.number}),
                     attribute("pgconvoy.target.state", std::string(to_string(target.state))),
                     attribute("pgconvoy.region", target.region),
                     attribute("pgconvoy.epoch", std::int64_t{record.epoch}),
                     attribute("pgconvoy.bytes", target.bytes)};
  if (target.paused) span.attributes.push_back(attribute("pgconvoy.paused_seconds", target.paused->count()));
  if (target.verified) span.attributes.push_back(attribute("pgconvoy.verified_rows", target.verified_rows));
  if (target.state == TargetState::succeeded) span.status = kStatusOk;
  if (is_failure(target) && target.state != TargetState::running) {
    span.status = kStatusError;
    span.message = target.reason;
  }
  return span;
}

void add_error(OtlpSpan& span, const json& stored) {
  const json& error = stored.contains("error") && stored["error"].is_object() ? stored["error"] : stored;
  span.status = kStatusError;
  span.message = error.value("message", "");
  if (const std::string state = error.value("sqlstate", ""); !state.empty()) span.attributes.push_back(attribute("db.response.status_code", state));
  if (const std::string kind = error.value("kind", ""); !kind.empty()) span.attributes.push_back(attribute("error.type", kind));
}

OtlpSpan span_of_step(const RunOutline& outline, const TargetSummary& target, const StepRecord& step) {
  OtlpSpan span{span_id(outline, fmt::format("t{}/{}", target.number, step.path)), span_id(outline, fmt::format("t{}", target.number)),
                operation_of(step.path), *step.started, step.ended, json::array(), kStatusUnset, ""};
  span.attributes = {attribute("pgconvoy.step", step.path), attribute("pgconvoy.step.status", std::string(to_string(step.status))),
                     attribute("pgconvoy.attempt", std::int64_t{step.attempt}), attribute("pgconvoy.epoch", std::int64_t{step.epoch})};
  const std::string subject = subject_of(step.path);
  if (!subject.empty()) span.attributes.push_back(attribute("pgconvoy.subject", subject));
  if (step.status == StepStatus::succeeded) span.status = kStatusOk;
  if (step.error.is_object() && step.status != StepStatus::succeeded) add_error(span, step.error);
  return span;
}

// A try that was not the last. One that nobody saw the end of ends, for this, where it was begun anew at the latest.
OtlpSpan span_of_attempt(const RunOutline& outline, const TargetSummary& target, const StepRecord& step, const EarlierAttempt& tried) {
  OtlpSpan span{span_id(outline, fmt::format("t{}/{}/{}", target.number, step.path, tried.attempt)), span_id(outline, fmt::format("t{}", target.number)),
                operation_of(step.path), tried.started, tried.ended ? tried.ended : step.started, json::array(), kStatusUnset, ""};
  span.attributes = {attribute("pgconvoy.step", step.path), attribute("pgconvoy.step.status", std::string(to_string(tried.status))),
                     attribute("pgconvoy.attempt", std::int64_t{tried.attempt}), attribute("pgconvoy.epoch", std::int64_t{tried.epoch})};
  const std::string subject = subject_of(step.path);
  if (!subject.empty()) span.attributes.push_back(attribute("pgconvoy.subject", subject));
  if (tried.status == StepStatus::succeeded) span.status = kStatusOk;
  if (tried.error.is_object()) add_error(span, tried.error);
  return span;
}

// Targets with a step that was tried more than once.
Result<EarlierAttempts> earlier_attempts(const LongReport& report) {
  std::set<int> again;
  TRY_VOID(report.each([](const TargetSummary& target) { return target.total.has_value(); }, [&](const TargetSummary& target, const TargetRecord& record) -> Result<void> {
    for (const auto& [path, step] : record.steps)
      if (step.attempt > 1) again.insert(target.number);
    return {};
  }));
  EarlierAttempts earlier(again);
  if (again.empty()) return earlier;
  TRY_VOID(report.events([&](const Event& event) {
    earlier.see(event);
    return true;
  }));
  return earlier;
}

}  // namespace

Result<void> report_otlp(const LongReport& report) {
  const RunOutline& outline = report.outline;
  TRY(const EarlierAttempts earlier, earlier_attempts(report));
  const json resource{{"attributes", {attribute("service.name", std::string("pgconvoy")), attribute("service.version", std::string(PGCONVOY_VERSION)),
                                      attribute("pgconvoy.run", outline.summary.name)}}};
  const json scope{{"name", "pgconvoy"}, {"version", PGCONVOY_VERSION}};
  report.write(fmt::format("{{\"resourceSpans\":[{{\"resource\":{},\"scopeSpans\":[{{\"scope\":{},\"spans\":[\n", resource.dump(), scope.dump()));
  report.write(span_text(outline, span_of_run(outline)));
  TRY_VOID(report.each([](const TargetSummary& target) { return target.total.has_value(); }, [&](const TargetSummary& target, const TargetRecord& record) -> Result<void> {
    if (!record.started) return {};
    report.write(",\n" + span_text(outline, span_of_target(outline, target, record)));
    for (const StepRecord* step : record.in_order()) {
      for (const EarlierAttempt& tried : earlier.of(target.number, step->path, step->attempt))
        report.write(",\n" + span_text(outline, span_of_attempt(outline, target, *step, tried)));
      if (step->started) report.write(",\n" + span_text(outline, span_of_step(outline, target, *step)));
    }
    return {};
  }));
  report.write("\n]}]}]}\n");
  return {};
}

}  // namespace pgconvoy::report

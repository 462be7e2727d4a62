#include <fmt/format.h>

#include "engine/report/long_report.hpp"
#include "engine/report/markup.hpp"
#include "engine/report/run_report.hpp"
#include "engine/report/text.hpp"

namespace pgconvoy::report {
namespace {

constexpr const char* kCsvHeader =
    "run,number,target,region,result,state,moves,bytes,started,ended,seconds,paused_seconds,is_paused,attempts,verified_tables,verified_rows,verified_bytes,"
    "step,cause,sqlstate,reason,seconds_foretold,paused_foretold,old_database_dropped\r\n";

std::string csv_time(const std::optional<WallTime>& time) { return time ? format_utc(*time) : ""; }
std::string csv_seconds(const std::optional<Seconds>& duration) { return duration ? fmt::format("{:.3f}", duration->count()) : ""; }

std::int64_t verified_tables(const TargetRecord& record) {
  std::int64_t tables = 0;
  for (const auto& [path, step] : record.steps)
    if (step.status == StepStatus::succeeded && step.outcome.is_object() && operation_of(path).starts_with("verify_"))
      tables += step.outcome.value("tables", std::int64_t{0});
  return tables;
}

}  // namespace

Result<void> report_csv(const LongReport& report) {
  report.write(kCsvHeader);
  std::size_t index = 0;
  return report.each([](const TargetSummary&) { return true; }, [&](const TargetSummary& target, const TargetRecord& record) -> Result<void> {
    std::string moves;
    for (const std::string& move : target.moves) moves += (moves.empty() ? "" : "; ") + move;
    const PlannedTarget& planned = report.outline.input.planned.at(index++);
    std::string line = fmt::format("{},{},{},{},{},{},{},{},{},{},{},{},{},{}", csv_field(report.outline.summary.name), target.number, csv_field(target.id),
                                   csv_field(target.region), csv_field(result_of(target)), to_string(target.state), csv_field(moves), target.bytes,
                                   csv_time(record.started), csv_time(record.ended), csv_seconds(target.total), csv_seconds(target.paused),
                                   target.is_paused ? "yes" : "no", record.epoch);
    line += target.verified ? fmt::format(",{},{},{}", verified_tables(record), target.verified_rows, target.verified_bytes) : ",,,";
    line += fmt::format(",{},{},{},{},{:.3f},{:.3f},{}\r\n", csv_field(is_failure(target) ? target.step : ""), csv_field(cause_of(target)),
                        csv_field(target.error.sqlstate), csv_field(target.reason), planned.seconds, planned.paused_seconds, target.dropped_source ? "yes" : "no");
    report.write(line);
    return {};
  });
}

}  // namespace pgconvoy::report

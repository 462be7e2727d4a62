#include "engine/report/html_target.hpp"

#include <fmt/format.h>

#include "engine/core/bytes.hpp"
#include "engine/plan/verification.hpp"
#include "engine/report/markup.hpp"
#include "engine/report/run_report_parts.hpp"
#include "engine/report/text.hpp"

namespace pgconvoy::report {
namespace {

std::string time_cell(const std::optional<WallTime>& time) { return time ? format_utc(*time).substr(0, 10) + " " + format_utc(*time).substr(11, 8) : "-"; }
std::string duration_cell(const std::optional<Seconds>& duration) { return duration ? format_duration(*duration) : "-"; }

const char* kind_of_result(const TargetSummary& target) {
  if (target.state == TargetState::succeeded) return "good";
  return is_failure(target) ? "bad" : "quiet";
}

// What a verification, or the copy of rows that proved itself, wrote down of each table.
std::string evidence_of_step(const StepRecord& step) {
  const json evidence = step.outcome.value("evidence", json::array());
  if (!evidence.is_array() || evidence.empty()) return "";
  std::string text = fmt::format("<h4>Verified: {}</h4>\n<table class=\"inner\"><thead>{}</thead><tbody>\n", markup_name(subject_of(step.path)),
                                 html_row({"table", "rows", "bytes", "checksum of its rows, equal on both sides"}, {"", "n", "n", ""}, "th"));
  for (const json& table : evidence) {
    if (!table.is_array() || table.size() < 4) continue;
    text += html_row({markup_name(table[0].get<std::string>()), with_separators(table[1].get<std::int64_t>()), with_separators(table[2].get<std::int64_t>()),
                      "<code>" + escaped_markup(table[3].get<std::string>()) + "</code>"}, {"", "n", "n", ""});
  }
  text += "</tbody></table>\n";
  const auto tables = static_cast<std::size_t>(step.outcome.value("tables", std::int64_t{0}));
  if (tables > evidence.size())
    text += fmt::format("<p>These are the largest of {}; all were compared.</p>\n", count(static_cast<std::int64_t>(tables), "table"));
  return text;
}

std::string totals_of_step(const StepRecord& step) {
  const json& outcome = step.outcome;
  const auto number = [&](const char* key) { return outcome.value(key, std::int64_t{0}); };
  const std::string mode = outcome.value("mode", "");
  const char* const what = mode.empty() || mode == to_string(Verification::before) ? "compared and found equal" : "counted and found equal";
  return fmt::format("<p>{}: {} in {} ({}), {} of catalogues, {} {}, {}.</p>\n", markup_name(subject_of(step.path)), count(number("rows"), "row"),
                     count(number("tables"), "table"), format_bytes({number("bytes")}), count(number("objects"), "entry"), count(number("large_objects"), "large object"),
                     what, time_cell(step.ended));
}

std::string steps_of(const TargetRecord& record) {
  std::string text = "<h4>Steps</h4>\n<table class=\"inner\"><thead>" + html_row({"step", "state", "attempts", "began", "took"}, {"", "", "n", "", "n"}, "th") + "</thead><tbody>\n";
  for (const StepRecord* step : record.in_order()) {
    std::string took = "-";
    if (step->started && step->ended) took = format_duration(Seconds(*step->ended - *step->started));
    const bool well = step->status == StepStatus::succeeded;
    std::string state = to_string(step->status);
    if (!well && step->error.is_object() && !step->error.value("message", "").empty()) state += ": " + step->error.value("message", "");
    text += html_row({markup_name(step->path), escaped_markup(state), std::to_string(step->attempt), time_cell(step->started), took},
                     {"", well ? "good" : "bad", "n", "", "n"});
  }
  return text + "</tbody></table>\n";
}

std::string details_of(const TargetSummary& target, const TargetRecord& record, const BackupsOfTargets& backups) {
  std::string text;
  if (!target.reason.empty()) text += fmt::format("<p>{}</p>\n", escaped_markup(target.reason));
  for (const auto& [step, why] : target.left_out) text += fmt::format("<p>Left out by hand: {}: {}</p>\n", markup_name(step), escaped_markup(why));
  for (const StepRecord* step : record.in_order()) {
    if (step->status != StepStatus::succeeded || !step->outcome.is_object()) continue;
    const std::string operation = operation_of(step->path);
    if (operation == "verify_restored_services" || operation == "verify_rehearsal") text += totals_of_step(*step);
    if (operation == kLateVerification) text += fmt::format("<p>{}</p>\n", escaped_markup(target.verification_outcome));
    text += evidence_of_step(*step);
  }
  const auto [first, last] = backups.equal_range(target.number);
  if (first != last) {
    text += "<h4>Backups</h4>\n<table class=\"inner\"><thead>" + html_row({"database", "file", "bytes", "SHA-256", "taken", ""}, {"", "", "n", "", "", ""}, "th") + "</thead><tbody>\n";
    for (auto backup = first; backup != last; ++backup)
      text += html_row({markup_name(backup->second->database), markup_name(backup->second->file), with_separators(backup->second->bytes),
                        "<code>" + escaped_markup(backup->second->sha256) + "</code>", escaped_markup(day_and_time(backup->second->created)), escaped_markup(backup->second->state)},
                       {"", "", "n", "", "", ""});
    text += "</tbody></table>\n";
  }
  for (const FencedDatabase& fenced : target.fenced)
    text += fmt::format("<p>The old database {} on {} is called <code>{}</code> since it was fenced.</p>\n", markup_name(fenced.database), markup_name(fenced.server),
                        escaped_markup(fenced.fenced_name));
  return record.steps.empty() ? text : text + steps_of(record);
}

}  // namespace

std::string html_row(const std::vector<std::string>& cells, const std::vector<const char*>& kinds, const char* tag) {
  std::string row = "<tr>";
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const bool has_kind = i < kinds.size() && *kinds[i] != '\0';
    row += has_kind ? fmt::format("<{0} class=\"{1}\">{2}</{0}>", tag, kinds[i], cells[i]) : fmt::format("<{0}>{1}</{0}>", tag, cells[i]);
  }
  return row + "</tr>\n";
}

std::string html_of_target(const TargetSummary& target, const TargetRecord& record, const BackupsOfTargets& backups) {
  std::string moves;
  for (const std::string& move : target.moves) moves += (moves.empty() ? "" : ", ") + escaped_markup(move);
  std::string text = "<tbody>" + html_row({markup_name(target.id), markup_name(target.region), moves, format_bytes({target.bytes}), time_cell(record.started),
                                           duration_cell(target.paused) + (target.is_paused ? " +" : ""), duration_cell(target.total),
                                           target.verified ? with_separators(target.verified_rows) : "-", escaped_markup(result_of(target))},
                                          {"", "", "", "n", "", target.is_paused ? "n bad" : "n", "n", "n", kind_of_result(target)});
  const std::string details = details_of(target, record, backups);
  if (!details.empty())
    text += fmt::format("<tr class=\"more\"><td colspan=\"9\"><details><summary>evidence and steps of {}</summary>\n{}</details></td></tr>\n", markup_name(target.id), details);
  return text + "</tbody>\n";
}

std::string html_of_failure(const TargetSummary& target, const ReportView& view) {
  // failures_of() tells of a whole summary: here it is one of this target alone.
  RunSummary alone;
  alone.name = view.summary.name;
  alone.rehearsal = view.summary.rehearsal;
  alone.targets = {target};
  const ReportView part{alone, view.journal_option, 0, view.verbose};
  std::string text;
  for (const FailureLines& failure : failures_of(part)) {
    text += fmt::format("<article><h3>{}</h3>\n<ul>", escaped_markup(failure.title));
    for (const std::string& line : failure.what) text += "<li>" + escaped_markup(line) + "</li>\n";
    text += fmt::format("</ul>\n<p><strong>State now:</strong> {}</p>\n", escaped_markup(failure.state));
    if (!failure.commands.empty()) text += "<pre>";
    for (const std::string& command : failure.commands) text += escaped_markup(command) + "\n";
    if (!failure.commands.empty()) text += "</pre>\n";
    text += "</article>\n";
  }
  return text;
}

}  // namespace pgconvoy::report

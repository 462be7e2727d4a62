#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>

#include "engine/core/bytes.hpp"
#include "engine/report/html_target.hpp"
#include "engine/report/long_report.hpp"
#include "engine/report/markup.hpp"
#include "engine/report/report_plots.hpp"
#include "engine/report/run_report_parts.hpp"
#include "engine/report/text.hpp"

namespace pgconvoy::report {
namespace {

constexpr int kFailuresInFull = 200;
constexpr int kOpenAtOnce = 3;  // failures of one cause that are shown without a click

constexpr const char* kPageStyle =
    ":root{color-scheme:light dark;--ink:#1c2024;--quiet:#5b646e;--paper:#fff;--panel:#f5f6f8;--rule:#d9dde2;--good:#2c7a4b;--bad:#b3261e;--warn:#a05a00;"
    "--pause:#6a4fb3;--idle:#aab2bb}"
    "@media (prefers-color-scheme:dark){:root{--ink:#e6e9ec;--quiet:#a2abb5;--paper:#15181b;--panel:#1e2226;--rule:#363c43;--good:#6cc28c;--bad:#ff8a80;--warn:#f0b358;"
    "--pause:#b09cf0;--idle:#5b646e}}"
    "*{box-sizing:border-box}body{margin:0 auto;padding:1.5rem;max-width:84rem;background:var(--paper);color:var(--ink);font:15px/1.5 system-ui,sans-serif}"
    "h1{font-size:1.6rem;margin:0 0 .3rem}h2{font-size:1.2rem;margin:2.2rem 0 .6rem;border-bottom:1px solid var(--rule);padding-bottom:.2rem}"
    "h3{font-size:1rem;margin:.2rem 0}h4{font-size:.9rem;margin:.8rem 0 .3rem}p{margin:.3rem 0}a{color:inherit}"
    "nav a{margin-right:1rem}.quiet,.cause{color:var(--quiet)}.good{color:var(--good)}.bad{color:var(--bad);font-weight:600}"
    "dl{display:grid;grid-template-columns:max-content 1fr;gap:.15rem 1rem;margin:.8rem 0}dt{color:var(--quiet)}dd{margin:0;overflow-wrap:anywhere}"
    ".figures{display:flex;flex-wrap:wrap;gap:.6rem;margin:1rem 0;padding:0;list-style:none}"
    ".figures li{background:var(--panel);border:1px solid var(--rule);border-radius:6px;padding:.5rem .9rem}.figures b{display:block;font-size:1.4rem;line-height:1.2}"
    ".plots{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,36rem),1fr));gap:1rem}"
    "figure{margin:0;padding:.8rem;background:var(--panel);border:1px solid var(--rule);border-radius:6px;break-inside:avoid}figcaption{font-weight:600;margin-bottom:.3rem}"
    ".wide{overflow-x:auto}table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}"
    "th,td{padding:.25rem .6rem;text-align:left;vertical-align:top;border-bottom:1px solid var(--rule)}th{color:var(--quiet);font-weight:600;white-space:nowrap}"
    ".n{text-align:right;white-space:nowrap}tr.more td{border-bottom:1px solid var(--rule);padding-top:0}tbody tr:first-child:not(:last-child) td{border-bottom:0}"
    ".inner tbody tr td,.inner tbody tr:first-child:not(:last-child) td{border-bottom:1px solid var(--rule)}"
    "table.inner{width:auto;font-size:.85rem}summary{cursor:pointer;color:var(--quiet);font-size:.85rem}summary.group{color:var(--ink);font-size:1rem;font-weight:600;margin:.8rem 0 .2rem}"
    "article{background:var(--panel);border:1px solid var(--rule);border-left:4px solid var(--bad);border-radius:6px;padding:.6rem 1rem;margin:.8rem 0;break-inside:avoid}"
    "code,pre{font:.85em ui-monospace,monospace;overflow-wrap:anywhere}pre{background:var(--paper);border:1px solid var(--rule);padding:.5rem;white-space:pre-wrap}"
    "@media print{body{max-width:none;padding:0;font-size:10pt}nav{display:none}details::details-content{content-visibility:visible;display:block}"
    "details>*{display:block}.wide{overflow:visible}thead{display:table-header-group}}";

std::string human_state(std::string state) {
  for (char& c : state)
    if (c == '_') c = ' ';
  return state;
}

std::string definition(const char* term, const std::string& markup) { return markup.empty() ? "" : fmt::format("<dt>{}</dt><dd>{}</dd>\n", term, markup); }
std::string in_code(const std::string& text) { return text.empty() ? "" : "<code>" + escaped_markup(text) + "</code>"; }

std::string head_of(const LongReport& report) {
  const RunSummary& summary = report.outline.summary;
  const std::string title = fmt::format("pgconvoy {} {}: {}", summary.rehearsal ? "rehearsal" : "run", shown(summary.name), human_state(summary.state));
  std::string text = fmt::format(
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n"
      "<meta name=\"referrer\" content=\"no-referrer\"><meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
      "<title>{0}</title>\n<style>{1}{2}</style></head>\n<body>\n<header><h1>{0}</h1>\n",
      escaped_markup(title), kPageStyle, kPlotStyle);
  text += "<nav class=\"quiet\"><a href=\"#failed\">What failed</a><a href=\"#plots\">Plots</a><a href=\"#words\">Who did what</a><a href=\"#targets\">Targets</a>"
          "<a href=\"#kept\">Owed and kept</a></nav>\n<dl>\n";
  text += definition("Runbook", escaped_markup(summary.runbook)) + definition("Runbook's digest", in_code(summary.runbook_digest));
  text += definition("Fleet", report.outline.fleet_file.empty() ? "" : markup_name(report.outline.fleet_file)) + definition("Fleet's digest", in_code(report.outline.fleet_digest));
  text += definition("Planned", escaped_markup(day_and_time(summary.created))) + definition("Began", escaped_markup(day_and_time(summary.started))) +
          definition("Ended", escaped_markup(day_and_time(summary.ended)));
  const auto words = parameters_in_words(summary.parameters);
  text += definition("Parameters", escaped_markup(fmt::format("{}", fmt::join(words, ", "))));
  text += definition("Seed of the order", std::to_string(summary.seed)) + definition("Backups in", in_code(summary.backup_directory));
  text += definition("This report", fmt::format("{} by pgconvoy {}", escaped_markup(day_and_time(format_utc(report.outline.input.now))), PGCONVOY_VERSION));
  return text + "</dl></header>\n";
}

std::string figures_of(const RunSummary& summary) {
  const RunTotals& totals = summary.totals;
  std::string text = "<ul class=\"figures\">\n";
  const auto figure = [&](const std::string& value, const std::string& what, const char* kind = "") {
    text += fmt::format("<li><b{}>{}</b>{}</li>\n", *kind == '\0' ? "" : fmt::format(" class=\"{}\"", kind), escaped_markup(value), escaped_markup(what));
  };
  figure(with_separators(totals.targets), "targets");
  figure(with_separators(totals.succeeded), summary.rehearsal ? "rehearsed" : "succeeded", "good");
  figure(with_separators(totals.failed), "failed", totals.failed > 0 ? "bad" : "");
  if (totals.undone > 0) figure(with_separators(totals.undone), "rolled back as asked");
  if (totals.skipped > 0) figure(with_separators(totals.skipped), "skipped");
  if (totals.left > 0) figure(with_separators(totals.left), "left");
  figure(format_bytes({totals.bytes}), summary.rehearsal ? "restored and removed again" : summary.in_place ? "of databases, where they are" : "moved");
  if (totals.time) figure(format_duration(*totals.time), "from begin to end");
  if (totals.paused_median) figure(format_duration(*totals.paused_median), "paused, the median");
  if (totals.paused_longest) figure(format_duration(*totals.paused_longest), "paused, the longest");
  return text + "</ul>\n";
}

std::string plots_of(const RunOutline& outline) {
  const RunSummary& summary = outline.summary;
  std::string text = "<h2 id=\"plots\">Plots</h2>\n<div class=\"plots\">\n";
  const auto figure = [&](const char* title, const std::string& svg) {
    if (!svg.empty()) text += fmt::format("<figure><figcaption>{}</figcaption>\n{}</figure>\n", title, svg);
  };
  figure("Timeline", plot_of_timeline(outline));
  figure("Duration by size", plot_of_sizes(summary));
  figure("Pauses", plot_of_pauses(summary));
  figure("Forecast and what became of it", plot_of_forecast(summary));
  text += "</div>\n";
  if (summary.grade)
    for (const std::string& line : lines_of_grade(*summary.grade)) text += "<p>" + escaped_markup(line) + "</p>\n";
  return text;
}

std::string words_of(const RunOutline& outline) {
  std::string text = "<h2 id=\"words\">Who did what, when</h2>\n<div class=\"wide\"><table><thead>" + html_row({"when", "who", "what"}, {}, "th") + "</thead><tbody>\n";
  for (const RunWord& word : outline.words)
    text += html_row({format_utc(word.at).substr(0, 10) + " " + format_utc(word.at).substr(11, 8), markup_name(word.who.empty() ? "-" : word.who), escaped_markup(word.what)});
  text += "</tbody></table></div>\n";
  if (outline.summary.accepted.empty()) return text;
  text += "<h3>Decided beforehand</h3>\n<ul>";
  for (const AcceptedRisk& risk : outline.summary.accepted) text += "<li>" + escaped_markup(to_line(risk)) + "</li>\n";
  return text + "</ul>\n";
}

std::string owed_of(const ReportView& view, const std::vector<std::string>& debts) {
  const RunSummary& summary = view.summary;
  std::string text = "<h2 id=\"kept\">Owed and kept</h2>\n";
  bool any = !debts.empty();
  if (!debts.empty()) text += "<h3>Roles that log in with md5</h3>\n<ul>";
  for (const std::string& debt : debts) text += "<li>" + escaped_markup(debt) + "</li>\n";
  if (!debts.empty()) text += "</ul>\n";
  std::string rows;
  for (const KeptDatabase& kept : summary.kept)
    rows += html_row({markup_name(kept.target), markup_name(kept.database), markup_name(kept.server), in_code(kept.fenced_name), escaped_markup(day_and_time(kept.due)),
                      escaped_markup(kept.state == "open" ? "kept" : kept.state == "done" ? "dropped" : kept.state)});
  if (!rows.empty())
    text += "<h3>Old databases</h3>\n<div class=\"wide\"><table><thead>" + html_row({"target", "database", "server", "name while fenced", "kept until", "now"}, {}, "th") +
            "</thead><tbody>\n" + rows + "</tbody></table></div>\n";
  any = any || !rows.empty();
  std::string waiting;
  for (const HandOver& hand_over : summary.hand_overs)
    if (!hand_over.confirmed) waiting += fmt::format("<li>{}: set the new address, start the application, then <code>{}</code></li>\n", markup_name(hand_over.environment),
                                                     escaped_markup(resolve_command(hand_over, view)));
  if (!waiting.empty()) text += "<h3>To be done by a person</h3>\n<ul>" + waiting + "</ul>\n";
  any = any || !waiting.empty();
  for (const std::string& line : lines_of_kept(view)) text += "<p>" + escaped_markup(line) + "</p>\n", any = true;
  return any ? text : text + "<p>Nothing.</p>\n";
}

struct FailuresOfCause {
  int targets = 0, stuck = 0;
};

Result<void> write_failures(const LongReport& report, const ReportView& view) {
  int failures = 0;
  for (const TargetSummary& target : report.outline.summary.targets) failures += is_failure(target);
  report.write("<h2 id=\"failed\">What failed</h2>\n");
  if (failures == 0) {
    report.write("<p>Nothing.</p>\n");
    return {};
  }
  report.write(fmt::format("<figure><figcaption>Failures by cause</figcaption>\n{}</figure>\n", plot_of_causes(report.outline.summary)));
  // Of thousands of targets a hundred may have failed of one thing: it is read once. Closed where there are many.
  std::map<std::string, FailuresOfCause> causes;
  for (const TargetSummary& target : report.outline.summary.targets) {
    if (!is_failure(target)) continue;
    FailuresOfCause& of_cause = causes[cause_of(target)];
    ++of_cause.targets;
    of_cause.stuck += target.state == TargetState::stuck;
  }
  // What waits for a person before all else.
  std::vector<std::pair<std::string, FailuresOfCause>> ordered(causes.begin(), causes.end());
  std::stable_sort(ordered.begin(), ordered.end(), [](const auto& one, const auto& other) {
    return std::pair(one.second.stuck > 0, one.second.targets) > std::pair(other.second.stuck > 0, other.second.targets);
  });
  int told = 0;
  for (const auto& [cause, failures_of_it] : ordered) {
    if (told >= kFailuresInFull) break;
    report.write(fmt::format("<details{}><summary class=\"group\">{}: {}{}</summary>\n", failures_of_it.targets > kOpenAtOnce && failures_of_it.stuck == 0 ? "" : " open",
                             escaped_markup(cause), count(failures_of_it.targets, "target"), failures_of_it.stuck > 0 ? fmt::format(", {} stuck", failures_of_it.stuck) : ""));
    const auto wanted = [&, cause = cause](const TargetSummary& target) { return is_failure(target) && cause_of(target) == cause && told++ < kFailuresInFull; };
    TRY_VOID(report.each(wanted, [&](const TargetSummary& target, const TargetRecord&) -> Result<void> {
      report.write(html_of_failure(target, view));
      return {};
    }));
    report.write("</details>\n");
  }
  if (failures > kFailuresInFull)
    report.write(fmt::format("<p>These are the first {} of {}; the others stand in the table of targets.</p>\n", kFailuresInFull, with_separators(failures)));
  return {};
}

}  // namespace

Result<void> report_html(const LongReport& report) {
  const RunSummary& summary = report.outline.summary;
  const ReportView view{summary, report.journal_option};
  report.write(head_of(report) + "<main>\n" + figures_of(summary));
  TRY_VOID(write_failures(report, view));
  report.write(plots_of(report.outline) + words_of(report.outline));
  BackupsOfTargets backups;
  for (const BackupRecord& backup : report.outline.input.backups)
    if (backup.run == summary.id) backups.emplace(backup.target, &backup);
  report.write("<h2 id=\"targets\">Targets</h2>\n<div class=\"wide\"><table><thead>" +
               html_row({"target", "region", summary.in_place ? "server" : "moved", "size", "began (UTC)", "paused for", "total", "rows verified", "result"}, {"", "", "", "n", "", "n", "n", "n", ""}, "th") + "</thead>\n");
  std::vector<std::string> debts;
  TRY_VOID(report.each([](const TargetSummary&) { return true; }, [&](const TargetSummary& target, const TargetRecord& record) -> Result<void> {
    report.write(html_of_target(target, record, backups));
    RunSummary alone;
    alone.targets = {target};
    for (std::string& debt : lines_of_debts(alone)) debts.push_back(std::move(debt));
    return {};
  }));
  report.write("</table></div>\n" + owed_of(view, debts) + "</main></body></html>\n");
  return {};
}

}  // namespace pgconvoy::report

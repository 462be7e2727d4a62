#include "engine/report/forecast_grade.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "engine/plan/robust.hpp"
#include "engine/report/forecast_report.hpp"
#include "engine/report/text.hpp"

namespace pgconvoy::report {
namespace {

struct RatioBin {
  const char* label;
  double below;  // actual / foretold
};
constexpr RatioBin kBins[] = {{"under 0.5", 0.5}, {"0.5 - 0.8", 0.8}, {"0.8 - 0.9", 0.9}, {"0.9 - 1.1", 1.1},
                              {"1.1 - 1.25", 1.25}, {"1.25 - 2", 2}, {"over 2", 1e300}};
constexpr std::size_t kPlotWidth = 40;

template <class Actual, class ForetoldSeconds, class P90>
Graded graded(const std::vector<GradedTarget>& targets, Actual actual, ForetoldSeconds foretold, P90 p90) {
  Graded result;
  std::vector<double> ratios, errors;
  int within = 0;
  for (const GradedTarget& target : targets) {
    if (foretold(target) <= 0 || actual(target) <= 0) continue;
    const double ratio = actual(target) / foretold(target);
    ratios.push_back(ratio);
    errors.push_back(std::abs(ratio - 1));
    within += actual(target) <= p90(target);
  }
  result.targets = static_cast<int>(ratios.size());
  if (ratios.empty()) return result;
  result.bias = median(ratios) - 1;
  result.error = median(errors);
  result.covered = within / static_cast<double>(ratios.size());
  return result;
}

std::string graded_line(const std::string& what, const Graded& graded) {
  const std::string bias = std::abs(graded.bias) < 0.005 ? "no bias"
                                                         : fmt::format("{:.0f} % {} than foretold", 100 * std::abs(graded.bias), graded.bias > 0 ? "longer" : "shorter");
  return fmt::format("{}: {}, half of {} off by at most {:.0f} %; {:.0f} % within what nine of ten were to keep to", what, bias,
                     count(graded.targets, "target"), 100 * graded.error, 100 * graded.covered);
}

json graded_json(const Graded& graded) {
  return {{"targets", graded.targets}, {"bias", graded.bias}, {"median_absolute_error", graded.error}, {"within_p90", graded.covered}};
}

}  // namespace

std::optional<ForecastGrade> grade(const RunRecord& run, const json& forecast, const std::vector<PlannedTarget>& planned,
                                   const std::vector<TargetRecord>& records) {
  ForecastGrade result;
  for (std::size_t i = 0; i < records.size() && i < planned.size(); ++i) {
    const TargetRecord& record = records[i];
    const PlannedTarget& plan = planned[i];
    if (record.state != TargetState::succeeded || record.epoch != 1 || plan.seconds_p90 <= 0 || !record.started || !record.ended) continue;
    GradedTarget target{record.number, record.id, plan.seconds, plan.seconds_p90, Seconds(*record.ended - *record.started).count(), 0, 0, 0};
    if (record.paused_at && record.resumed_at && plan.paused_seconds > 0) {
      target.paused_foretold = plan.paused_seconds;
      target.paused_p90 = plan.paused_p90;
      target.paused = Seconds(*record.resumed_at - *record.paused_at).count();
    }
    result.targets.push_back(std::move(target));
  }
  if (result.targets.empty()) return std::nullopt;
  result.total = graded(result.targets, [](const GradedTarget& t) { return t.actual; }, [](const GradedTarget& t) { return t.foretold; },
                        [](const GradedTarget& t) { return t.p90; });
  result.paused = graded(result.targets, [](const GradedTarget& t) { return t.paused; }, [](const GradedTarget& t) { return t.paused_foretold; },
                         [](const GradedTarget& t) { return t.paused_p90; });
  if (forecast.is_object() && run.started && run.ended && run.state != RunState::cancelled && run.state != RunState::halted) {
    const json seconds = forecast.value("seconds", json::object());
    if (seconds.value("p50", 0.0) > 0) {
      result.run_foretold = seconds.value("p50", 0.0);
      result.run_p90 = seconds.value("p90", 0.0);
      result.run = Seconds(*run.ended - *run.started).count();
      result.answers_assumed = forecast.value("approvals", false);
    }
  }
  return result;
}

std::vector<std::string> lines_of_grade(const ForecastGrade& grade) {
  std::vector<std::string> lines;
  if (grade.run)
    lines.push_back(fmt::format("the run took {}; foretold were {} ({})", format_duration(Seconds(*grade.run)),
                                within_words(*grade.run_foretold, *grade.run_p90),
                                grade.answers_assumed ? "with a quarter of an hour for the answer to each wave: not to be compared"
                                                      : fmt::format("{:+.0f} %", 100 * (*grade.run / *grade.run_foretold - 1))));
  lines.push_back(graded_line("targets", grade.total));
  if (grade.paused.targets > 0) lines.push_back(graded_line("pauses", grade.paused));
  return lines;
}

std::vector<std::pair<std::string, int>> bins_of_grade(const ForecastGrade& grade) {
  std::vector<std::pair<std::string, int>> bins;
  for (const RatioBin& bin : kBins) bins.emplace_back(bin.label, 0);
  for (const GradedTarget& target : grade.targets) {
    const double ratio = target.actual / target.foretold;
    std::size_t bin = 0;
    while (ratio >= kBins[bin].below && bin + 1 < std::size(kBins)) ++bin;
    ++bins[bin].second;
  }
  return bins;
}

std::vector<std::string> plot_of_grade(const ForecastGrade& grade) {
  const auto bins = bins_of_grade(grade);
  int most = 1;
  for (const auto& [label, targets] : bins) most = std::max(most, targets);
  std::vector<std::string> lines{"actual / foretold   targets"};
  for (const auto& [label, targets] : bins) {
    const auto cells = static_cast<std::size_t>(std::lround(static_cast<double>(kPlotWidth) * targets / most));
    const std::string bar(targets > 0 ? std::max<std::size_t>(1, cells) : 0, '#');
    lines.push_back(fmt::format("{:<17} {:>6}{}{}", label, targets, bar.empty() ? "" : "  ", bar));
  }
  return lines;
}

std::string grade_svg(const ForecastGrade& grade) {
  constexpr double kSize = 360, kMargin = 56;
  double least = 1e300, most = 0;
  for (const GradedTarget& target : grade.targets) {
    least = std::min({least, target.foretold, target.actual});
    most = std::max({most, target.foretold, target.actual, target.p90});
  }
  least = std::max(least * 0.8, 1e-3);
  most = std::max(most * 1.2, least * 2);
  const auto place = [&](double seconds) { return kSize * std::log(std::clamp(seconds, least, most) / least) / std::log(most / least); };
  const auto x = [&](double seconds) { return kMargin + place(seconds); };
  const auto y = [&](double seconds) { return kMargin + kSize - place(seconds); };
  const double whole = kSize + 2 * kMargin;
  std::string svg = fmt::format("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0:.0f} {0:.0f}\" width=\"{0:.0f}\" height=\"{0:.0f}\" role=\"img\" "
                                "font-family=\"system-ui, sans-serif\" font-size=\"12\" fill=\"currentColor\">\n<title>Foretold and actual duration of {1}</title>\n",
                                whole, count(static_cast<std::int64_t>(grade.targets.size()), "target"));
  svg += fmt::format("<rect x=\"{0:.1f}\" y=\"{0:.1f}\" width=\"{1:.1f}\" height=\"{1:.1f}\" fill=\"none\" stroke=\"#888\"/>\n", kMargin, kSize);
  svg += fmt::format("<line x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\" stroke=\"#888\"/>\n", x(least), y(least), x(most), y(most));
  for (const GradedTarget& target : grade.targets) {
    svg += fmt::format("<line x1=\"{0:.1f}\" x2=\"{0:.1f}\" y1=\"{1:.1f}\" y2=\"{2:.1f}\" stroke=\"#7cb98b\" stroke-width=\"1\"/>\n", x(target.foretold),
                       y(target.foretold), y(target.p90));
    svg += fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"3\" fill=\"{}\"/>\n", x(target.foretold), y(target.actual),
                       target.actual <= target.p90 ? "#2f6f4f" : "#b3261e");
  }
  svg += fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\">foretold, from {} to {}</text>\n", kMargin, kMargin + kSize + 24, format_duration(Seconds(least)),
                     format_duration(Seconds(most)));
  svg += fmt::format("<text x=\"{0:.1f}\" y=\"{1:.1f}\">actual, on the same scale; green lines reach to what nine of ten were to keep to</text>\n</svg>\n",
                     kMargin, kMargin - 16);
  return svg;
}

json grade_json(const ForecastGrade& grade) {
  json document{{"targets", graded_json(grade.total)}, {"pauses", graded_json(grade.paused)}, {"run", nullptr}, {"each", json::array()}};
  if (grade.run) document["run"] = {{"foretold", *grade.run_foretold}, {"foretold_p90", *grade.run_p90}, {"actual", *grade.run}, {"answers_assumed", grade.answers_assumed}};
  for (const GradedTarget& target : grade.targets)
    document["each"].push_back({{"number", target.number}, {"id", target.id}, {"foretold", target.foretold}, {"foretold_p90", target.p90},
                                {"actual", target.actual}, {"paused_foretold", target.paused_foretold}, {"paused_p90", target.paused_p90},
                                {"paused", target.paused}});
  return document;
}

}  // namespace pgconvoy::report

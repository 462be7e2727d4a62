// What was foretold of a run against what it took. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/core/json.hpp"
#include "engine/journal/event.hpp"
#include "engine/plan/plan.hpp"
#include "engine/report/style.hpp"

namespace pgconvoy::report {

struct Graded {
  int targets = 0;
  double bias = 0;      // median of actual / foretold, minus 1: 0.1 is a tenth longer than foretold
  double error = 0;     // median of |actual / foretold - 1|
  double covered = 0;   // share of those within their p90
};

struct GradedTarget {
  int number = 0;
  std::string id;
  double foretold = 0, p90 = 0, actual = 0;           // seconds, from start to end
  double paused_foretold = 0, paused_p90 = 0, paused = 0;  // 0: it had no pause
};

struct ForecastGrade {
  Graded total, paused;
  std::vector<GradedTarget> targets;                 // that succeeded at the first try, in the order of the run
  std::optional<double> run_foretold, run_p90, run;  // seconds; of a run that has ended
  bool answers_assumed = false;  // people's answers to waves were counted in with a time that nobody can foretell
};

// None when nothing was foretold of any target that succeeded at the first try. `records` in the order of `planned`.
std::optional<ForecastGrade> grade(const RunRecord& run, const json& forecast, const std::vector<PlannedTarget>& planned,
                                   const std::vector<TargetRecord>& records);

// Sentences, and a plot: how many targets took which share of what was foretold.
std::vector<std::string> lines_of_grade(const ForecastGrade& grade);
// How many targets took which share of what was foretold, from the smallest share on.
std::vector<std::pair<std::string, int>> bins_of_grade(const ForecastGrade& grade);
std::vector<std::string> plot_of_grade(const ForecastGrade& grade);
// One dot for each target, foretold against actual on logarithmic axes; the line is a perfect forecast, the band its p90.
std::string grade_svg(const ForecastGrade& grade);
json grade_json(const ForecastGrade& grade);

}  // namespace pgconvoy::report

#include "engine/report/estimate_report.hpp"

#include <fmt/format.h>

#include <cmath>

#include "engine/core/bytes.hpp"
#include "engine/plan/priors.hpp"
#include "engine/report/forecast_report.hpp"
#include "engine/report/table.hpp"
#include "engine/report/text.hpp"

namespace pgconvoy::report {
namespace {

// Steps shorter than that share one line unless they are all there is.
constexpr double kWorthALine = 0.0005;

struct ExplainedStep {
  std::string name, operation, pair;
  WorkByTerm work;
  bool paused = false;
};

std::vector<ExplainedStep> steps_of(const PlannedTarget& planned) {
  std::vector<ExplainedStep> steps{{kFactsOfTarget, kFactsOfTarget, pair_of(planned, ""), facts_work(planned)}};
  for (const StepPlan& step : planned.steps)
    steps.push_back({step.operation + (step.subject.empty() ? "" : " of " + step.subject), step.operation, pair_of(planned, step.subject), step.work,
                     step.while_paused});
  steps.push_back({kBetweenSteps, kBetweenSteps, pair_of(planned, ""), between_work(static_cast<int>(planned.steps.size()))});
  return steps;
}

bool counts_bytes(const std::string& name) { return name.ends_with("_bytes"); }

std::string amount_of_term(const std::string& name, double amount) {
  if (name == term::kFixed) return "1";
  if (name == term::kOwnEstimate) return format_duration(Seconds(amount));
  if (counts_bytes(name)) return format_bytes({std::llround(amount)});
  return with_separators(std::llround(amount));
}

// A speed is easier to judge than a time for one byte.
std::string coefficient_words(const std::string& name, double seconds) {
  if (seconds <= 0) return "0";
  if (counts_bytes(name)) return fmt::format("{}/s", format_bytes({std::llround(1 / seconds)}));
  if (name == term::kOwnEstimate) return fmt::format("x {:.2f}", seconds);
  return seconds < 0.001 ? fmt::format("{:.0f} us", seconds * 1e6) : format_duration(Seconds(seconds));
}

const OperationModel* known_operation(const EstimateModel& model, const ExplainedStep& step) {
  const auto& operations = model.of(step.pair).operations;
  const auto found = operations.find(step.operation);
  return found == operations.end() ? nullptr : &found->second;
}

}  // namespace

std::string explained_text(const PlannedTarget& planned, const EstimateModel& model, const Style& style, std::size_t width) {
  std::string text = fmt::format("{}: about {}\n", style.bold(shown(planned.target.id)), within_words(planned.seconds, planned.seconds_p90));
  if (planned.paused_seconds > 0) text += fmt::format("  paused for about {}\n", within_words(planned.paused_seconds, planned.paused_p90));
  const PairModel& pair = model.of(pair_of(planned, ""));
  text += fmt::format("  {}: {}; off by {:.0f} % all together, {:.0f} % each\n", shown(pair_of(planned, "")),
                      pair.targets > 0 ? "learnt from " + count(pair.targets, "target") : std::string("nothing was observed"), 100 * pair.shared_spread,
                      100 * pair.target_spread);
  const double slower = std::pow(planned.beside, model.contention);
  text += fmt::format("  with {:.1f} targets in flight in its region each takes {:.2f} times as long as alone ({:.1f} ^ {:.2f})\n", planned.beside,
                      slower, planned.beside, model.contention);
  Table table({{"step", Align::left, true}, {"term"}, {"amount", Align::right}, {"coefficient", Align::right}, {"shipped", Align::right},
               {"seconds", Align::right}, {"off by", Align::right}, {"from"}});
  double alone = 0;
  for (const ExplainedStep& step : steps_of(planned)) {
    const OperationModel* known = known_operation(model, step);
    bool first = true;
    for (const auto& [name, amount] : step.work) {
      Coefficient coefficient{1, 1};
      if (known != nullptr) {
        const auto found = known->terms.find(name);
        if (found == known->terms.end()) continue;
        coefficient = found->second;
      }
      const double seconds = coefficient.seconds * amount;
      alone += seconds;
      if (seconds < kWorthALine && !first) continue;
      const bool learnt = known != nullptr && known->observed > 0;
      table.add({first ? Cell(shown(step.name)) : Cell(""), name, amount_of_term(name, amount), coefficient_words(name, coefficient.seconds),
                 learnt ? coefficient_words(name, coefficient.prior) : "=", fmt::format("{:.3f}", seconds),
                 first ? fmt::format("{:.0f} %", 100 * (known != nullptr ? known->spread : 0.4)) : "",
                 first ? Cell(known != nullptr ? known->from : "its own estimate") : Cell("")});
      first = false;
    }
  }
  text += table.text(style, width);
  return text + fmt::format("  sum {:.3f} s alone, {:.3f} s beside others\n", alone, alone * slower);
}

json explained_json(const PlannedTarget& planned, const EstimateModel& model) {
  const PairModel& pair = model.of(pair_of(planned, ""));
  json document{{"target", planned.target.id}, {"seconds", planned.seconds}, {"seconds_p90", planned.seconds_p90},
                {"paused_seconds", planned.paused_seconds}, {"paused_p90", planned.paused_p90}, {"pair", pair_of(planned, "")},
                {"learnt_from_targets", pair.targets}, {"target_spread", pair.target_spread}, {"shared_spread", pair.shared_spread},
                {"beside", planned.beside}, {"contention", model.contention}, {"steps", json::array()}};
  for (const ExplainedStep& step : steps_of(planned)) {
    const OperationModel* known = known_operation(model, step);
    json entry{{"step", step.name}, {"operation", step.operation}, {"while_paused", step.paused},
               {"from", known != nullptr ? known->from : "its own estimate"}, {"spread", known != nullptr ? known->spread : 0.4}, {"terms", json::object()}};
    for (const auto& [name, amount] : step.work) {
      Coefficient coefficient{1, 1};
      if (known != nullptr) coefficient = {};
      if (known != nullptr)
        if (const auto found = known->terms.find(name); found != known->terms.end()) coefficient = found->second;
      entry["terms"][name] = {{"amount", amount}, {"coefficient", coefficient.seconds}, {"shipped", coefficient.prior}, {"seconds", coefficient.seconds * amount}};
    }
    document["steps"].push_back(std::move(entry));
  }
  return document;
}

}  // namespace pgconvoy::report

#include "conditions/downtime_within_budget.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "engine/core/clock.hpp"

namespace pgconvoy {
namespace {

std::string in_words(double seconds) { return format_duration(Seconds(seconds)); }

class DowntimeWithinBudget final : public Condition {
 public:
  std::string name() const override { return "downtime_within_budget"; }
  std::string summary() const override { return "The foretold pause is within the downtime budget of each environment, nine times of ten."; }

  ConditionPage page() const override {
    ConditionPage page;
    page.why = "An environment that says how long it may be down is paused for longer all the same, or its target is undone at the budget's "
               "end after all the work was done.";
    page.reads = "The plan's estimate of the time between page on and page off: as likely less as more, and what nine of ten keep to "
                 "(docs/forecast.md), and `downtime_budget` of the target's environments. It blocks when nine of ten wouldn't keep to it.";
    page.silent = "Environments without a budget. Without history of this pair of servers the estimate is a shipped one and its p90 about "
                  "twice the middle; a run or a rehearsal of a few other targets narrows it.";
    page.remedies = "The finding says what more jobs, and the target alone in its region, would make of it. `--over-budget REASON` moves such "
                    "targets all the same; with max_pause 0 those that exceed it before the pivot are undone. Or raise the budget.";
    page.sources = "The fleet file; the journal's own runs.";
    return page;
  }

  std::vector<Finding> evaluate(const TargetFacts& facts, const json&) const override {
    if (!facts.pause || facts.pause->p90 <= facts.pause->budget) return {};
    const PauseFact& pause = *facts.pause;
    Finding finding;
    finding.severity = Severity::block;
    finding.condition = name();
    finding.object = "environment " + pause.environment;
    finding.evidence = fmt::format("paused for about {}, nine times of ten within {}; its budget is {}", in_words(pause.seconds),
                                   in_words(pause.p90), in_words(pause.budget));
    if (!pause.made_of.empty()) finding.evidence += fmt::format(" (mostly {})", pause.made_of);
    finding.why = pause.seconds > pause.budget ? "it would be down for longer than it bears" : "it may be down for longer than it bears";
    finding.remedy = fmt::format("{}{}--over-budget REASON", fmt::join(pause.remedies, "; "), pause.remedies.empty() ? "" : "; or ");
    finding.cause = "pause longer than the downtime budget";
    return {finding};
  }
};

}  // namespace

std::unique_ptr<Condition> make_downtime_within_budget() { return std::make_unique<DowntimeWithinBudget>(); }

}  // namespace pgconvoy

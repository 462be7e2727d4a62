// What happens when a move fails at a step: for each step of a runbook the state that the target is in then, and the way out. It comes
// from the runbook's own order (where the page goes on, where the fence stands, where the application is started). Pure.
#pragma once

#include <string>
#include <vector>

#include "engine/report/style.hpp"
#include "engine/run/operation.hpp"
#include "engine/run/runbook.hpp"

namespace pgconvoy::report {

struct StepPage {
  std::string operation, bracket;  // bracket: "" outside of one
  std::string what;                // what it does
  std::string now;                 // while it is at work, and when it has failed: page, fence, which database is live
  std::string then;                // what pgconvoy does about a failure by itself
  std::string way_out;             // what a person does, when that isn't enough
  std::vector<std::string> ways;   // of moves that have this step; empty: all
};

// In the order of a run. REQUIRES: the runbook was validated.
std::vector<StepPage> step_pages(const Runbook& runbook, const OperationRegistry& operations);

std::string step_pages_text(const Runbook& runbook, const std::vector<StepPage>& pages, const Style& style, std::size_t width);
// docs/steps.md, by `pgconvoy runbook explain NAME --output markdown`.
std::string step_pages_markdown(const Runbook& runbook, const std::vector<StepPage>& pages);

}  // namespace pgconvoy::report

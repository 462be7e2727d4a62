// What `pgconvoy check` says, for people and for programs. Pure.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "engine/core/json.hpp"
#include "engine/facts/condition.hpp"
#include "engine/plan/plan.hpp"
#include "engine/report/style.hpp"

namespace pgconvoy::report {

struct CheckView {
  const Plan& plan;
  int not_offered = 0;
  std::size_t width = 0;
  bool verbose = false;
};

// Few targets with findings: one after the other. Many: the causes, worst first, and which target has which.
// `verbose`: infos too, everything written out, and the preconditions that hold.
std::string check_text(const CheckView& view, const Style& style);

json check_json(const CheckView& view);

// One record for each finding, and a last one with the totals.
std::vector<json> check_records(const CheckView& view);

// SARIF 2.1.0: rules are the conditions of the runbook, results the findings; what is blocked is an error. `fleet_file`
// is where a viewer shows them; "" when there is none.
json check_sarif(const CheckView& view, const std::vector<const Condition*>& conditions, const std::string& fleet_file,
                 const std::string& version);

// The page behind a condition, and all of them as Markdown.
std::string condition_page(const Condition& condition, const Style& style, std::size_t width);
std::string conditions_markdown(const std::vector<const Condition*>& conditions);

}  // namespace pgconvoy::report

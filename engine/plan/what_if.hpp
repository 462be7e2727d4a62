// The same plan with another setting, simulated. Pure.
#pragma once

#include <string>
#include <vector>

#include "engine/plan/simulate.hpp"

namespace pgconvoy {

struct WhatIfRow {
  std::string value;
  bool as_planned = false;   // the plan has this value
  Forecast forecast;
  double longest_pause = 0;  // of the target with the longest: nine times of ten at most
  int over_budget = 0;       // targets whose pause exceeds their budget then
};

struct WhatIf {
  std::string setting;
  std::vector<WhatIfRow> rows;
  std::string remark;        // why nothing changes, when it is so; ""
};

// "concurrency=2,4,8": a name of run_settings() and values of it. Error usage for an unknown name, a value that it doesn't take, and
// settings whose values hold commas (windows, throttle-when).
Result<WhatIf> what_if(const Plan& plan, const std::string& asked, const SimulationRequest& request);

}  // namespace pgconvoy

// Counts that every form of `check` shows. Pure.
#pragma once

#include "engine/plan/plan.hpp"

namespace pgconvoy::report {

struct CheckTotals {
  int blocked = 0, warned = 0, clean = 0;  // targets
  int accepted = 0;                        // findings that a suppression of the fleet turned into an info
};
CheckTotals check_totals(const Plan& plan);

}  // namespace pgconvoy::report

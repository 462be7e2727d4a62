// What `rehearse` says before it begins: what it does, and which scratch database it makes on which server. Pure.
#pragma once

#include <string>

#include "engine/report/plan_report.hpp"

namespace pgconvoy::report {

struct RehearsalView {
  std::string journal_token;
  std::string sample;      // "5 %"; "": all targets
  int sampled_from = 0;    // how many there were to choose from
  bool keep_backup = false;
};

// The scratch database of the nth instance (from 0) of a target that is begun for the first time.
std::string scratch_name(const RehearsalView& rehearsal, std::int64_t run, int target, std::size_t instance);

std::string rehearsal_text(const PlanView& view, const RehearsalView& rehearsal, const Style& style);

}  // namespace pgconvoy::report

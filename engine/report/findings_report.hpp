// What the preconditions found, per target. Pure.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "engine/core/json.hpp"
#include "engine/plan/plan.hpp"
#include "engine/report/style.hpp"

namespace pgconvoy::report {

struct FindingCounts {
  int block = 0, warn = 0, info = 0;
};
FindingCounts count_findings(const std::vector<Finding>& findings);

// Findings of many targets, one target after the other. Why and remedy of a finding are written out once: the same
// words under 500 targets hide what differs.
class FindingsText {
 public:
  // `width` 0: no limit. `verbose`: findings of severity info too.
  FindingsText(const Style& style, std::size_t width, bool verbose) : style_(style), width_(width), verbose_(verbose) {}

  // "" when there is nothing to show.
  std::string of(const PlannedTarget& target);

 private:
  std::string details(const std::string& label, const std::string& text) const;

  Style style_;
  std::size_t width_;
  bool verbose_;
  std::set<std::string> explained_;
};

// What `pgconvoy check` says.
struct CheckView {
  const Plan& plan;
  int not_offered = 0;
  std::size_t width = 0;
  bool verbose = false;
};
std::string check_text(const CheckView& view, const Style& style);
json check_json(const CheckView& view);

}  // namespace pgconvoy::report

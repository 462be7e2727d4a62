// What the preconditions found, per target. Pure.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "engine/plan/plan.hpp"
#include "engine/report/style.hpp"

namespace pgconvoy::report {

struct FindingCounts {
  int block = 0, warn = 0, info = 0;
};
FindingCounts count_findings(const std::vector<Finding>& findings);

// "block", "warn ", "info ": coloured, five columns.
std::string severity_mark(const Style& style, Severity severity);

// "label   text", indented below a finding and wrapped; "" without a text.
std::string finding_detail(const Style& style, std::size_t width, const std::string& label, const std::string& text);

// Findings of many targets, one target after the other. Why and remedy of a finding are written out once: the same
// words under 500 targets hide what differs.
class FindingsText {
 public:
  // `width` 0: no limit. `verbose`: findings of severity info too.
  FindingsText(const Style& style, std::size_t width, bool verbose) : style_(style), width_(width), verbose_(verbose) {}

  // "" when there is nothing to show.
  std::string of(const PlannedTarget& target);

 private:
  Style style_;
  std::size_t width_;
  bool verbose_;
  std::set<std::string> explained_;
};

}  // namespace pgconvoy::report

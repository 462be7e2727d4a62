// Axes of plots. Pure.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace pgconvoy::report {

// A logarithmic scale over [least, most], laid out on [from, to]; both ends are put on round values.
class LogScale {
 public:
  // `stops`: the round values there are, ascending, with their labels. Values beyond the ends are put at the ends.
  LogScale(double least, double most, double from, double to, const std::vector<std::pair<double, std::string>>& stops);
  double place(double value) const;
  // Round values within, with their labels.
  std::vector<std::pair<double, std::string>> ticks;

 private:
  double least_, most_, from_, to_;
};

// 0.1 s to 7 d; 1 kB to 16 TB.
const std::vector<std::pair<double, std::string>>& duration_stops();
const std::vector<std::pair<double, std::string>>& size_stops();

// `<svg ...><title>...</title>`, for whom can't see it the summary, too.
std::string svg_begin(double width, double height, const std::string& title, const std::string& summary);
// `text` is escaped. anchor: start | middle | end.
std::string svg_text(double x, double y, const std::string& text, const char* anchor = "start", const char* kind = "label");
std::string svg_line(double x1, double y1, double x2, double y2, const char* kind);
// With a tooltip, when there is one.
std::string svg_bar(double x, double y, double width, double height, const char* kind, const std::string& tip);

}  // namespace pgconvoy::report

#include "engine/report/svg_axis.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "engine/report/markup.hpp"

namespace pgconvoy::report {

LogScale::LogScale(double least, double most, double from, double to, const std::vector<std::pair<double, std::string>>& stops) : from_(from), to_(to) {
  std::size_t first = 0, last = stops.size() - 1;
  while (first + 1 < stops.size() && stops[first + 1].first <= least) ++first;
  while (last > first + 1 && stops[last - 1].first >= most) --last;
  last = std::max(last, std::min(first + 1, stops.size() - 1));
  least_ = stops[first].first;
  most_ = stops[last].first;
  for (std::size_t i = first; i <= last; ++i) ticks.push_back(stops[i]);
}

double LogScale::place(double value) const {
  const double bounded = std::clamp(value, least_, most_);
  return from_ + (to_ - from_) * std::log(bounded / least_) / std::log(most_ / least_);
}

const std::vector<std::pair<double, std::string>>& duration_stops() {
  static const std::vector<std::pair<double, std::string>> stops{{0.1, "0.1 s"}, {0.3, "0.3 s"}, {1, "1 s"}, {3, "3 s"}, {10, "10 s"}, {30, "30 s"}, {60, "1 min"},
                                                                 {300, "5 min"}, {900, "15 min"}, {3600, "1 h"}, {14400, "4 h"}, {86400, "1 d"}, {604800, "7 d"}};
  return stops;
}

const std::vector<std::pair<double, std::string>>& size_stops() {
  static const std::vector<std::pair<double, std::string>> stops = [] {
    std::vector<std::pair<double, std::string>> made;
    const char* const units[] = {"kB", "MB", "GB", "TB"};
    double unit = 1024;
    for (const char* name : units) {
      for (const int factor : {1, 10, 100})
        if (!(unit > 1e12 && factor > 10)) made.emplace_back(unit * factor, fmt::format("{} {}", factor, name));
      unit *= 1024;
    }
    return made;
  }();
  return stops;
}

std::string svg_begin(double width, double height, const std::string& title, const std::string& summary) {
  return fmt::format("<svg class=\"plot\" xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0:.0f} {1:.0f}\" width=\"{0:.0f}\" height=\"{1:.0f}\" role=\"img\">\n"
                     "<title>{2}</title>\n<desc>{3}</desc>\n", width, height, escaped_markup(title), escaped_markup(summary));
}

std::string svg_text(double x, double y, const std::string& text, const char* anchor, const char* kind) {
  return fmt::format("<text class=\"{}\" x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\">{}</text>\n", kind, x, y, anchor, escaped_markup(text));
}

std::string svg_line(double x1, double y1, double x2, double y2, const char* kind) {
  return fmt::format("<line class=\"{}\" x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\"/>\n", kind, x1, y1, x2, y2);
}

std::string svg_bar(double x, double y, double width, double height, const char* kind, const std::string& tip) {
  const std::string begin = fmt::format("<rect class=\"{}\" x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\"", kind, x, y, width, height);
  return tip.empty() ? begin + "/>\n" : begin + fmt::format("><title>{}</title></rect>\n", escaped_markup(tip));
}

}  // namespace pgconvoy::report

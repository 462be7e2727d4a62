#include <fmt/format.h>

#include <algorithm>

#include "engine/report/clients_report.hpp"
#include "engine/report/text.hpp"

namespace pgconvoy::report {
namespace {

constexpr int kLineHeight = 24, kLabelWidth = 230, kBarWidth = 440, kNumberWidth = 90, kMargin = 16, kTitleHeight = 64;

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '&': out += "&amp;"; break;
      case '"': out += "&quot;"; break;
      default: out += c;
    }
  }
  return out;
}

// Told apart by brightness too, for those who see red and green alike.
const char* colour_of(SpeaksScram scram) { return scram == SpeaksScram::no ? "#b3261e" : scram == SpeaksScram::yes ? "#7cb98b" : "#e0a83c"; }

}  // namespace

std::string histogram_svg(const ClientHistogram& histogram) {
  const auto bars = histogram.bars();
  std::uint64_t most = 1;
  for (const auto& bar : bars) most = std::max(most, bar.images);
  const int width = 2 * kMargin + kLabelWidth + kBarWidth + kNumberWidth;
  const int height = kTitleHeight + static_cast<int>(bars.size()) * kLineHeight + 2 * kMargin + 12;
  std::string svg = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0} {1}\" width=\"{0}\" height=\"{1}\" role=\"img\" "
      "font-family=\"system-ui, sans-serif\" font-size=\"13\">\n"
      "<title>Clients of PostgreSQL in {2}</title>\n<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n"
      "<text x=\"{3}\" y=\"30\" font-size=\"17\" font-weight=\"600\" fill=\"#1f1f1f\">Clients of PostgreSQL in {2}</text>\n",
      width, height, escaped(count(static_cast<std::int64_t>(histogram.images()), "image")), kMargin);
  int x = kMargin;
  for (const auto& [scram, words] : {std::pair{SpeaksScram::no, "can't speak SCRAM"}, std::pair{SpeaksScram::unknown, "can't be told"},
                                     std::pair{SpeaksScram::yes, "speaks SCRAM"}}) {
    svg += fmt::format("<rect x=\"{}\" y=\"43\" width=\"11\" height=\"11\" fill=\"{}\"/><text x=\"{}\" y=\"53\" fill=\"#444444\">{}</text>\n", x,
                       colour_of(scram), x + 17, escaped(words));
    x += 160;
  }
  int y = kTitleHeight + kMargin;
  for (const auto& bar : bars) {
    const double length = std::max(2.0, static_cast<double>(kBarWidth) * static_cast<double>(bar.images) / static_cast<double>(most));
    svg += fmt::format(
        "<text x=\"{}\" y=\"{}\" text-anchor=\"end\" fill=\"#1f1f1f\">{}</text>"
        "<rect x=\"{}\" y=\"{}\" width=\"{:.1f}\" height=\"{}\" fill=\"{}\"><title>{} {}, SCRAM: {}</title></rect>"
        "<text x=\"{:.1f}\" y=\"{}\" fill=\"#444444\">{}</text>\n",
        kMargin + kLabelWidth - 10, y + 12, escaped(cut(shown(bar.kind + " " + bar.version), 34)), kMargin + kLabelWidth, y, length,
        kLineHeight - 8, colour_of(bar.scram), escaped(shown(bar.kind)), escaped(shown(bar.version)), to_string(bar.scram),
        kMargin + kLabelWidth + length + 8, y + 12, with_separators(static_cast<std::int64_t>(bar.images)));
    y += kLineHeight;
  }
  return svg + "</svg>\n";
}

}  // namespace pgconvoy::report

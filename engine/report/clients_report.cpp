#include "engine/report/clients_report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <tuple>

#include "engine/clients/drivers.hpp"
#include "engine/core/bytes.hpp"
#include "engine/report/table.hpp"
#include "engine/report/text.hpp"

namespace pgconvoy::report {
namespace {

Tone tone_of(SpeaksScram scram) { return scram == SpeaksScram::no ? Tone::bad : scram == SpeaksScram::yes ? Tone::good : Tone::warn; }

// "9.6.24" -> "9.6", "15.18" -> "15" for libpq; "42.2.5.jre7" -> "42.2", "v4.18.1" -> "4.18" for others.
std::string release_of(const FoundClient& client) {
  std::string version = client.version;
  if (version.starts_with('v')) version.erase(0, 1);
  if (version.empty()) return "?";
  // "14 or 15", "9.0 or earlier"
  if (version.find(' ') != std::string::npos) return version;
  const auto first = version.find('.');
  const bool only_first = client.kind == "libpq" && clients::compare_versions(version, "10") >= 0;
  if (first == std::string::npos || only_first) return version.substr(0, first);
  return version.substr(0, version.find_first_of(".-", first + 1));
}

std::string verdict_words(SpeaksScram verdict, const Style& style) {
  switch (verdict) {
    case SpeaksScram::no:
      return in_tone(style, Tone::bad, "can't speak SCRAM");
    case SpeaksScram::yes:
      return in_tone(style, Tone::good, "speaks SCRAM");
    default:
      return in_tone(style, Tone::warn, "can't be told");
  }
}

}  // namespace

std::string scan_text(const ClientScan& scan, const Style& style, std::size_t width, bool verbose) {
  std::string about = fmt::format("{}, {}", scan.kind, count(static_cast<std::int64_t>(scan.files), "file"));
  if (scan.layers > 0) about += fmt::format(" in {}", count(static_cast<std::int64_t>(scan.layers), "layer"));
  about += fmt::format(", {}", format_bytes(Bytes{static_cast<std::int64_t>(scan.bytes)}));
  const bool named = !scan.image.empty() && scan.source.find(scan.image) == std::string::npos;
  std::string text = fmt::format("{}{}: {}  {}\n", style.bold(shown(scan.source)), named ? " " + shown(scan.image) : "",
                                 scan.clients.empty() ? in_tone(style, Tone::warn, "no client found") : verdict_words(scan.verdict(), style),
                                 style.dim("(" + about + ")"));
  Table table({{"SCRAM"}, {"client"}, {"version"}, {"path", Align::left, true}, {"because", Align::left, true}});
  for (const FoundClient& client : scan.clients)
    table.add({Cell(to_string(client.scram), tone_of(client.scram)), shown(client.kind), client.version.empty() ? "?" : shown(client.version),
               shown(client.path), shown(client.because)});
  if (!table.empty()) text += table.text(style, width);
  const std::size_t most = verbose ? scan.notes.size() : std::min<std::size_t>(scan.notes.size(), 3);
  for (std::size_t i = 0; i < most; ++i) text += style.dim(fmt::format("note: {}", shown(scan.notes[i]))) + "\n";
  if (most < scan.notes.size()) text += style.dim(fmt::format("{} more with -v", count(static_cast<std::int64_t>(scan.notes.size() - most), "note"))) + "\n";
  return text;
}

json scan_json(const ClientScan& scan) {
  json document = scan;
  // In documents `kind` says which document it is.
  document["source_kind"] = scan.kind;
  document.erase("kind");
  document["verdict"] = to_string(scan.verdict());
  return document;
}

void ClientHistogram::add(const ClientScan& scan) {
  ++images_;
  ++verdicts_[static_cast<std::size_t>(scan.verdict())];
  std::set<std::pair<std::string, std::string>> once;
  for (const FoundClient& client : scan.clients) {
    const std::string release = release_of(client);
    auto bar = std::find_if(bars_.begin(), bars_.end(), [&](const Bar& one) { return one.kind == client.kind && one.version == release; });
    if (bar == bars_.end()) bar = bars_.insert(bars_.end(), {client.kind, release, 0, client.scram});
    bar->scram = std::min(bar->scram, client.scram);
    if (once.emplace(client.kind, release).second) ++bar->images;
  }
}

std::vector<ClientHistogram::Bar> ClientHistogram::bars() const {
  std::vector<Bar> bars = bars_;
  std::sort(bars.begin(), bars.end(), [](const Bar& a, const Bar& b) {
    if (a.kind != b.kind) return std::tuple(a.kind != "libpq", a.kind) < std::tuple(b.kind != "libpq", b.kind);
    const int order = clients::compare_versions(a.version, b.version);
    return order != 0 ? order < 0 : a.version < b.version;
  });
  return bars;
}

std::string histogram_text(const ClientHistogram& histogram, const Style& style, std::size_t width) {
  const auto bars = histogram.bars();
  if (bars.empty()) return {};
  std::size_t label_width = 0;
  std::uint64_t most = 1;
  for (const auto& bar : bars) {
    label_width = std::max(label_width, width_of(shown(bar.kind + " " + bar.version)));
    most = std::max(most, bar.images);
  }
  label_width = std::min<std::size_t>(label_width, 40);
  const std::size_t columns = width == 0 ? 80 : width;
  // label, blank, number, blank, bar
  const std::size_t number_width = with_separators(static_cast<std::int64_t>(most)).size();
  const std::size_t room = columns > label_width + number_width + 12 ? columns - label_width - number_width - 4 : 8;
  std::string text;
  for (const auto& bar : bars) {
    // In eighths of a column, at least one.
    const auto eighths = std::max<std::size_t>(1, static_cast<std::size_t>(8 * room * bar.images / most));
    std::string drawn;
    for (std::size_t i = 0; i < eighths / 8; ++i) drawn += "█";
    constexpr const char* kParts[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
    drawn += kParts[eighths % 8];
    text += fmt::format("{}  {}  {}\n", padded(cut(shown(bar.kind + " " + bar.version), label_width), label_width),
                        padded(with_separators(static_cast<std::int64_t>(bar.images)), number_width, Align::right),
                        in_tone(style, tone_of(bar.scram), drawn));
  }
  return text;
}

json histogram_json(const ClientHistogram& histogram) {
  json list = json::array();
  for (const auto& bar : histogram.bars())
    list.push_back({{"kind", bar.kind}, {"version", bar.version}, {"images", bar.images}, {"scram", to_string(bar.scram)}});
  return list;
}

}  // namespace pgconvoy::report

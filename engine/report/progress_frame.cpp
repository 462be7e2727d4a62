// The lines of a ProgressBoard.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "engine/core/bytes.hpp"
#include "engine/report/progress_board.hpp"
#include "engine/report/run_summary.hpp"
#include "engine/report/text.hpp"

namespace pgconvoy::report {
namespace {

constexpr std::size_t kLongestName = 28;

// "####!!......": done, failed, and the rest. What is running fills nothing: a bar is full when all is over.
std::string bar(int done, int failed, int total, std::size_t width, const Style& style) {
  const auto share = [&](int many) {
    return total == 0 ? 0 : static_cast<std::size_t>(std::lround(double(width) * many / total));
  };
  std::size_t left = width;
  const auto take = [&](int many) {
    std::size_t cells = many == 0 ? 0 : std::max<std::size_t>(1, share(many));
    cells = std::min(cells, left);
    left -= cells;
    return cells;
  };
  const std::size_t good = take(done), bad = take(failed);
  return "[" + style.good(std::string(good, '#')) + style.bad(std::string(bad, '!')) + std::string(left, '.') + "]";
}

std::string seconds(Seconds duration) {
  const auto whole = static_cast<long>(std::max(0.0, duration.count()));
  if (whole < 3600) return fmt::format("{}:{:02}", whole / 60, whole % 60);
  return fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
}

// Colours only around words that fit: a line is put together plain, cut, and coloured as a whole.
std::string fitted(const std::string& line, const ProgressBoard::Frame& frame) { return cut(line, frame.columns - 1); }

}  // namespace

std::string ProgressBoard::lane_line(const std::string& region, const Lane& lane, std::size_t name_width,
                                     const Frame& frame, const Style& style) const {
  const double elapsed = Seconds(frame.now - begun_).count();
  std::string figures = fmt::format("{} done", lane.done);
  if (lane.failed) figures += fmt::format(", {} failed", lane.failed);
  figures += fmt::format(", {} running, {} left", lane.running, lane.left);
  std::string rate;
  const bool known = lane.done_here > 0 && elapsed > 0;
  if (known) rate = fmt::format("  {:.1f}/min", lane.done_here * 60 / elapsed);
  if (const auto foretold = rest_.find(region); foretold != rest_.end())
    rate += fmt::format("  {} to go, or {}", seconds(Seconds(foretold->second.p50)), seconds(Seconds(foretold->second.p90)));
  else if (known && lane.left + lane.running > 0)
    rate += fmt::format("  {} to go", seconds(Seconds(elapsed * lane.weight_left / lane.weight_here)));
  const std::string begin = padded(region, name_width) + " ";
  const std::size_t taken = width_of(begin) + width_of(figures) + width_of(rate) + 4;
  if (taken + 8 > frame.columns) rate.clear();
  const std::size_t rest = frame.columns - std::min(frame.columns, width_of(begin) + width_of(figures) + width_of(rate) + 4);
  if (rest < 6) return fitted(begin + figures, frame);
  return begin + bar(lane.done, lane.failed, lane.total, std::min<std::size_t>(rest, 40), style) + " " + figures +
         rate;
}

std::string ProgressBoard::item_line(const Item& item, std::size_t name_width, const Frame& frame, const Style& style) const {
  const bool paused = item.controlled && item.paused_at && !item.resumed_at;
  const std::string clock = paused ? fmt::format("  paused {}", seconds(frame.now - *item.paused_at)) : "";
  std::string line = "  " + padded(cut(item.id, name_width), name_width) + "  ";
  std::string operation = item.waits_for_pause ? "prepared, waits for its pause" : operation_of(item.step);
  if (operation.empty()) operation = "reading facts";
  line += (item.undoing ? "undo " : "") + shown(operation);
  // A total is an estimate: what is beyond it is shown without one.
  const bool measured = item.total_bytes >= item.bytes && item.total_bytes > 0;
  if (measured) {
    constexpr std::size_t kWide = 100, kCells = 10;
    const double share = static_cast<double>(item.bytes) / static_cast<double>(item.total_bytes);
    const auto cells = static_cast<std::size_t>(share * kCells);
    if (frame.columns >= kWide) line += "  [" + std::string(cells, '#') + std::string(kCells - cells, '.') + "]";
    line += fmt::format("  {} %", static_cast<int>(share * 100));
  }
  if (measured)
    line += fmt::format("  {} of {}", format_bytes({item.bytes}), format_bytes({item.total_bytes}));
  else if (item.bytes > 0)
    line += "  " + format_bytes({item.bytes});
  line += fmt::format("  {}", seconds(frame.now - item.step_started));
  const std::size_t room = frame.columns - 1 - std::min(frame.columns - 1, clock.size());
  if (!item.text.empty() && width_of(line) + 4 < room) line += "  " + cut(item.text, room - width_of(line) - 2);
  line = cut(line, room);
  return (item.undoing ? style.bad(line) : line) + style.warn(clock);
}

std::vector<std::string> ProgressBoard::draw(const Frame& frame, const Style& style) const {
  std::vector<std::string> lines;
  const std::size_t room = frame.lines > 3 ? frame.lines - 2 : 1;
  const auto all = lanes();
  std::size_t name_width = 0;
  for (const auto& [region, lane] : all) name_width = std::max(name_width, width_of(region));
  for (const auto& [region, lane] : all) {
    if (lines.size() + 1 >= room && all.size() > room) {
      lines.push_back(
          cut(fmt::format("... and {} more", count(static_cast<std::int64_t>(all.size() - lines.size()), "region")), frame.columns));
      break;
    }
    lines.push_back(lane_line(region, lane, std::min(name_width, kLongestName), frame, style));
  }

  for (const std::string& warning : warnings_)
    if (lines.size() + 1 < room) lines.push_back(style.warn(cut(shown(warning), frame.columns - 1)));
  for (const std::string& said : {wave_, waits_})
    if (!said.empty() && lines.size() + 1 < room) lines.push_back(cut(said, frame.columns - 1));

  std::vector<const Item*> flying;
  name_width = 0;
  for (const Item& item : items_)
    if (item.in_flight) {
      flying.push_back(&item);
      name_width = std::max(name_width, width_of(item.id));
    }
  name_width = std::min({name_width, kLongestName, frame.columns / 3});
  // The longest under way first: these are the ones somebody waits for.
  std::stable_sort(flying.begin(), flying.end(),
                   [](const Item* left, const Item* right) { return left->claimed < right->claimed; });
  for (std::size_t i = 0; i < flying.size(); ++i) {
    if (lines.size() + 1 >= room && i + 1 < flying.size()) {
      lines.push_back(cut(fmt::format("  ... and {} more in flight", flying.size() - i), frame.columns));
      break;
    }
    lines.push_back(item_line(*flying[i], name_width, frame, style));
  }
  if (frame.stopping)
    lines.push_back(cut(fmt::format("stopping: {} in flight, then this ends; Ctrl-C again stops at once", flying.size()), frame.columns));
  return lines;
}

}  // namespace pgconvoy::report

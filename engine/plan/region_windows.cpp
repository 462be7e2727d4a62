#include "engine/plan/region_windows.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace pgconvoy {
namespace {

constexpr const char* kAlways = "always";

std::string trimmed(const std::string& text) {
  const std::size_t first = text.find_first_not_of(' '), last = text.find_last_not_of(' ');
  return first == std::string::npos ? "" : text.substr(first, last - first + 1);
}

Opening own_opening_of(const TimeZone& zone, const std::optional<OpenTime>& time, WallTime now) {
  if (!time) return {std::nullopt, now, "its own windows hold none within five weeks"};
  if (now < time->open) return {time->open, time->close, fmt::format("its own window opens at {}", zone.local(time->open))};
  return {time->open, time->close, fmt::format("its own window closes at {}", zone.local(time->close))};
}

Opening opening_of(const std::string& id, const TimeZone& zone, const std::optional<OpenTime>& time, WallTime now) {
  if (!time) return {std::nullopt, now, fmt::format("region {} has no window within five weeks", id)};
  if (now < time->open) return {time->open, time->close, fmt::format("region {} is closed until {}", id, zone.local(time->open))};
  return {time->open, time->close, fmt::format("region {} closes at {}", id, zone.local(time->close))};
}

// Of about a week: a window comes back on its days.
Seconds longest_of(const std::vector<Window>& windows, const TimeZone& zone, WallTime now) {
  Seconds longest{0};
  for (const OpenTime& time : open_times(windows, zone, now, now + std::chrono::hours(8 * 24)))
    longest = std::max(longest, Seconds(time.close - time.open));
  return longest;
}

std::vector<Window> parsed(const std::vector<std::string>& texts) {
  std::vector<Window> windows;
  for (const std::string& text : texts) windows.push_back(parse_window(text).value());
  return windows;
}

TimeZone zone_of(const Region& region) { return region.time_zone.empty() ? TimeZone::utc() : TimeZone::find(region.time_zone).value(); }

}  // namespace

std::string windows_key(const Environment& environment) {
  return fmt::format("{}: {}", environment.region, fmt::join(environment.windows, "; "));
}

Result<std::vector<Window>> parse_windows(const std::string& text) {
  std::vector<Window> windows;
  if (text.empty() || text == kAlways) return windows;
  for (std::size_t from = 0; from <= text.size();) {
    const std::size_t end = std::min(text.find(';', from), text.size());
    TRY(const Window window, parse_window(trimmed(text.substr(from, end - from))));
    windows.push_back(window);
    from = end + 1;
  }
  return windows;
}

RegionWindows::RegionWindows(const Fleet& fleet, const std::string& windows) {
  if (windows == kAlways) return;
  for (const auto& [id, region] : fleet.regions) {
    std::vector<Window> own = windows.empty() ? parsed(region.windows) : parse_windows(windows).value();
    if (!own.empty()) regions_.emplace(id, Region{zone_of(region), std::move(own)});
  }
  for (const auto& [id, environment] : fleet.environments) {
    if (environment.windows.empty() || regions_.contains(windows_key(environment))) continue;
    Region own{zone_of(fleet.regions.at(environment.region)), parsed(environment.windows)};
    own.of_region = false;
    regions_.emplace(windows_key(environment), std::move(own));
  }
}

const std::map<std::string, Opening>& RegionWindows::at(WallTime now) {
  for (auto& [id, region] : regions_) {
    const bool known = region.time && now < region.time->close;
    if (known && openings_.contains(id) && region.open == (now >= region.time->open)) continue;
    if (!known) region.time = current_or_next(region.windows, region.zone, now);
    region.open = region.time && now >= region.time->open;
    if (!region.longest) region.longest = longest_of(region.windows, region.zone, now);
    Opening& opening = openings_[id];
    opening = region.of_region ? opening_of(id, region.zone, region.time, now) : own_opening_of(region.zone, region.time, now);
    opening.longest = region.longest;
  }
  return openings_;
}

}  // namespace pgconvoy

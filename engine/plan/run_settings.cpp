#include "engine/plan/run_settings.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "engine/fleet/duration.hpp"
#include "engine/fleet/nearest.hpp"
#include "engine/plan/region_windows.hpp"
#include "engine/plan/throttle.hpp"

namespace pgconvoy {
namespace {

constexpr const char* kNone = "none";

Result<int> whole_number(const std::string& text) {
  int number = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (problem != std::errc() || end != text.data() + text.size() || number < 1 || number > 10000)
    return Error(ErrorKind::usage, fmt::format("must be a whole number from 1 to 10000, not {}", in_quotes(text)));
  return number;
}

Result<std::optional<int>> number_or_none(const std::string& text) {
  if (text == kNone) return std::optional<int>();
  TRY(const int number, whole_number(text));
  return std::optional<int>(number);
}

Result<std::optional<std::int64_t>> bytes_or_none(const std::string& text) {
  if (text == kNone) return std::optional<std::int64_t>();
  if (const auto bytes = parse_bytes(text)) return bytes;
  return Error(ErrorKind::usage, fmt::format("{} is no amount of bytes: 50GB, 700MB, or none", in_quotes(text)));
}

Result<std::string> budget(const std::string& text, bool may_be_none) {
  if (may_be_none && text == kNone) return std::string();
  if (parse_budget(text)) return text;
  double share = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), share);
  if (problem == std::errc() && std::string_view(end, text.data() + text.size()) == "%")
    return Error(ErrorKind::usage, fmt::format("{} must be a share from 0% to 100%", in_quotes(text)));
  return Error(ErrorKind::usage, fmt::format("{} is neither a number of targets nor a percentage: 3, or 5%{}", in_quotes(text),
                                             may_be_none ? ", or none" : ""));
}

Result<double> seconds_or_zero(const std::string& text) {
  if (text == "0") return 0.0;
  if (const auto duration = parse_short_duration(text)) return duration->count();
  return Error(ErrorKind::usage, fmt::format("{} is not a duration: 10m, 1h30m, 90s, or 0", in_quotes(text)));
}

Result<bool> yes_or_no(const std::string& text) {
  if (text == "yes" || text == "true" || text == "on") return true;
  if (text == "no" || text == "false" || text == "off") return false;
  return Error(ErrorKind::usage, fmt::format("must be yes or no, not {}", in_quotes(text)));
}

Result<std::string> throttle(const std::string& text) {
  if (text == kNone) return std::string();
  if (!text.empty() && parse_throttle(text)) return text;
  return Error(ErrorKind::usage, fmt::format("{} is no list of active>N, lag>DURATION and load>N, separated by commas, nor none", in_quotes(text)));
}

Result<std::string> windows(const std::string& text) {
  if (text == "fleet") return std::string();
  if (text.empty()) return Error(ErrorKind::usage, "must be windows such as mon-fri 01:00-05:00, or always, or fleet");
  TRY_VOID(parse_windows(text));
  return text;
}

// Known names only.
Result<void> set(RunOptions& options, const std::string& name, const std::string& value) {
  if (name == "concurrency") {
    TRY(options.concurrency, whole_number(value));
  } else if (name == "concurrency-per-region") {
    TRY(options.concurrency_per_region, whole_number(value));
    options.regions_own_limits = false;
  } else if (name == "concurrency-per-source") {
    TRY(options.concurrency_per_source, number_or_none(value));
  } else if (name == "concurrency-per-target") {
    TRY(options.concurrency_per_target, number_or_none(value));
  } else if (name == "max-paused") {
    TRY(options.max_paused, number_or_none(value));
  } else if (name == "bytes-in-flight") {
    TRY(options.bytes_in_flight, bytes_or_none(value));
  } else if (name == "min-free-disk") {
    TRY(options.min_free_disk, bytes_or_none(value));
  } else if (name == "max-failures") {
    TRY(options.max_failures, budget(value, false));
  } else if (name == "max-failures-per-wave") {
    TRY(options.max_failures_per_wave, budget(value, true));
  } else if (name == "max-failures-per-region") {
    TRY(options.max_failures_per_region, budget(value, true));
  } else if (name == "soak") {
    TRY(options.soak, seconds_or_zero(value));
  } else if (name == "approve") {
    TRY(options.approve, yes_or_no(value));
  } else if (name == "window") {
    TRY(options.windows, windows(value));
  } else if (name == "wait-for-windows") {
    TRY(options.wait_for_windows, yes_or_no(value));
  } else if (name == "batch") {
    TRY(options.batch, number_or_none(value));
  } else if (name == "test-first") {
    TRY(options.test_first, yes_or_no(value));
  } else if (name == "notices") {
    TRY(options.notices, yes_or_no(value));
  } else {
    TRY(options.throttle_when, throttle(value));
  }
  return {};
}

std::optional<Budget> budget_of(const std::string& text) { return text.empty() ? std::nullopt : parse_budget(text); }

}  // namespace

const std::vector<RunSetting>& run_settings() {
  static const std::vector<RunSetting> settings{
      {"concurrency", "N", "targets at a time, over all regions"},
      {"concurrency-per-region", "N", "targets at a time in each region, whatever the fleet file says"},
      {"concurrency-per-source", "N|none", "targets at a time on each server that is left"},
      {"concurrency-per-target", "N|none", "targets at a time on each server that is moved to"},
      {"max-paused", "N|none", "targets in their pause at a time, of each process; others are prepared meanwhile"},
      {"bytes-in-flight", "BYTES|none", "size of all databases that are being moved"},
      {"min-free-disk", "BYTES|none", "less free space for backups or new databases starts nothing new"},
      {"max-failures", "N|P%", "more failures than that in the run start nothing new"},
      {"max-failures-per-wave", "N|P%|none", "the same for the failures of one wave"},
      {"max-failures-per-region", "N|P%|none", "more failures than that in a region start nothing new there"},
      {"soak", "DURATION", "between the end of a wave and the next"},
      {"approve", "yes|no", "each wave but the first waits for pgconvoy approve"},
      {"test-first", "yes|no", "live targets wait until the test target of their application has succeeded"},
      {"notices", "yes|no", "targets wait until their owners were told as long before as the fleet file says"},
      {"window", "WINDOWS|always|fleet", "when targets may start, in each region's local time: mon-fri 01:00-05:00; sun 02:00-06:00"},
      {"wait-for-windows", "yes|no", "waits for the next window instead of resting until it is continued"},
      {"batch", "N|none", "rests when so many targets were begun since it was last continued"},
      {"throttle-when", "RULES|none", "nothing new starts on a server that is busier: active>50,lag>10s,load>8"},
  };
  return settings;
}

Result<void> change(RunOptions& options, const std::string& name, const std::string& value) {
  std::vector<std::string_view> names;
  for (const RunSetting& setting : run_settings()) names.push_back(setting.name);
  if (std::find(names.begin(), names.end(), name) == names.end())
    return Error(ErrorKind::usage, fmt::format("there is no setting {}{}", in_quotes(name), did_you_mean(name, names)),
                 fmt::format("it is one of {}", fmt::join(names, ", ")));
  RunOptions changed = options;
  if (auto done = set(changed, name, value); !done) return std::move(done).error().within(name);
  options = std::move(changed);
  return {};
}

std::string value_of(const RunOptions& options, const std::string& name) {
  const auto or_none = [](const auto& value) { return value ? std::to_string(*value) : std::string(kNone); };
  const auto text = [](const std::string& value) { return value.empty() ? std::string(kNone) : value; };
  if (name == "concurrency") return std::to_string(options.concurrency);
  if (name == "concurrency-per-region") return std::to_string(options.concurrency_per_region);
  if (name == "concurrency-per-source") return or_none(options.concurrency_per_source);
  if (name == "concurrency-per-target") return or_none(options.concurrency_per_target);
  if (name == "max-paused") return or_none(options.max_paused);
  if (name == "bytes-in-flight") return or_none(options.bytes_in_flight);
  if (name == "min-free-disk") return or_none(options.min_free_disk);
  if (name == "max-failures") return options.max_failures;
  if (name == "max-failures-per-wave") return text(options.max_failures_per_wave);
  if (name == "max-failures-per-region") return text(options.max_failures_per_region);
  if (name == "soak") return options.soak > 0 ? format_short_duration(Seconds(options.soak)) : "0";
  if (name == "approve") return options.approve ? "yes" : "no";
  if (name == "test-first") return options.test_first ? "yes" : "no";
  if (name == "notices") return options.notices ? "yes" : "no";
  if (name == "window") return options.windows.empty() ? "fleet" : options.windows;
  if (name == "wait-for-windows") return options.wait_for_windows ? "yes" : "no";
  if (name == "batch") return or_none(options.batch);
  if (name == "throttle-when") return text(options.throttle_when);
  return "";
}

std::string problem_of_setting(const std::string& name, const std::string& value) {
  RunOptions ignored;
  const auto done = set(ignored, name, value);
  return done ? "" : done.error().message;
}

Limits limits_of(const RunOptions& options, const Fleet& fleet) {
  Limits limits;
  limits.overall = options.concurrency;
  limits.per_region = options.concurrency_per_region;
  if (options.regions_own_limits)
    for (const auto& [id, region] : fleet.regions)
      if (region.concurrency) limits.of_region[id] = *region.concurrency;
  limits.per_source_server = options.concurrency_per_source;
  limits.per_target_server = options.concurrency_per_target;
  limits.paused = options.max_paused;
  limits.bytes_in_flight = options.bytes_in_flight;
  limits.max_failures = budget_of(options.max_failures);
  limits.max_failures_per_wave = budget_of(options.max_failures_per_wave);
  limits.max_failures_per_region = budget_of(options.max_failures_per_region);
  limits.soak = Seconds(options.soak);
  limits.approve = options.approve;
  limits.test_first = options.test_first;
  limits.notices = options.notices && fleet.notices.before.has_value();
  limits.batch = options.batch;
  limits.wait_for_openings = options.wait_for_windows;
  return limits;
}

std::optional<std::int64_t> parse_bytes(const std::string& text) {
  double number = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  if (problem != std::errc() || !(number >= 0)) return std::nullopt;
  std::string unit(end, text.data() + text.size());
  std::erase(unit, ' ');
  double factor = 1;
  bool known = unit.empty() || unit == "B" || unit == "bytes";
  for (const char* name : {"kB", "MB", "GB", "TB"}) {
    if (known) break;
    factor *= 1024;
    known = unit == name || (name[0] == 'k' && unit == "KB");
  }
  const double bytes = std::floor(number * factor);
  if (!known || bytes > 9e18) return std::nullopt;
  return static_cast<std::int64_t>(bytes);
}

}  // namespace pgconvoy

#include "engine/report/schedule_units.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "engine/fleet/window.hpp"

namespace pgconvoy::report {
namespace {

constexpr std::array<const char*, 7> kDays{"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};

// systemd.syntax(7), systemd.service(5): in double quotes; % begins a specifier, $ a variable.
std::string systemd_word(const std::string& text) {
  std::string word = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') word += '\\';
    if (c == '%' || c == '$') word += c;
    word += c == '\n' ? "\\n" : std::string(1, c);
  }
  return word + "\"";
}

// A path that stands alone isn't unquoted.
std::string systemd_path(const std::string& text) {
  std::string path;
  for (const char c : text) path += c == '%' ? "%%" : std::string(1, c);
  return path;
}

// For sh; in a crontab a % ends the command unless a backslash stands before it.
std::string cron_word(const std::string& text) {
  std::string word = "'";
  for (const char c : text) {
    if (c == '\'') word += "'\\''";
    else if (c == '%') word += "'\\%'";
    else word += c;
  }
  return word + "'";
}

std::string on_calendar(const Window& window, const std::string& zone) {
  std::string days;
  if (window.days != 0x7f)
    for (int day = 0; day < 7; ++day)
      if ((window.days & (1u << day)) != 0) days += (days.empty() ? "" : ",") + std::string(kDays[day]);
  return fmt::format("OnCalendar={}{}*-*-* {:02}:{:02}:00 {}\n", days, days.empty() ? "" : " ", window.from / 60, window.from % 60, zone);
}

std::string call(const ScheduleRequest& request, const std::string& region, std::string (*word)(const std::string&)) {
  std::string line = word(request.program);
  for (const std::string& argument : request.arguments) line += " " + word(argument);
  return line + " --region " + word(region);
}

// Its environments' own windows come after its own, each once.
std::vector<std::string> windows_in(const Fleet& fleet, const std::string& id) {
  std::vector<std::string> windows = fleet.regions.at(id).windows;
  for (const auto& [name, environment] : fleet.environments)
    if (environment.region == id)
      for (const std::string& text : environment.windows)
        if (std::find(windows.begin(), windows.end(), text) == windows.end()) windows.push_back(text);
  return windows;
}

std::string beginning(const ScheduleRequest& request, const std::string& what) {
  std::string text = fmt::format(
      "[Unit]\nDescription={}\nDocumentation=man:pgconvoy(1)\n"
      "Wants=network-online.target\nAfter=network-online.target\n\n[Service]\nType=oneshot\nUser={}\nWorkingDirectory={}\n",
      what, request.user, systemd_path(request.directory));
  if (!request.environment_file.empty()) text += fmt::format("EnvironmentFile=-{}\n", systemd_path(request.environment_file));
  return text;
}

std::string service(const ScheduleRequest& request, const std::string& region) {
  std::string text = beginning(request, fmt::format("Goes on with the move of PostgreSQL databases in region {}", region));
  text += fmt::format("ExecStart={}\n", call(request, region, systemd_word));
  // 3: the window closed, or the run was halted and says so itself.
  text += "SuccessExitStatus=3\n# A stop lets what is under way come to its end.\nKillMode=mixed\nTimeoutStopSec=infinity\nUMask=0077\n"
          "NoNewPrivileges=yes\n";
  return text;
}

std::string notices_call(const ScheduleRequest& request, std::string (*word)(const std::string&)) {
  std::string line = word(request.program);
  for (const std::string& argument : request.notices) line += " " + word(argument);
  return line;
}

std::string timer(const Fleet& fleet, const Region& region) {
  const std::string zone = region.time_zone.empty() ? "UTC" : region.time_zone;
  std::string text = fmt::format("[Unit]\nDescription=When databases of region {} may be moved\n\n[Timer]\n", region.id);
  for (const std::string& each : windows_in(fleet, region.id))
    if (const auto window = parse_window(each)) text += on_calendar(*window, zone);
  // A machine that was off when the window opened starts as soon as it is up: outside of the window nothing is begun.
  return text + "Persistent=true\nAccuracySec=1s\n\n[Install]\nWantedBy=timers.target\n";
}

}  // namespace

bool has_times(const Fleet& fleet, const std::string& region) { return !windows_in(fleet, region).empty(); }

std::map<std::string, std::string> systemd_units(const Fleet& fleet, const std::vector<std::string>& regions,
                                                 const ScheduleRequest& request) {
  std::map<std::string, std::string> files;
  for (const std::string& id : regions) {
    if (!has_times(fleet, id)) continue;
    files[fmt::format("pgconvoy-{}.service", id)] = service(request, id);
    files[fmt::format("pgconvoy-{}.timer", id)] = timer(fleet, fleet.regions.at(id));
  }
  if (fleet.notices == Notices{}) return files;
  files["pgconvoy-notices.service"] = beginning(request, "Tells owners when their PostgreSQL databases are moved") +
                                      fmt::format("ExecStart={}\nUMask=0077\nNoNewPrivileges=yes\n", notices_call(request, systemd_word));
  files["pgconvoy-notices.timer"] = "[Unit]\nDescription=When owners are told of moves\n\n[Timer]\nOnCalendar=*-*-* 09:00:00\nPersistent=true\n\n"
                                    "[Install]\nWantedBy=timers.target\n";
  return files;
}

std::string cron_lines(const Fleet& fleet, const std::vector<std::string>& regions, const ScheduleRequest& request) {
  std::string text;
  for (const std::string& id : regions) {
    const Region& region = fleet.regions.at(id);
    if (!has_times(fleet, id)) continue;
    text += fmt::format("# region {}: {} {}\n*/10 * * * * cd {} && {}\n", id, fmt::join(windows_in(fleet, id), ", "),
                        region.time_zone.empty() ? "UTC" : region.time_zone, cron_word(request.directory), call(request, id, cron_word));
  }
  if (fleet.notices != Notices{})
    text += fmt::format("# owners are told of moves\n0 9 * * * cd {} && {}\n", cron_word(request.directory), notices_call(request, cron_word));
  return text;
}

}  // namespace pgconvoy::report

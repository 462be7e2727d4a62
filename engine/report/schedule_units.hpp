// What calls pgconvoy when a region's window opens: systemd units, or lines for cron. Pure text; nothing is installed.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "engine/fleet/fleet.hpp"

namespace pgconvoy::report {

struct ScheduleRequest {
  std::string program;                 // absolute path of pgconvoy
  std::vector<std::string> arguments;  // of its call, without --region: run --continue ...
  std::vector<std::string> notices;    // of the call that tells owners, once a day: notices ...
  std::string directory;               // in which it is called, absolute
  std::string user;                    // of the units
  std::string environment_file;        // with variables such as passwords, read if it is there; "": none
};

// The region has windows, or one of its environments has: something is to be called at certain times.
bool has_times(const Fleet& fleet, const std::string& region);

// File name -> content: for each region of `regions` that has_times() "pgconvoy-REGION.service" and "pgconvoy-REGION.timer".
// The timer knows the region's time zone. The service is given time to finish what is under way when it is stopped.
// Where the fleet has notices, also "pgconvoy-notices.service" and its timer.
std::map<std::string, std::string> systemd_units(const Fleet& fleet, const std::vector<std::string>& regions,
                                                 const ScheduleRequest& request);

// Lines for a crontab. Debian's cron knows one time zone, its own: each line calls every ten minutes, and outside of its
// window the call ends at once.
std::string cron_lines(const Fleet& fleet, const std::vector<std::string>& regions, const ScheduleRequest& request);

}  // namespace pgconvoy::report

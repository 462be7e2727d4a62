// Who takes care of a server: its archiver, its standbys, its monitors.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/core/json.hpp"

namespace pgconvoy {

inline constexpr const char* kCarePart = "care";

struct CareFact {
  bool archives = false;               // archive_mode is on, and there is a command or library
  std::int64_t archived_ago = -1;      // seconds since the last segment; -1: none yet
  std::int64_t failed_ago = -1;        // since the last failure, when nothing succeeded after it; -1: there is none
  std::vector<std::string> standbys;   // application names of physical receivers, at most 20
  std::vector<std::string> monitors;   // roles that log in and may read statistics of others; no superusers, not our administrator
};
PGCONVOY_JSON(CareFact);

inline constexpr const char* kSiteCarePart = "site_care";

// What the site's own program says of a server (docs/platform.md). Of a server without one there is no such part.
struct SiteCareFact {
  bool backed_up = false, monitored = false;
  std::string detail;           // for people
  std::string unknown_because;  // it failed; then the rest says nothing
};
PGCONVOY_JSON(SiteCareFact);

// Of a server: a CareFact, from pg_settings, pg_stat_archiver, pg_stat_replication and pg_auth_members.
std::string care_sql(int version);

}  // namespace pgconvoy

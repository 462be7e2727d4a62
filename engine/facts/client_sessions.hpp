// Who is logged in to a database now, and how.
#pragma once

#include <string>
#include <vector>

#include "engine/core/json.hpp"

namespace pgconvoy {

inline constexpr const char* kClientSessionsPart = "client_sessions";

struct ClientSession {
  std::string role, application_name;
  std::string address;   // numbers; "" by a local socket, or hidden
  std::string tls;       // "TLSv1.3"; "" without
  int count = 0;
  bool hidden = false;   // another role's, of which we may not see the address (pg_read_all_stats)
};
PGCONVOY_JSON(ClientSession);

// A list of at most 100 ClientSession of the current database, from pg_stat_activity and pg_stat_ssl; ours left out.
std::string client_sessions_sql(int version);

}  // namespace pgconvoy

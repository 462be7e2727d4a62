// How many more connections a server lets in, and whom.
#pragma once

#include <string>

#include "engine/core/json.hpp"

namespace pgconvoy {

// The most that one move holds at a time on each of its servers: the lock of its target, a session in the maintenance database, and
// pg_dump or pg_restore with a session beside it, or the two of the comparison.
inline constexpr int kConnectionsOfOneMove = 4;

inline constexpr const char* kConnectionRoomPart = "connection_room";

struct ConnectionRoomFact {
  int limit = 0;          // max_connections
  int reserved = 0;       // of those, for superusers alone, and for holders of pg_use_reserved_connections where we are none (16)
  int taken = 0;          // by others than us
  bool superuser = false;  // we are one: reserved ones are ours too, and no limit of a role or a database holds for us
  int own_limit = -1;     // CONNECTION LIMIT of our administrator; -1: none
  int own_taken = 0;      // by him, from elsewhere than here

  // That we may still take; max_connections and our administrator's limit counted.
  int free() const;
};
PGCONVOY_JSON(ConnectionRoomFact);

// Of a server: a ConnectionRoomFact, from pg_settings, pg_roles and pg_stat_activity.
std::string connection_room_sql(int version);

}  // namespace pgconvoy

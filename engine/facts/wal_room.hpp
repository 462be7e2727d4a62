// What a server does with its WAL beyond recycling it, and what its commits wait for.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/core/json.hpp"

namespace pgconvoy {

inline constexpr const char* kWalRoomPart = "wal_room";

// A replication slot of any database of the server.
struct HeldSlot {
  std::string name;               // quoted
  std::string kind;               // physical | logical
  std::string database;           // "" of a physical one
  bool active = false;            // somebody receives from it now
  std::int64_t held_bytes = -1;   // of WAL that it keeps now; -1: it keeps none yet
  bool lost = false;              // what it needs is gone already: it keeps nothing any more
};
PGCONVOY_JSON(HeldSlot);

struct WalRoomFact {
  std::int64_t max_wal_bytes = 0;         // max_wal_size
  std::int64_t keep_bytes = 0;            // wal_keep_size, wal_keep_segments before 13
  std::int64_t slot_limit_bytes = -1;     // max_slot_wal_keep_size; -1: without limit, and before 13
  bool archiver_fails = false;            // archiving is on, and its last attempt failed
  std::vector<HeldSlot> slots;            // at most 50, the furthest behind first
  std::string synchronous_names;          // synchronous_standby_names
  bool commits_wait = false;              // it isn't empty, and synchronous_commit waits for more than the own disk
  int synchronous = 0;                    // standbys connected that count for it
  bool sees_standbys = false;             // we may see that
};
PGCONVOY_JSON(WalRoomFact);

// Of a server: a WalRoomFact, from pg_settings, pg_stat_archiver, pg_replication_slots and pg_stat_replication.
std::string wal_room_sql(int version);

}  // namespace pgconvoy

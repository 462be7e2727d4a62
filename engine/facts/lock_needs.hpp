// How many locks one transaction over a whole database takes, and how many a server has room for.
#pragma once

#include <cstdint>
#include <string>

#include "engine/core/json.hpp"

namespace pgconvoy {

inline constexpr const char* kLockNeedsPart = "lock_needs";  // of a database: a number
inline constexpr const char* kLockRoomPart = "lock_room";    // of a server: a LockRoomFact

struct LockRoomFact {
  std::int64_t locks = 0;         // the lock table holds that many, and about a tenth more
  int max_locks_per_transaction = 0;
  int processes = 0;              // that it is shared by, prepared transactions included
};
PGCONVOY_JSON(LockRoomFact);

// Tables, partitioned ones too, views, materialized views and sequences: pg_dump locks each until its end, measured with
// 13 and 15. Indexes, types, functions and large objects take none. Members of extensions are left out.
std::string lock_needs_sql(int version);

// max_locks_per_transaction times every process that may hold locks (manual: Lock Management).
std::string lock_room_sql(int version);

}  // namespace pgconvoy

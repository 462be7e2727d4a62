// The rows of a database that stands still, against a snapshot of one that is already written to.
//
// The snapshot is held by a session of its own, in the live database. Each table is read in a short transaction that
// looks through it, so that nobody's DDL waits for longer than one table, and gives way when somebody does. What a snapshot
// doesn't show as it was, since TRUNCATE and rewrites of tables aren't seen through it, is told apart by the file that the
// table had then and has now (pg_class.relfilenode): not comparable, never different.
// https://www.postgresql.org/docs/15/mvcc-caveats.html
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "engine/core/task.hpp"
#include "engine/postgres/compare.hpp"
#include "engine/postgres/session.hpp"

namespace pgconvoy {

// Settings that begin a transaction in which a snapshot is held for as long as it takes; REPEATABLE READ and read-only.
std::string begin_holding_sql();

// What waits on the session's server in its database for one of these backends: DDL of the application.
struct Wanted {
  int backend = 0;        // which of ours is waited for
  std::string statement;  // by what: its first words
};
Task<Result<std::vector<Wanted>>> who_waits_for(Session& look, std::vector<int> backends);

struct LateSessions {
  Session& source;  // inside the database that stands still
  Session& target;  // inside the live one: it reads
  Session& look;    // likewise: it sees what is there now
  Session& holder;  // likewise: in the transaction that has exported the snapshot
};

struct LateOptions {
  std::string snapshot;          // as pg_export_snapshot() calls it
  int tries = 6;                 // of a table that the application has locked or wants to change
  Seconds between_tries{1};
  Seconds holder_patience{10};   // for how long somebody may wait for the snapshot itself (CREATE INDEX CONCURRENTLY)
  std::function<void(std::int64_t rows, std::int64_t bytes)> progress;  // passing, may be empty
};

struct LateComparison {
  std::vector<Difference> differences;
  std::map<std::string, TableContent> tables;         // found equal, by qualified quoted name
  std::map<std::string, std::string> not_comparable;  // table -> what happened to it since: truncated, dropped, ...
  std::map<std::string, std::string> unread;          // table -> why it was never read: others had it locked
  std::int64_t rows = 0, bytes = 0;                   // of tables that are equal
  std::int64_t large_objects = 0;
  std::string lost;  // why the snapshot couldn't be looked through to the end; "": it could
  bool whole() const { return lost.empty() && unread.empty(); }
};

// Reads all tables of the source and what the snapshot shows of them. REQUIRES: all sessions but the holder are outside of a
// transaction; lock_limit of target and look is short. They are outside of one afterwards. Errors: those of the sessions, as
// long as the snapshot is held; when it isn't, that is a value. May be repeated.
Task<Result<LateComparison>> compare_with_snapshot(LateSessions sessions, LateOptions options);

}  // namespace pgconvoy

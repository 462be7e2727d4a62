// Intents and outcomes that more than one operation reads: where a database was and what it is called now.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "engine/core/json.hpp"
#include "engine/postgres/database_properties.hpp"

namespace pgconvoy {

// Intent of reprovision_collected_instances, one per instance.
struct ReprovisionIntent {
  std::string server;             // target server's id
  std::string system_identifier;  // of the target server
  std::string temporary_name;     // what the database is called until it is enabled
  std::string final_name;
  std::string owner;
  std::vector<std::string> missing_roles;  // roles that did not exist before: what undo may drop
  std::vector<std::string> memberships;    // roles there before, of which our administrator was no member: undo ends it again
  std::int64_t adopted_oid = 0;            // of an empty database that was made beforehand; 0: a new one is made
  json adopted;                            // its properties, for the way back
  std::vector<std::string> roles;          // all that the database needs: while it stands, no other target's undo drops them
  std::map<std::string, std::int64_t> made_before;  // role -> oid, of an earlier attempt that was undone and left them to others
};
struct ReprovisionOutcome {
  std::int64_t oid = 0;  // of the new database
  std::vector<std::string> created_roles;
  std::map<std::string, std::int64_t> role_oids;  // of created_roles
  std::vector<std::string> md5_roles;             // of created_roles: they log in with md5, a debt
};

// Intent of fence_source, one per instance. The facts of a fenced source are these, never read again.
struct FenceIntent {
  std::string server;             // source server's id
  std::string system_identifier;
  int timeline = 0;
  std::int64_t oid = 0;
  std::string name;               // its own
  std::string fenced_name;
  bool allowed_connections = true;
  std::string owner, acl;         // its owner and datacl before it became ours; owner "": it didn't
  int connection_limit = -1;      // likewise
  std::vector<std::string> subscriptions;  // enabled ones, disabled by the fence
};
// REQUIRES: the intent holds an owner.
inline Ownership before_fence(const FenceIntent& intent) { return {intent.owner, intent.acl, intent.connection_limit}; }

struct FenceOutcome {
  int terminated = 0;        // sessions ended by us
  double drained_seconds = 0;
};

// What is there of a backup, in the outcome of backup_collected_services.
struct BackupFile {
  std::string instance, server, database, file, sha256, format = "custom";
  std::int64_t bytes = 0;
  std::string host;         // whose file it is
  std::string key;          // in the store; "": it is in none
  std::string note;
  std::string expires;      // UTC; "": never by itself
  bool encrypted = false;   // `file` and what is in the store; sha256 is of that
  std::string working_file, working_sha256;  // what is restored from: the same as file unless encrypted
  std::string compression;  // of the whole archive in working_file: "zstd"; "": as pg_dump writes it
  int major = 0;            // of the pg_dump that wrote it: a pg_restore of that version reads it
};
// In JSON under "backup", from which the journal's catalogue of backups is made; that of a rehearsal, which goes when it ends,
// under "rehearsed".
struct BackupOutcome {
  BackupFile backup;
  bool catalogued = true;
};

// What was found equal of one table on both sides. As JSON: [name, rows, bytes, checksum].
struct TableEvidence {
  std::string table;     // qualified and quoted
  std::int64_t rows = 0, bytes = 0;
  std::string checksum;  // of its rows in any order
};
// Outcome of verify_restored_services.
struct VerifyOutcome {
  std::int64_t rows = 0, bytes = 0, tables = 0, objects = 0, large_objects = 0;
  std::vector<TableEvidence> evidence;  // by name; of the largest when there are very many, see kEvidenceTables
  std::string mode;  // see engine/plan/verification.hpp; of journals of before: "". Rows are those counted unless it is before
};
inline constexpr std::size_t kEvidenceTables = 1000;

PGCONVOY_JSON(ReprovisionIntent);
PGCONVOY_JSON(ReprovisionOutcome);
PGCONVOY_JSON(FenceIntent);
PGCONVOY_JSON(FenceOutcome);
PGCONVOY_JSON(BackupFile);
PGCONVOY_JSON(BackupOutcome);
void to_json(json& target, const TableEvidence& table);
void from_json(const json& source, TableEvidence& table);
PGCONVOY_JSON(VerifyOutcome);

}  // namespace pgconvoy

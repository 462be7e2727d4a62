// The only place that reads facts. Batched: one document per server (after a look at our rights), one for all of
// its databases, one inside each. All run on the loop's thread, read only, and may be repeated.
//
// A Result is an error when the statement failed (kind sql, timeout, unreachable) or when its answer can't be read
// (corrupt). PostgreSQL 10 to 17.
#pragma once

#include <set>
#include <string>

#include "engine/core/task.hpp"
#include "engine/facts/facts.hpp"
#include "engine/fleet/fleet.hpp"
#include "engine/fleet/target.hpp"
#include "engine/postgres/session.hpp"

namespace pgconvoy {

// Reads a server through a session to its maintenance database. `service` is the fleet's to fill in.
// Sources: pg_control_system(), pg_control_checkpoint(), pg_roles (pg_authid where readable, for the kind of
// verifier, which is "unreadable" otherwise), pg_auth_members, pg_db_role_setting, pg_available_extension_versions,
// pg_database, pg_settings, pg_collation. Roles that begin with pg_ or pgconvoy_ are left out, but stay in member_of.
// A control file that the server can't parse leaves `extensions` empty and says so beside it.
// Free space is only known where pg_stat_file() and this host agree on the data directory.
Task<Result<ServerFacts>> gather_server(Session& session, std::string server_id);

// The parts of a database that its server's maintenance database shows, for all databases asked in one query:
// existence, oid, owner, encoding, size, settings, acl, prepared transactions, enabled subscriptions, slots, sessions,
// roles (pg_shdepend). By instance id; one that does not exist has exists = false. `bytes` is 0 where we may not ask.
Task<Result<std::map<std::string, DatabaseFacts>>> gather_databases(Session& maintenance, std::vector<Instance> instances);

// The parts that only a session inside the database sees: extensions, counts and sizes by kind, and whether the first
// superuser owns or may use something. Completes `facts`. Waits for no lock of a tenant.
struct InsideRequest {
  bool unreadable = true;      // and hidden_user_mappings: a superuser reads everything
  bool superuser_only = true;  // of no matter when it is a superuser who restores
  bool sizes_of_files = false;  // by files instead of by relation, which only a superuser may; they leave out some maps
  // Of database_parts(): those there are none of are put into `parts`, the others are left to read_parts().
  std::set<std::string> parts = {};
};
Task<Result<DatabaseFacts>> gather_inside(Session& inside, DatabaseFacts facts, InsideRequest request);

// What a database that was made beforehand holds: `objects` (0: nothing that a new one would not have) and
// `extensions`. Completes `facts`. Waits for no lock of a tenant.
Task<Result<DatabaseFacts>> gather_objects(Session& inside, DatabaseFacts facts);

// How much of a server is taken: `sessions`, `database_bytes`, and settings that reserve connections. Completes
// `facts`. For the choice between servers, not for every target: the server looks at all files of all databases.
Task<Result<ServerFacts>> gather_room(Session& maintenance, ServerFacts facts);

// Free space for the backup directory (of its nearest existing parent) and the client programs of exactly that major
// version; what is missing is absent. Errors: cancelled only.
Task<Result<HostFacts>> gather_host(asio::thread_pool& pool, class ProcessLauncher& launcher,
                                    std::string backup_directory, int wanted_major);

// Programs of the policy that can't be started: "age", each once. Of a path, whether it is there and executable; of a
// name, whether PATH has it. Blocking, quick.
std::vector<std::string> missing_programs(const BackupPolicy& policy);

// sha256 of the parts that a plan depends on (sizes, sessions and free space are left out, they change all the time).
std::string digest(const TargetFacts& facts);

}  // namespace pgconvoy

// The only place that reads facts. Batched: one query (one JSON document) per server, one per database.
#pragma once

#include "engine/core/task.hpp"
#include "engine/facts/facts.hpp"
#include "engine/fleet/fleet.hpp"
#include "engine/fleet/target.hpp"
#include "engine/postgres/session.hpp"

namespace pgconvoy {

// Reads a server through a session to its maintenance database. Read-only, repeatable.
// Sources: pg_control_system(), pg_control_checkpoint(), pg_roles (pg_authid where readable, for the kind of
// verifier), pg_auth_members, pg_db_role_setting, pg_available_extension_versions, pg_database, pg_settings.
Task<Result<ServerFacts>> gather_server(Session& session, std::string server_id);

// The parts of a database that its server's maintenance database shows, for all databases asked in one query:
// existence, oid, owner, encoding, sizes, settings, acl, prepared transactions, slots, sessions, roles (pg_shdepend).
Task<Result<std::map<std::string, DatabaseFacts>>> gather_databases(Session& maintenance, std::vector<Instance> instances);

// The parts that only a session inside the database sees: extensions, subscriptions, counts and sizes by kind.
// Completes `facts`. Read-only.
Task<Result<DatabaseFacts>> gather_inside(Session& inside, DatabaseFacts facts);

// Free space and client programs of this host; blocking parts run on the pool.
Task<Result<HostFacts>> gather_host(asio::thread_pool& pool, class ProcessLauncher& launcher,
                                    std::string backup_directory, int wanted_major);

// sha256 of the parts that a plan depends on (sizes, sessions and free space are left out, they change all the time).
std::string digest(const TargetFacts& facts);

}  // namespace pgconvoy

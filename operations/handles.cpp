#include "operations/handles.hpp"

namespace pgconvoy {

PGCONVOY_JSON_FIELDS(ReprovisionIntent, server, system_identifier, temporary_name, final_name, owner, missing_roles, memberships,
                     adopted_oid, adopted, roles, made_before)
PGCONVOY_JSON_FIELDS(ReprovisionOutcome, oid, created_roles, role_oids, md5_roles)
PGCONVOY_JSON_FIELDS(FenceIntent, server, system_identifier, timeline, oid, name, fenced_name, allowed_connections, owner, acl,
                     connection_limit, subscriptions)
PGCONVOY_JSON_FIELDS(FenceOutcome, terminated, drained_seconds)
PGCONVOY_JSON_FIELDS(BackupFile, instance, server, database, file, sha256, format, bytes, host, key, note, expires,
                     encrypted, working_file, working_sha256, compression, major)
PGCONVOY_JSON_FIELDS(VerifyOutcome, rows, bytes, tables, objects, large_objects, evidence, mode)

void to_json(json& target, const TableEvidence& table) { target = json::array({table.table, table.rows, table.bytes, table.checksum}); }

void from_json(const json& source, TableEvidence& table) {
  table = {source.at(0).get<std::string>(), source.at(1).get<std::int64_t>(), source.at(2).get<std::int64_t>(), source.at(3).get<std::string>()};
}

void to_json(json& target, const BackupOutcome& outcome) {
  target = json::object();
  target[outcome.catalogued ? "backup" : "rehearsed"] = outcome.backup;
}

void from_json(const json& source, BackupOutcome& outcome) {
  outcome.catalogued = !source.contains("rehearsed");
  outcome.backup = source.value(outcome.catalogued ? "backup" : "rehearsed", json::object()).get<BackupFile>();
}

}  // namespace pgconvoy

// Backups of the journal's catalogue, named on the command line.
#pragma once

#include <string>
#include <vector>

#include "engine/fleet/fleet.hpp"
#include "engine/journal/journal.hpp"
#include "operations/handles.hpp"

namespace pgconvoy::cli {

// "r7/shop-live-db" for each of them, in their order; where a run made more than one of an instance (a retry does),
// "r7/shop-live-db#1" and on, from the oldest. What `backups list` shows.
std::vector<std::string> names_of(const std::vector<BackupRecord>& backups);

// As `backups list` names it.
std::string name_of(const std::vector<BackupRecord>& backups, const BackupRecord& chosen);

// By name, by file, or by instance or name without "#" (the newest one). Error not_found with what may have been
// meant, refused for one whose file was deleted.
Result<BackupRecord> find_backup(const std::vector<BackupRecord>& backups, const std::string& wanted);

// Host, key, note, expiry and the like; what an earlier version didn't say is empty.
BackupFile details_of(const BackupRecord& backup);

// "this host", "the store", "host runner-2, store": where it is kept.
std::string where_kept(const BackupRecord& backup);

// The programs for backups: of the fleet file when one is given (keys and paths change over time), else of the backup's
// own run as it was planned.
Result<BackupPolicy> policy_for(Journal& journal, std::int64_t run, const std::string& fleet_file);

}  // namespace pgconvoy::cli

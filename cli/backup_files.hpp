// Backups of the journal's catalogue, named on the command line.
#pragma once

#include <string>
#include <vector>

#include "cli/application.hpp"

namespace pgconvoy::cli {

// "r7/shop-live-db"; what `backups list` shows.
std::string name_of(const BackupRecord& backup);

// By name, by file, or by instance (its newest one). Error not_found with what may have been meant, refused for one
// whose file was deleted.
Result<BackupRecord> find_backup(const std::vector<BackupRecord>& backups, const std::string& wanted);

// The file is there and has the sha256 that was journaled. Error corrupt otherwise.
Task<Result<void>> check_file(asio::thread_pool& pool, BackupRecord backup);

// Into an existing, empty database with pg_restore, in one transaction. The password comes from
// PGCONVOY_TARGET_PASSWORD or from libpq's own ways; one in the URL is refused.
Task<Result<void>> restore_backup(Services services, BackupRecord backup, std::string url, bool no_owner);

// A copy with mode 0600; refuses to replace a file. Blocking.
Result<void> export_backup(const BackupRecord& backup, const std::string& file);

}  // namespace pgconvoy::cli

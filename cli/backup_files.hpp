// Backups of the journal's catalogue, named on the command line.
#pragma once

#include <string>
#include <vector>

#include "cli/application.hpp"

namespace pgconvoy::cli {

// "r7/shop-live-db" for each of them, in their order; where a run made more than one of an instance (a retry does),
// "r7/shop-live-db#1" and on, from the oldest. What `backups list` shows.
std::vector<std::string> names_of(const std::vector<BackupRecord>& backups);

// By name, by file, or by instance or name without "#" (the newest one). Error not_found with what may have been
// meant, refused for one whose file was deleted.
Result<BackupRecord> find_backup(const std::vector<BackupRecord>& backups, const std::string& wanted);

// The file is there and has the sha256 that was journaled. Error corrupt otherwise.
Task<Result<void>> check_file(asio::thread_pool& pool, BackupRecord backup);

struct RestoredTo {
  std::string database, address;  // "127.0.0.1:5433"
};

// What is wrong with the URL of a database to restore into. Error usage: it holds a password, names no database, or one
// that every server has.
Result<ConnectionSpec> parse_restore_url(const std::string& url);

// Into an existing, empty database with pg_restore, in one transaction. The password comes from
// PGCONVOY_TARGET_PASSWORD or from libpq's own ways. Error process when pg_restore itself fails.
Task<Result<RestoredTo>> restore_backup(Services services, BackupRecord backup, std::string url, bool no_owner);

// A copy with mode 0600; refuses to replace a file. Blocking.
Result<void> export_backup(const BackupRecord& backup, const std::string& file);

}  // namespace pgconvoy::cli

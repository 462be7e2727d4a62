// A backup into a database of the operator's choice.
#pragma once

#include <string>

#include "cli/application.hpp"
#include "cli/backup_files.hpp"

namespace pgconvoy::cli {

struct RestoredTo {
  std::string database, address;  // "127.0.0.1:5433"
  bool as_superuser = false;      // so functions that the backup brings had a superuser's rights
};

// What is wrong with the URL of a database to restore into. Error usage: it holds a password, names no database, or one
// that every server has.
Result<ConnectionSpec> parse_restore_url(const std::string& url);

// Into an existing, empty database with pg_restore, in one transaction; out of the store and decrypted as needed, into
// files without a name. The password comes from PGCONVOY_TARGET_PASSWORD or from libpq's own ways. Error process when
// pg_restore itself fails; usage when a superuser is to own everything (no_owner).
Task<Result<RestoredTo>> restore_backup(Services services, BackupPolicy policy, BackupRecord backup, std::string url,
                                        bool no_owner);

}  // namespace pgconvoy::cli

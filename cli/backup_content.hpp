// What is in a backup, wherever it is kept: on this host or in the store, encrypted or not. Files of any size go from
// file to file, never through memory; what is only needed for a while has no name and is gone with the process.
#pragma once

#include <optional>
#include <string>

#include "cli/application.hpp"
#include "cli/backup_files.hpp"
#include "operations/private_files.hpp"

namespace pgconvoy::cli {

enum class Copy { any, file, store };  // any: the file when it is there, else the store's

// The backup as it is kept, its sha256 that of the journal.
struct OpenedBackup {
  std::string file;
  bool from_store = false;
  std::optional<NamelessFile> fetched;
};

// Errors: not_found (it is on another host, or gone), corrupt (sha256), those of the download program.
Task<Result<OpenedBackup>> open_backup(Services services, BackupPolicy policy, BackupRecord backup, Copy copy);

// The same in pg_restore's format.
struct ReadableBackup {
  std::string file;
  std::optional<NamelessFile> fetched, decrypted, unpacked;
};

// Errors: corrupt (what comes out isn't what went in), those of the decrypt program and of zstd.
Task<Result<ReadableBackup>> make_readable(Services services, BackupPolicy policy, BackupRecord backup, OpenedBackup opened);

// What `pg_restore --list` says of the file; it reads the archive's contents table, no rows. Error process.
Task<Result<std::string>> list_archive(Services services, BackupRecord backup, std::string file);

// "TABLE" -> 12: entries of such a list by kind.
std::map<std::string, int> count_entries(const std::string& list);

// Into a new file with mode 0600, as it is kept or decrypted, checked again at its end; refuses to replace a file.
// Returns the sha256 of what it wrote.
Task<Result<std::string>> export_backup(Services services, BackupPolicy policy, BackupRecord backup, std::string file, bool decrypt);

}  // namespace pgconvoy::cli

// `pgconvoy backups show`, and a backup as JSON.
#pragma once

#include "cli/backup_files.hpp"
#include "cli/options.hpp"

namespace pgconvoy::cli {

// As `backups list` and `backups show` have it.
json backup_json(const std::string& name, const BackupRecord& backup);

// What a person types to get it back without pgconvoy: a pipe from the file (or the store) into pg_restore.
std::vector<std::string> stock_commands(const BackupPolicy& policy, const BackupRecord& backup);

void add_backups_show(CLI::App& group, Invocation& invocation);

}  // namespace pgconvoy::cli

// Removing backups whose time is over: which ones, and how.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/application.hpp"
#include "cli/backup_files.hpp"
#include "cli/options.hpp"

namespace pgconvoy::cli {

// What a rule of the journal says; pure. "" when nothing keeps it.
// - `now` set: its own retention must be over by then, and the newest backup of a database that was not moved stays.
// - A target that isn't finished, or whose old database still waits to be dropped, keeps its backups always.
std::string why_kept(const BackupRecord& backup, const TargetRecord& target, const std::vector<Obligation>& obligations,
                     const std::vector<BackupRecord>& all, std::optional<WallTime> now);

struct Prunable {
  BackupRecord backup;
  std::string name;          // as `backups list` shows it
  std::string kept_because;  // "": it goes
  std::string outcome;       // after it was carried out
  bool failed = false;
};

struct PruneOrder {
  std::vector<std::string> named;  // backups by name; empty: by the rest
  std::string run;                 // all of this run
  bool expired = true;             // only those whose retention is over (not for named ones)
  std::string fleet_file;
};

// The backups that the order is about, in the catalogue's order, each judged; of those that are only asked for their
// expiry, without those that have none. Error: the journal's, or a name that isn't one.
Result<std::vector<Prunable>> find_prunable(Journal& journal, const PruneOrder& order, WallTime now);

// Under the run's lock, judged again: journals what it is going to do, removes the store's copy and the file, journals
// that it did. May be repeated: what is gone already is said in `outcome`.
void carry_out(Application& application, const GlobalOptions& globals, Journal& journal, const PruneOrder& order, WallTime now,
               Prunable& prunable);

}  // namespace pgconvoy::cli

// Making a backup of a fenced database, and getting back an archive to restore: what the backup's step and the
// restore's step share.
#pragma once

#include <optional>
#include <string>

#include "engine/run/step_context.hpp"
#include "operations/handles.hpp"

namespace pgconvoy {

// Where a backup is going to be: chosen before the effect, part of the intent.
struct BackupPlace {
  std::string server, name;  // the database under the name that it has now
  std::string file;          // what is kept
  std::string working_file;  // what is restored from: the same as file unless it is encrypted
  std::string key;           // in the store; "": there is none
  std::string compression;   // of the whole archive: "zstd"; "": as pg_dump does it
};
PGCONVOY_JSON(BackupPlace);

// pg_restore reads what pg_dump writes; with jobs and in several passes, from a file that it can seek in. An archive that nobody
// restores on the way is compressed by zstd, which costs the pause less; where there is none, by pg_dump as well.
enum class Packing { by_pg_dump, by_zstd };

// `distinction` keeps the files of one target and epoch apart: "", "-a2".
Result<BackupPlace> choose_backup_place(StepContext& context, const std::string& distinction, Packing packing = Packing::by_pg_dump);

// pg_dump, encrypted and put into the store as the policy says, flushed and digested. After an error nothing of it is
// left (in the store: as far as its program takes it back).
Task<Result<BackupFile>> make_backup(StepContext& context, BackupPlace place);

// Takes back what make_backup() may have left when it did not end. Idempotent. Answers what may still be in the store, for
// people; "": nothing.
Task<Result<std::string>> discard_backup(StepContext& context, BackupPlace place);

// The newest backup of the instance that a step of this target reported: of the enabling or the restore when one of them took it again.
std::optional<BackupFile> latest_backup(const StepContext& context, const std::string& instance);

struct Archive {
  std::string file;                 // in pg_restore's format, its sha256 checked
  std::string because;              // which one it is, and why not a better one; for people
  std::optional<BackupFile> made;   // it had to be taken again
};

// The first of these that is there and whole: the working file; the kept file, decrypted into `again.working_file`;
// what the store gives back, likewise; a new dump from the fenced source at `again` (of a rehearsal: error io).
Task<Result<Archive>> archive_to_restore(StepContext& context, std::string instance, BackupPlace again);

// Removes every file of the rehearsed instance's backup. Idempotent.
Task<Result<void>> discard_rehearsed_backup(StepContext& context, std::string instance);

// Removes what is readable beside encrypted backups of the instance: after its new database was verified, or undone.
Task<Result<void>> remove_readable(StepContext& context, std::string instance);

}  // namespace pgconvoy

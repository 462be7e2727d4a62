// Restoring entries of an archive into a new database, each with the rights that it may have (archive_portions).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/plan/restore_memory.hpp"
#include "engine/run/step_context.hpp"
#include "operations/archive_portions.hpp"

namespace pgconvoy {

struct RestoreJob {
  std::string instance;
  std::string server, name, owner;  // the new database, and whose it is to be
  std::string file;                 // in pg_restore's custom format
  int jobs = 1;                     // of pg_restore, for data, indexes and materialized views
  std::optional<RestoreShare> share = std::nullopt;  // of each of its sessions; none: as the server has it
};

struct RestoredPortions {
  int passes = 0;                   // calls of pg_restore
  std::vector<std::string> owners;  // of what was restored, superusers left out
};

// The archive's table of contents with the pass of each entry. Reads the target server's roles. Repeatable.
Task<Result<std::vector<ArchiveEntry>>> entries_of(StepContext& context, RestoreJob job);

// All of these entries. REQUIRES: no other step uses tenants' logins of the same database at the same time. Afterwards
// their temporary roles are gone. An error leaves what was restored before; the database is to be made anew then.
Task<Result<RestoredPortions>> restore_entries(StepContext& context, RestoreJob job, std::vector<ArchiveEntry> entries);

}  // namespace pgconvoy

// The last look before the app is bound to its new database. Everything it asks must hold, otherwise the target is
// undone while that is still free.
#pragma once

#include <optional>
#include <string>

#include "engine/run/step_context.hpp"
#include "operations/handles.hpp"

namespace pgconvoy {

// For one instance: the fence holds by name, oid, system identifier and timeline; nobody but us is in the old
// database, no prepared transaction, no apply worker; the backup's file is there in its full size, or was put into the store; the new database
// was verified and analysed, and its WAL is flushed. Read-only but for the flush.
// `just_taken`: the backup to look for, when a step takes it that has no outcome yet; without it the newest one that was reported.
Task<Result<void>> pass_pivot_gate(StepContext& context, std::string instance, std::optional<BackupFile> just_taken);

// The instance's backup is a file of another host, in no store, and not reachable here under its path either: the gate could not see
// it. It is to be taken again from the fenced source, then.
bool backup_is_out_of_sight(const StepContext& context, const std::string& instance);

}  // namespace pgconvoy

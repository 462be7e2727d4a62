// The last look before the app is bound to its new database. Everything it asks must hold, otherwise the target is
// undone while that is still free.
#pragma once

#include "engine/run/step_context.hpp"

namespace pgconvoy {

// For one instance: the fence holds by name, oid, system identifier and timeline; nobody but us is in the old
// database, no prepared transaction, no apply worker; the backup's file is there in its full size, or was put into the store; the new database
// was verified and analysed, and its WAL is flushed. Read-only but for the flush.
Task<Result<void>> pass_pivot_gate(StepContext& context, std::string instance);

}  // namespace pgconvoy

// Restores the backup into the new database; what evaluates a tenant's code runs in a tenant's session.
#pragma once

#include <memory>

#include "engine/run/operation.hpp"

namespace pgconvoy {

std::unique_ptr<Operation> make_restore_backup_to_reprovisioned_services();

}  // namespace pgconvoy

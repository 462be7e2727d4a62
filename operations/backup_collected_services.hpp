// Backs up the fenced database with pg_dump; the file stays and is catalogued in the journal.
#pragma once

#include <memory>

#include "engine/run/operation.hpp"

namespace pgconvoy {

std::unique_ptr<Operation> make_backup_collected_services();

}  // namespace pgconvoy

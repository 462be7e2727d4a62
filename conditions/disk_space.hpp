// There is room for the backup in the backup directory and for the database on the target server.
#pragma once

#include <memory>

#include "engine/facts/condition.hpp"

namespace pgconvoy {

std::unique_ptr<Condition> make_disk_space();

}  // namespace pgconvoy

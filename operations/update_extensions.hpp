// Operation `update_extensions`: ALTER EXTENSION ... UPDATE in the database as it stands, all of it in one transaction.
#pragma once

#include <memory>

#include "engine/run/operation.hpp"

namespace pgconvoy {

std::unique_ptr<Operation> make_update_extensions();

}  // namespace pgconvoy

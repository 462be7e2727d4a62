// Operation `refresh_collation_versions`: the server is told that what sorts by its collations was rebuilt.
#pragma once

#include <memory>

#include "engine/run/operation.hpp"

namespace pgconvoy {

std::unique_ptr<Operation> make_refresh_collation_versions();

}  // namespace pgconvoy

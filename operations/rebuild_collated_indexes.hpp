// Operation `rebuild_collated_indexes`: REINDEX CONCURRENTLY of what sorts by a collation, each in a session of its owner.
#pragma once

#include <memory>

#include "engine/run/operation.hpp"

namespace pgconvoy {

std::unique_ptr<Operation> make_rebuild_collated_indexes();

}  // namespace pgconvoy

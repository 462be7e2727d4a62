// The end of a rehearsal: its scratch database, the roles that were made for it, and its files go.
#pragma once

#include <memory>

#include "engine/run/operation.hpp"

namespace pgconvoy {

std::unique_ptr<Operation> make_remove_rehearsal();

}  // namespace pgconvoy

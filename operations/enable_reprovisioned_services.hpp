// Passes the pivot gate, gives the new database its own name, settings and privileges, and binds the app to it.
#pragma once

#include <memory>

#include "engine/run/operation.hpp"

namespace pgconvoy {

std::unique_ptr<Operation> make_enable_reprovisioned_services();

}  // namespace pgconvoy

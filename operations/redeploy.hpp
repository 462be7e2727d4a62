// The pivot: starts the app on the new database and waits until it is healthy, the page still up.
#pragma once

#include <memory>

#include "engine/run/operation.hpp"

namespace pgconvoy {

std::unique_ptr<Operation> make_redeploy();

}  // namespace pgconvoy

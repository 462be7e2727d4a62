// Every role that the databases depend on can be made on the target server with a password that works there.
#pragma once

#include <memory>

#include "engine/facts/condition.hpp"

namespace pgconvoy {

std::unique_ptr<Condition> make_roles_restorable();

}  // namespace pgconvoy

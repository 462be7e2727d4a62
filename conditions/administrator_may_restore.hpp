// Administrators who are no superusers have the rights that the move needs: the source's may fence its databases and end
// who is in them, the target's may make all that a dump holds.
#pragma once

#include <memory>

#include "engine/facts/condition.hpp"

namespace pgconvoy {

std::unique_ptr<Condition> make_administrator_may_restore();

}  // namespace pgconvoy

// Source and target server answer, are the right ones, and give us the rights and programs a move needs.
#pragma once

#include <memory>

#include "engine/facts/condition.hpp"

namespace pgconvoy {

std::unique_ptr<Condition> make_servers_reachable();

}  // namespace pgconvoy

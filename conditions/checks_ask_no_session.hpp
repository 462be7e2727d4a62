#pragma once

#include <memory>

#include "engine/facts/condition.hpp"

namespace pgconvoy {

// Needs the part `session_checks`.
std::unique_ptr<Condition> make_checks_ask_no_session();

}  // namespace pgconvoy

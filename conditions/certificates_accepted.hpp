#pragma once

#include <memory>

#include "engine/facts/condition.hpp"

namespace pgconvoy {

// Needs the part `certificate` of the target server and the inquiry `certificate_acceptance`. Matters to all moves.
std::unique_ptr<Condition> make_certificates_accepted();

}  // namespace pgconvoy

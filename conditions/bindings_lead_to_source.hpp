#pragma once

#include <memory>

#include "engine/facts/condition.hpp"

namespace pgconvoy {

std::unique_ptr<Condition> make_bindings_lead_to_source();

}  // namespace pgconvoy

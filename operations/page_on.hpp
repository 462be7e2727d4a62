// Turns the maintenance page of an environment on. Undo: off again, unless it was on before.
#pragma once

#include <memory>

#include "engine/run/operation.hpp"

namespace pgconvoy {

std::unique_ptr<Operation> make_page_on();

}  // namespace pgconvoy

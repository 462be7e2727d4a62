// Takes the maintenance page away. Undo: on again.
#pragma once

#include <memory>

#include "engine/run/operation.hpp"

namespace pgconvoy {

std::unique_ptr<Operation> make_page_off();

}  // namespace pgconvoy

// Operation `run_site_program`: a step that a program of the site carries out (docs/platform.md, "Steps").
#pragma once

#include <memory>

#include "engine/run/operation.hpp"

namespace pgconvoy {

std::unique_ptr<Operation> make_run_site_program();

}  // namespace pgconvoy

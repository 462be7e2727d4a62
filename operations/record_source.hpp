// What the source holds at the moment that is held, kept beside the backup: what is restored is compared with that.
#pragma once

#include <memory>

#include "engine/run/operation.hpp"

namespace pgconvoy {

std::unique_ptr<Operation> make_record_source();

}  // namespace pgconvoy

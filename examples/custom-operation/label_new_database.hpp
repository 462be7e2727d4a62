// Writes onto each new database who moved it and when, as a comment that a DBA sees with \l+.
#pragma once

#include <memory>

#include "engine/run/operation.hpp"

std::unique_ptr<pgconvoy::Operation> make_label_new_database();

// Compares old and new database: catalogues, privileges, sequences, large objects, every row.
#pragma once

#include <memory>

#include "engine/run/operation.hpp"

namespace pgconvoy {

std::unique_ptr<Operation> make_verify_restored_services();

}  // namespace pgconvoy

// No prepared transaction is left in the databases.
#pragma once

#include <memory>

#include "engine/facts/condition.hpp"

namespace pgconvoy {

std::unique_ptr<Condition> make_no_prepared_transactions();

}  // namespace pgconvoy

// A dump that our administrator makes holds everything: it may read every table, sequence and large object, no row security
// hides rows from it, and the options of user mappings are shown to it.
#pragma once

#include <memory>

#include "engine/facts/condition.hpp"

namespace pgconvoy {

std::unique_ptr<Condition> make_dumper_can_read_everything();

}  // namespace pgconvoy

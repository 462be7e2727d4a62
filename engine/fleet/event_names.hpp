// The kinds of events that a hook may ask for, by name. What they mean is the journal's business (engine/journal/event.hpp),
// which stands above the fleet; a test compares the two lists.
#pragma once

#include <string_view>
#include <vector>

namespace pgconvoy {

const std::vector<std::string_view>& event_names();

}  // namespace pgconvoy

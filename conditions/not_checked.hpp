// What checks that read rows have in common: their budget, and saying what they did not look at.
#pragma once

#include <string_view>
#include <vector>

#include "conditions/moves.hpp"
#include "engine/facts/row_reader.hpp"

namespace pgconvoy {

// time_budget, a duration: 30 s unless given.
Parameter time_budget_parameter(std::string_view what);

// One finding for each reason; a warning where the budget ran out, for somebody may give it more. `what` is the plural of
// what wasn't checked: "indexes".
void report_not_checked(std::string_view condition, const Move& move, std::string_view what, const std::vector<NotChecked>& items,
                        std::vector<Finding>& findings);

}  // namespace pgconvoy

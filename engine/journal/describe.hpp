// Records as JSON documents, to compare what events say with what projections hold. Pure.
#pragma once

#include <string>
#include <vector>

#include "engine/journal/journal.hpp"

namespace pgconvoy {

json describe(const RunRecord& run);  // without plan and counts
json describe(const TargetRecord& target);
json describe(const Obligation& obligation);
json describe(const BackupRecord& backup);

// One line for each field that differs: its path and both values.
std::vector<std::string> differing_fields(const json& by_events, const json& by_projection);

}  // namespace pgconvoy

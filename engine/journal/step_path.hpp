// The parts of a step's path, such as "with_maintenance_page/redeploy#2@shop-live". Pure.
#pragma once

#include <string>

namespace pgconvoy {

// Its last component without ordinal and subject: "redeploy".
std::string operation_of(const std::string& path);
// What stands after the "@", id of an instance or environment; "" for the target.
std::string subject_of(const std::string& path);

}  // namespace pgconvoy

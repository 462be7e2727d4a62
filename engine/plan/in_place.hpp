// Runbooks that move nothing: none of their operations wants a service to move to. Each database is then its own source and
// target: its placement names one server twice, which no move ever does. Pure.
#pragma once

#include "engine/plan/plan.hpp"

namespace pgconvoy {

inline bool is_in_place(const Requirements& requirements) { return requirements.target_service.empty(); }
inline bool is_in_place(const Placement& placement) { return placement.source_server == placement.target_server; }

// "from postgresql-database-13 to postgresql-database-15", "from server eu-1 to another of postgresql-database-15", "in place, on postgresql-database-15".
std::string way_of(const Requirements& requirements);

}  // namespace pgconvoy

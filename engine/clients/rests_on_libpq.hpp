// Drivers that call libpq speak what that speaks: which of the libpqs that were found is theirs.
#pragma once

#include <vector>

#include "engine/clients/client_scan.hpp"

namespace pgconvoy::clients {

// Judges each driver among `clients` that rests on libpq: by a libpq in its own package where there is one, else by
// all that lie outside of packages, the worst of them; unknown when there is none. Pure.
void judge_by_libpq(std::vector<FoundClient>& clients);

}  // namespace pgconvoy::clients

// Events of a run in pages, from either end, whatever its size. Blocking.
//
// A journal gives events upwards from a sequence. Where one wants the last ones, their place is found by halving.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/journal/journal.hpp"

namespace pgconvoy::web {

// Sequence of the run's last event. Error not_found for a run that isn't there.
Result<std::int64_t> last_sequence(Journal& journal, std::int64_t run);

// At most `limit` events with a higher sequence, ascending; of one target, unless it is 0. What was planned is left out.
Result<std::vector<Event>> events_after(Journal& journal, std::int64_t run, std::int64_t sequence, int target, std::size_t limit);

// The last `limit` ones with a lower sequence, ascending; of one target, unless it is 0.
Result<std::vector<Event>> events_before(Journal& journal, std::int64_t run, std::int64_t sequence, int target, std::size_t limit);

}  // namespace pgconvoy::web

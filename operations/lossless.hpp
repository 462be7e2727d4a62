// Whether going back to the old database gives up nothing.
#pragma once

#include "engine/run/step_context.hpp"
#include "operations/handles.hpp"

namespace pgconvoy {

// Fences the new database under its temporary name, so that nobody writes to it any more, and compares it with the
// fenced old one. An Error of kind conflict names what differs; both databases are then fenced and complete. With the
// operator's --accept-data-loss nothing is compared. May be repeated.
Task<Result<void>> must_lose_nothing(StepContext& context, FenceIntent old_side, ReprovisionIntent new_side,
                                     std::int64_t new_oid);

}  // namespace pgconvoy

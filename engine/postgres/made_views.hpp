// Views whose definition on the target isn't that of the source: is it what the target's server makes of the source's query?
//
// A view is dumped as its query. Where columns of the system have another type on the target, the server puts casts into
// it, leaves others out, and gives the view's columns other types; where they are more, it prints more names. Asking the
// server is exact: it makes the view once more from the source's text and prints it.
#pragma once

#include <vector>

#include "engine/core/task.hpp"
#include "engine/postgres/catalogue.hpp"

namespace pgconvoy {

// The differences without those of views that the target makes so, and whose queries name columns by position alike
// (same_positions). Makes temporary views, in a transaction that it rolls back: the session must be outside of one, an
// administrator's, inside the restored database. The texts are those that a restore runs as the same administrator. What
// can't be made stays a difference. Errors are the session's.
Task<Result<std::vector<Difference>>> without_made_views(Session& target, std::vector<Difference> differences, std::vector<CatalogueEntry> source,
                                                         std::vector<CatalogueEntry> there, GrownObjects grown, std::string settings);

// Whether there is one that without_made_views() would look at.
bool has_changed_views(const std::vector<Difference>& differences);

}  // namespace pgconvoy

// Which roles an undo may drop: those that this run made, for whichever of its targets, and that no target uses any more.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "engine/core/task.hpp"
#include "engine/journal/event.hpp"
#include "engine/postgres/session.hpp"
#include "operations/handles.hpp"

namespace pgconvoy {

// Name -> the oids under which the run has made it; 0 is any, when the step that made it had no time to say.
using MadeRoles = std::map<std::string, std::set<std::int64_t>>;

// Pure. `targets` are those of the run by number. A role that a step made and had to leave to another, of its own target
// or of another one, since undone or not, is the last one's to take away; one that a step needs that stands (or can't be
// judged) is nobody's.
MadeRoles roles_to_drop(const ReprovisionIntent& intent, const std::optional<ReprovisionOutcome>& outcome,
                        const std::map<int, TargetRecord>& targets);

// What an earlier attempt of the same step made and didn't take away; empty when there was none.
std::map<std::string, std::int64_t> made_before(const TargetRecord& target, const std::string& path);

// Those of the roles that are still the same, by oid: a name that somebody else has given anew is not ours.
Task<Result<std::vector<std::string>>> still_the_same(Session& maintenance, MadeRoles roles);

// Oids of the roles that are there.
Task<Result<std::map<std::string, std::int64_t>>> oids_of(Session& maintenance, std::vector<std::string> names);

}  // namespace pgconvoy

#include "engine/journal/event.hpp"

namespace pgconvoy {

PGCONVOY_JSON_FIELDS(Obligation, id, kind, state, due, waits_for, data)

}  // namespace pgconvoy

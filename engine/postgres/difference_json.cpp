#include "engine/postgres/compare.hpp"

namespace pgconvoy {

PGCONVOY_JSON_FIELDS(Difference, kind, object, source, target)

}  // namespace pgconvoy

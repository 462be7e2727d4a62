#include "engine/fleet/target.hpp"

namespace pgconvoy {

PGCONVOY_JSON_FIELDS(Target, id, region, environments, instances)

}  // namespace pgconvoy

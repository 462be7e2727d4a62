#include "runbooks/registry.hpp"

#include "conditions/registry.hpp"
#include "operations/registry.hpp"

namespace pgconvoy {

void register_all(OperationRegistry& operations, ConditionRegistry& conditions) {
  register_operations(operations);
  register_conditions(conditions);
}

}  // namespace pgconvoy

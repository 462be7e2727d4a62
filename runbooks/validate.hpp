// Whether a runbook's operations make sense together: what would lose writes, bind an app to data that nobody
// compared, or leave an app stopped is refused before anything is planned.
#pragma once

#include "engine/core/error.hpp"
#include "engine/facts/condition.hpp"
#include "engine/run/operation.hpp"
#include "engine/run/runbook.hpp"

namespace pgconvoy {

// REQUIRES: the parameters may still be open (${name}) or put in. Error usage with every fault found, each naming
// its node by its path ("with_maintenance_page/redeploy"). Operations of a site's own may stand anywhere. Pure.
//
//   collect_service_instances           before reprovision_collected_instances
//   fence_source                        only by its bracket, around backup .. redeploy
//   backup_collected_services           before the restore, under the same fence
//   restore_backup_to_reprovisioned_..  after reprovision, under the fence
//   analyze_.., verify_restored_..      between restore and enable
//   enable_reprovisioned_services       under the fence
//   redeploy                            after enable, under the fence
//   deprovision_collected_instances     after the fence's bracket, and nothing of these after it
Result<void> validate(const Runbook& runbook, const OperationRegistry& operations, const ConditionRegistry& conditions);

}  // namespace pgconvoy

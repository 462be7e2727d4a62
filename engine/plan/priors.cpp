#include "engine/plan/priors.hpp"

namespace pgconvoy {

const std::vector<Prior>& priors() {
  using namespace term;
  constexpr double kMegabyte = 1e6;
  // Of one target at a time on an ordinary disk and core.
  static const std::vector<Prior> table{
      {kFactsOfTarget, {{kFixed, 0.25}, {kDatabases, 0.15}}, 0.35},
      {kBetweenSteps, {{kSteps, 0.006}}, 0.35},
      {"collect_service_instances", {{kFixed, 0.002}}, 0.5},
      {"reprovision_collected_instances", {{kFixed, 0.2}}, 0.35},
      {"page_on", {{kFixed, 0.005}}, 0.5},
      {"pause_poolers", {{kFixed, 0.1}}, 0.5},
      {"stop_app", {{kFixed, 0.2}}, 0.6},
      {"fence_source", {{kFixed, 0.06}}, 0.5},
      {"backup_collected_services",
       {{kFixed, 0.2}, {kRelations, 0.0008}, {kTableBytes, 1 / (60 * kMegabyte)}, {kLargeObjectBytes, 1 / (25 * kMegabyte)},
        {kLargeObjects, 0.00005}, {kEncryptedBytes, 1 / (200 * kMegabyte)}},
       0.2},
      {"restore_backup_to_reprovisioned_services",
       {{kFixed, 0.4}, {kRelations, 0.002}, {kTableBytes, 1 / (60 * kMegabyte)}, {kIndexBytes, 1 / (60 * kMegabyte)},
        {kLargeObjectBytes, 1 / (20 * kMegabyte)}, {kLargeObjects, 0.0001}},
       0.2},
      {"prepare_reprovisioned_services", {{kFixed, 0.5}, {kRelations, 0.0025}}, 0.3},
      {"transfer_to_prepared_services",
       {{kFixed, 0.6}, {kRelations, 0.0015}, {kTableBytes, 1 / (40 * kMegabyte)}, {kIndexBytes, 1 / (60 * kMegabyte)},
        {kLargeObjectBytes, 1 / (20 * kMegabyte)}, {kLargeObjects, 0.0001}, {kEncryptedBytes, 1 / (200 * kMegabyte)}},
       0.25},
      {"back_up_after_pivot",
       {{kFixed, 0.2}, {kRelations, 0.0008}, {kTableBytes, 1 / (60 * kMegabyte)}, {kLargeObjectBytes, 1 / (25 * kMegabyte)},
        {kLargeObjects, 0.00005}, {kEncryptedBytes, 1 / (200 * kMegabyte)}},
       0.25},
      {"verify_after_pivot",
       {{kFixed, 0.3}, {kRelations, 0.003}, {kTableBytes, 1 / (120 * kMegabyte)}, {kLargeObjectBytes, 1 / (60 * kMegabyte)}, {kLargeObjects, 0.00005}},
       0.3},
      {"analyze_restored_services", {{kFixed, 0.1}, {kTables, 0.004}, {kTableBytes, 1 / (300 * kMegabyte)}}, 0.25},
      {"verify_restored_services",
       {{kFixed, 0.2}, {kRelations, 0.0005}, {kTableBytes, 1 / (110 * kMegabyte)}, {kLargeObjectBytes, 1 / (60 * kMegabyte)},
        {kLargeObjects, 0.00005}},
       0.2},
      {"enable_reprovisioned_services", {{kFixed, 0.06}}, 0.4},
      {"redeploy", {{kFixed, 1.0}}, 0.6},
      {"page_off", {{kFixed, 0.005}}, 0.5},
      {"close_source", {{kFixed, 0.01}}, 0.5},
      {"deprovision_collected_instances", {{kFixed, 0.01}}, 0.5},
  };
  return table;
}

}  // namespace pgconvoy

// Every part and inquiry there is. A new one is a file of its own and a line here.
#include "engine/facts/access_rules.hpp"
#include "engine/facts/authentication.hpp"
#include "engine/facts/client_sessions.hpp"
#include "engine/facts/collation_order.hpp"
#include "engine/facts/broken_constraints.hpp"
#include "engine/facts/evaluated_expressions.hpp"
#include "engine/facts/index_entries.hpp"
#include "engine/facts/builtins.hpp"
#include "engine/facts/code.hpp"
#include "engine/facts/extract_indexes.hpp"
#include "engine/facts/load_order.hpp"
#include "engine/facts/operators.hpp"
#include "engine/facts/part.hpp"
#include "engine/facts/image_clients.hpp"
#include "engine/facts/inquiry.hpp"
#include "engine/facts/trial_restore.hpp"
#include "engine/facts/removed_code.hpp"
#include "engine/facts/system_objects.hpp"
#include "engine/facts/activity.hpp"
#include "engine/facts/application_host.hpp"
#include "engine/facts/care.hpp"
#include "engine/facts/certificate.hpp"
#include "engine/facts/extension_traits.hpp"
#include "engine/facts/libraries.hpp"
#include "engine/facts/lock_needs.hpp"
#include "engine/facts/foreign_data.hpp"
#include "engine/facts/public_schema.hpp"
#include "engine/facts/replication.hpp"
#include "engine/facts/settings.hpp"
#include "engine/facts/tablespaces.hpp"
#include "engine/facts/unfinished.hpp"

namespace pgconvoy {

const std::vector<Part>& database_parts() {
  static const std::vector<Part> parts{
      {kClientSessionsPart, client_sessions_sql},
      {kOperatorsPart, operators_sql},
      {kUsedCollationsPart, used_collations_sql},
      {kCodePart, code_sql},
      {kClientsPart, clients_sql},
      {kExtensionTablesPart, extension_tables_sql},
      {kForeignDataPart, foreign_data_sql},
      {kFunctionSettingsPart, function_settings_sql},
      {kLibrariesPart, libraries_sql},
      {kLockNeedsPart, lock_needs_sql},
      {kPublicSchemaPart, public_schema_sql},
      {kReplicationPart, replication_sql},
      {kTransactionsPart, open_transactions_sql},
      {kUnfinishedPart, unfinished_sql},
      {kUsedTablespacesPart, used_tablespaces_sql},
  };
  return parts;
}

const std::vector<Part>& server_parts() {
  static const std::vector<Part> parts{
      {kAccessRulesPart, access_rules_sql},
      {kToastCompressionPart, toast_compression_sql},
      {kBuiltinsPart, builtins_sql},
      {kCarePart, care_sql},
      {kCertificatePart, certificate_sql},
      {kExtensionTraitsPart, extension_traits_sql},
      {kLockRoomPart, lock_room_sql},
      {kScheduledJobsPart, scheduled_jobs_sql},
      {kSettingCatalogPart, setting_catalog_sql},
      {kTablespacesPart, tablespaces_sql},
  };
  return parts;
}

const std::vector<Inquiry>& database_inquiries() {
  static const std::vector<Inquiry> inquiries{
      {kAuthenticationPart, read_authentication},
      {kCollationOrderPart, read_collation_order},
      {kImageClientsPart, read_image_clients},
      {kTrialPart, read_trial},
      {kIndexEntriesInquiry, read_index_entries},
      {kBrokenConstraintsInquiry, read_broken_constraints},
      {kEvaluatedExpressionsInquiry, read_evaluated_expressions},
      {kExtractIndexesInquiry, read_extract_indexes},
      {kLoadOrderInquiry, read_load_order},
      {kRemovedCodeInquiry, read_removed_code},
      {kSystemObjectsInquiry, read_system_objects},
      {kApplicationHostPart, read_application_host},
      {kCertificateAcceptancePart, read_certificate_acceptance},
      {kForeignPlacesPart, read_foreign_places},
      {kObservedClientsPart, read_observed_clients},
      {kRefusedSettingsPart, read_refused_settings},
      {kTargetLibrariesPart, read_target_libraries},
  };
  return inquiries;
}

}  // namespace pgconvoy

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
#include "engine/facts/changed_functions.hpp"
#include "engine/facts/connection_room.hpp"
#include "engine/facts/extension_traits.hpp"
#include "engine/facts/extension_uses.hpp"
#include "engine/facts/libraries.hpp"
#include "engine/facts/lock_needs.hpp"
#include "engine/facts/lost_rights.hpp"
#include "engine/facts/foreign_data.hpp"
#include "engine/facts/own_routines.hpp"
#include "engine/facts/public_schema.hpp"
#include "engine/facts/replication.hpp"
#include "engine/facts/settings.hpp"
#include "engine/facts/stored_names.hpp"
#include "engine/facts/tablespaces.hpp"
#include "engine/facts/unfinished.hpp"
#include "engine/facts/wal_room.hpp"

namespace pgconvoy {
namespace {

// An answer of a server that is not of the form that was meant is one inquiry without facts, not the end of a check.
template <Task<Result<json>> (*read)(const InquiryContext&)>
Task<Result<json>> or_unreadable(const InquiryContext& context) {
  std::string mistake;
  try {
    co_return co_await read(context);
  } catch (const json::exception& failure) {
    mistake = failure.what();
  }
  co_return Error(ErrorKind::corrupt, "the answer can't be read: " + mistake);
}

}  // namespace

const std::vector<Part>& database_parts() {
  static const std::vector<Part> parts{
      {kClientSessionsPart, client_sessions_sql},
      {kOperatorsPart, operators_sql},
      {kUsedCollationsPart, used_collations_sql},
      {kCodePart, code_sql},
      {kClientsPart, clients_sql},
      {kExtensionTablesPart, extension_tables_sql},
      {kExtensionUsesPart, extension_uses_sql},
      {kForeignDataPart, foreign_data_sql},
      {kFunctionSettingsPart, function_settings_sql},
      {kLibrariesPart, libraries_sql},
      {kLockNeedsPart, lock_needs_sql},
      {kLostRightsPart, lost_rights_sql},
      {kMutableExpressionsPart, mutable_expressions_sql},
      {kNameColumnsPart, name_columns_sql},
      {kOwnRoutinesPart, own_routines_sql},
      {kPublicSchemaPart, public_schema_sql},
      {kReplicationPart, replication_sql},
      {kSessionChecksPart, session_checks_sql},
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
      {kConnectionRoomPart, connection_room_sql},
      {kExtensionTraitsPart, extension_traits_sql},
      {kLockRoomPart, lock_room_sql},
      {kScheduledJobsPart, scheduled_jobs_sql},
      {kSettingCatalogPart, setting_catalog_sql},
      {kTablespacesPart, tablespaces_sql},
      {kWalRoomPart, wal_room_sql},
  };
  return parts;
}

const std::vector<Inquiry>& database_inquiries() {
  static const std::vector<Inquiry> inquiries{
      {kAuthenticationPart, or_unreadable<read_authentication>},
      {kCollationOrderPart, or_unreadable<read_collation_order>},
      {kImageClientsPart, or_unreadable<read_image_clients>},
      {kTrialPart, or_unreadable<read_trial>},
      {kIndexEntriesInquiry, or_unreadable<read_index_entries>},
      {kBrokenConstraintsInquiry, or_unreadable<read_broken_constraints>},
      {kEvaluatedExpressionsInquiry, or_unreadable<read_evaluated_expressions>},
      {kExtractIndexesInquiry, or_unreadable<read_extract_indexes>},
      {kLoadOrderInquiry, or_unreadable<read_load_order>},
      {kRemovedCodeInquiry, or_unreadable<read_removed_code>},
      {kStoredNamesInquiry, or_unreadable<read_stored_names>},
      {kSystemObjectsInquiry, or_unreadable<read_system_objects>},
      {kApplicationHostPart, or_unreadable<read_application_host>},
      {kCertificateAcceptancePart, or_unreadable<read_certificate_acceptance>},
      {kForeignPlacesPart, or_unreadable<read_foreign_places>},
      {kObservedClientsPart, or_unreadable<read_observed_clients>},
      {kRefusedSettingsPart, or_unreadable<read_refused_settings>},
      {kTargetLibrariesPart, or_unreadable<read_target_libraries>},
  };
  return inquiries;
}

}  // namespace pgconvoy

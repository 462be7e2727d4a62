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

namespace {

constexpr const char* kNoneOfThese = "[]";
// The function, not the view over it, which is several times as much to plan.
constexpr const char* kOtherSessions =
    "exists (select from pg_stat_get_activity(null) where datid = (select oid from pg_database where datname = current_database()) and pid <> pg_backend_pid())";
constexpr const char* kOwnOperators = "exists (select from pg_operator where oid >= 16384)";
constexpr const char* kOwnExtensions = "exists (select from pg_extension where oid >= 16384)";
// What an extension's library is used by may stand beside any extension, plpgsql too.
constexpr const char* kExtensionsInUse =
    "exists (select from pg_extension where extname <> 'plpgsql') or exists (select from pg_proc where oid >= 16384 and prolang in (12, 13))";
// Whoever owns both ends of a foreign key, and never had rights taken away, has them.
constexpr const char* kRightsToLose =
    "exists (select from pg_class where oid >= 16384 and relkind in ('m', 'p')) or exists (select from pg_constraint k join pg_class c on c.oid = k.conrelid"
    " join pg_class r on r.oid = k.confrelid where k.contype = 'f' and (c.relowner <> r.relowner or r.relacl is not null))";
constexpr const char* kForeignServers = "exists (select from pg_foreign_server)";
constexpr const char* kOwnSettings = "exists (select from pg_proc where oid >= 16384 and proconfig is not null)";
// Languages 12 and 13 are internal and C, whatever the version.
constexpr const char* kOwnLibraries =
    "exists (select from pg_proc where oid >= 16384 and prolang in (12, 13)) or exists (select from pg_language where oid >= 16384)"
    " or exists (select from pg_replication_slots where slot_type = 'logical' and database = current_database())";
constexpr const char* kReplicated =
    "exists (select from pg_publication) or exists (select from pg_class where relpersistence = 'u')"
    " or exists (select from pg_subscription where subdbid = (select oid from pg_database where datname = current_database()))";
constexpr const char* kUnfinished = "exists (select from pg_index where not indisvalid) or exists (select from pg_constraint where not convalidated)";
constexpr const char* kPlaced = "exists (select from pg_class where oid >= 16384 and reltablespace <> 0)";

}  // namespace

const std::vector<Part>& database_parts() {
  static const std::vector<Part> parts{
      {kClientSessionsPart, client_sessions_sql, kOtherSessions, kNoneOfThese},
      {kOperatorsPart, operators_sql, kOwnOperators, kNoneOfThese},
      {kUsedCollationsPart, used_collations_sql},
      {kCodePart, code_sql, nullptr, nullptr, false, code_rest_sql},
      {kClientsPart, clients_sql, kOtherSessions, kNoneOfThese},
      {kExtensionTablesPart, extension_tables_sql, kOwnExtensions, kNoneOfThese},
      {kForeignDataPart, foreign_data_sql, kForeignServers, R"({"servers": [], "files": []})"},
      {kFunctionSettingsPart, function_settings_sql, kOwnSettings, kNoneOfThese},
      {kLibrariesPart, libraries_sql, kOwnLibraries, R"({"functions": [], "more": 0, "languages": [], "plugins": []})"},
      {kExtensionUsesPart, extension_uses_sql, kExtensionsInUse, kNoneOfThese},
      {kLockNeedsPart, lock_needs_sql},
      {kLostRightsPart, lost_rights_sql, kRightsToLose, kNoneOfThese},
      {kMutableExpressionsPart, mutable_expressions_sql},
      {kNameColumnsPart, name_columns_sql},
      {kOwnRoutinesPart, own_routines_sql},
      {kPublicSchemaPart, public_schema_sql},
      {kReplicationPart, replication_sql, kReplicated,
       R"({"publications": [], "disabled_subscriptions": [], "unlogged": [], "unlogged_count": 0})"},
      {kTransactionsPart, open_transactions_sql, kOtherSessions, kNoneOfThese},
      {kUnfinishedPart, unfinished_sql, kUnfinished, R"({"invalid_indexes": [], "invalid_count": 0, "not_valid": [], "not_valid_count": 0})"},
      {kUsedTablespacesPart, used_tablespaces_sql, kPlaced, kNoneOfThese},
      {kSessionChecksPart, session_checks_sql},
  };
  return parts;
}

const std::vector<Part>& server_parts() {
  static const std::vector<Part> parts{
      {kAccessRulesPart, access_rules_sql},
      {kToastCompressionPart, toast_compression_sql},
      {kBuiltinsPart, builtins_sql, nullptr, nullptr, true},
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
      {kIndexEntriesInquiry, or_unreadable<read_index_entries>, true},
      {kBrokenConstraintsInquiry, or_unreadable<read_broken_constraints>, true},
      {kEvaluatedExpressionsInquiry, or_unreadable<read_evaluated_expressions>, true},
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

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

namespace {

constexpr const char* kNoneOfThese = "[]";
constexpr const char* kOtherSessions = "exists (select from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid())";
constexpr const char* kOwnOperators = "exists (select from pg_operator where oid >= 16384)";
constexpr const char* kOwnExtensions = "exists (select from pg_extension where oid >= 16384)";
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
      {kCodePart, code_sql},
      {kClientsPart, clients_sql, kOtherSessions, kNoneOfThese},
      {kExtensionTablesPart, extension_tables_sql, kOwnExtensions, kNoneOfThese},
      {kForeignDataPart, foreign_data_sql, kForeignServers, R"({"servers": [], "files": []})"},
      {kFunctionSettingsPart, function_settings_sql, kOwnSettings, kNoneOfThese},
      {kLibrariesPart, libraries_sql, kOwnLibraries, R"({"functions": [], "more": 0, "languages": [], "plugins": []})"},
      {kLockNeedsPart, lock_needs_sql},
      {kPublicSchemaPart, public_schema_sql},
      {kReplicationPart, replication_sql, kReplicated,
       R"({"publications": [], "disabled_subscriptions": [], "unlogged": [], "unlogged_count": 0})"},
      {kTransactionsPart, open_transactions_sql, kOtherSessions, kNoneOfThese},
      {kUnfinishedPart, unfinished_sql, kUnfinished, R"({"invalid_indexes": [], "invalid_count": 0, "not_valid": [], "not_valid_count": 0})"},
      {kUsedTablespacesPart, used_tablespaces_sql, kPlaced, kNoneOfThese},
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

#include "conditions/registry.hpp"

#include "conditions/administrator_may_restore.hpp"
#include "conditions/application_healthy_now.hpp"
#include "conditions/application_startable.hpp"
#include "conditions/bindings_lead_to_source.hpp"
#include "conditions/certificates_accepted.hpp"
#include "conditions/checks_ask_no_session.hpp"
#include "conditions/client_speaks_target_authentication.hpp"
#include "conditions/collations_sort_alike.hpp"
#include "conditions/connections_fit.hpp"
#include "conditions/disk_space.hpp"
#include "conditions/downtime_within_budget.hpp"
#include "conditions/dumper_can_read_everything.hpp"
#include "conditions/encoding_and_locale_available.hpp"
#include "conditions/expressions_stand_alone.hpp"
#include "conditions/expressions_stay_immutable.hpp"
#include "conditions/extensions_available.hpp"
#include "conditions/extensions_keep_members.hpp"
#include "conditions/foreign_data_reachable.hpp"
#include "conditions/has_service_instance.hpp"
#include "conditions/indexes_and_constraints_valid.hpp"
#include "conditions/indexes_rebuildable.hpp"
#include "conditions/large_objects_fit_locks.hpp"
#include "conditions/libraries_available.hpp"
#include "conditions/no_hidden_load_order.hpp"
#include "conditions/no_incompatible_polymorphics.hpp"
#include "conditions/no_indexes_on_extract.hpp"
#include "conditions/no_objects_in_system_schemas.hpp"
#include "conditions/no_postfix_operators.hpp"
#include "conditions/no_prepared_transactions.hpp"
#include "conditions/no_removed_builtins.hpp"
#include "conditions/no_long_transactions.hpp"
#include "conditions/no_shadowed_names.hpp"
#include "conditions/no_system_row_types.hpp"
#include "conditions/no_user_defined_conversions.hpp"
#include "conditions/other_clients_seen.hpp"
#include "conditions/owners_keep_rights.hpp"
#include "conditions/public_schema_privileges.hpp"
#include "conditions/replication_accounted_for.hpp"
#include "conditions/roles_restorable.hpp"
#include "conditions/routines_work_on_target.hpp"
#include "conditions/rows_keep_their_constraints.hpp"
#include "conditions/server_configuration_fits.hpp"
#include "conditions/servers_reachable.hpp"
#include "conditions/settings_known.hpp"
#include "conditions/source_database_ready.hpp"
#include "conditions/stored_names_resolve.hpp"
#include "conditions/tablespaces_available.hpp"
#include "conditions/target_database_absent.hpp"
#include "conditions/target_is_backed_up.hpp"
#include "conditions/trial_restore.hpp"
#include "conditions/variables_follow.hpp"
#include "conditions/views_keep_columns.hpp"
#include "conditions/wal_fits.hpp"

namespace pgconvoy {

void register_conditions(ConditionRegistry& registry) {
  registry.add(make_has_service_instance());
  registry.add(make_servers_reachable());
  registry.add(make_source_database_ready());
  registry.add(make_target_database_absent());
  registry.add(make_extensions_available());
  registry.add(make_extensions_keep_members());
  registry.add(make_libraries_available());
  registry.add(make_roles_restorable());
  registry.add(make_public_schema_privileges());
  registry.add(make_owners_keep_rights());
  registry.add(make_dumper_can_read_everything());
  registry.add(make_administrator_may_restore());
  registry.add(make_no_postfix_operators());
  registry.add(make_indexes_rebuildable());
  registry.add(make_rows_keep_their_constraints());
  registry.add(make_stored_names_resolve());
  registry.add(make_checks_ask_no_session());
  registry.add(make_expressions_stand_alone());
  registry.add(make_expressions_stay_immutable());
  registry.add(make_no_incompatible_polymorphics());
  registry.add(make_no_removed_builtins());
  registry.add(make_views_keep_columns());
  registry.add(make_routines_work_on_target());
  registry.add(make_no_shadowed_names());
  registry.add(make_no_hidden_load_order());
  registry.add(make_no_indexes_on_extract());
  registry.add(make_no_objects_in_system_schemas());
  registry.add(make_no_system_row_types());
  registry.add(make_no_user_defined_conversions());
  registry.add(make_settings_known());
  registry.add(make_indexes_and_constraints_valid());
  registry.add(make_no_prepared_transactions());
  registry.add(make_no_long_transactions());
  registry.add(make_replication_accounted_for());
  registry.add(make_foreign_data_reachable());
  registry.add(make_encoding_and_locale_available());
  registry.add(make_tablespaces_available());
  registry.add(make_server_configuration_fits());
  registry.add(make_connections_fit());
  registry.add(make_wal_fits());
  registry.add(make_downtime_within_budget());
  registry.add(make_target_is_backed_up());
  registry.add(make_certificates_accepted());
  registry.add(make_disk_space());
  registry.add(make_large_objects_fit_locks());
  registry.add(make_bindings_lead_to_source());
  registry.add(make_collations_sort_alike());
  registry.add(make_client_speaks_target_authentication());
  registry.add(make_other_clients_seen());
  registry.add(make_variables_follow());
  registry.add(make_application_startable());
  registry.add(make_application_healthy_now());
  registry.add(make_trial_restore());
}

}  // namespace pgconvoy

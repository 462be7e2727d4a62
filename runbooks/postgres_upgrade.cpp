#include "runbooks/postgres_upgrade.hpp"

#include "runbooks/builder.hpp"

namespace pgconvoy {
namespace {

using namespace vocabulary;

// One node a line, as one reads it aloud.
// clang-format off
Runbook upgrade(RunbookBuilder runbook, const std::string& from, const std::string& target) {
  return std::move(runbook)
      .parameter("retention", Parameter::Type::duration, "7d",
                 "How long the old database is kept, fenced, after the move; 0 drops it at once")
      .parameter("drain_timeout", Parameter::Type::duration, "10s",
                 "How long open transactions of the old database may go on before they are ended")
      .parameter("max_pause", Parameter::Type::duration, 0,
                 "A target that is paused for longer is undone; 0 means the downtime budget of its environment")
      .parameter("adopt_empty_database", Parameter::Type::boolean, false,
                 "Take an empty database that was made beforehand on the target server under the same name")
      .parameter("authentication", Parameter::Type::text, "block",
                 "How roles keep their passwords: block (SCRAM; clients that can't speak it block), md5 (md5 stays md5, for old clients), "
                 "carry (every verifier as it is stored)")
      .parameter("backup", Parameter::Type::text, "before-pivot",
                 "When the backup of a target that goes by short-pause is complete: before-pivot, or after-pivot while its application "
                 "already runs on the new database")
      .parameter("verify", Parameter::Type::text, "auto",
                 "How contents are compared: before (all of them before the application is let in), snapshot (rows are counted before, contents "
                 "compared after the pivot), counts (rows are counted), auto (before, unless only another one fits the downtime budget)")
      .parameter("restore_memory", Parameter::Type::text, "auto",
                 "Memory for building indexes on each target server, divided among the sessions that do so at a time: 2GB, or auto (half of "
                 "its shared_buffers, and for no session less than the server's own)")
      .precondition(
          has_service_instance(service(from), state("provisioned")),
          servers_reachable(),
          source_database_ready(),
          target_database_absent(adopt_empty(given("adopt_empty_database"))),
          extensions_available(),
          extensions_keep_members(),
          libraries_available(),
          roles_restorable(authentication(given("authentication"))),
          public_schema_privileges(),
          owners_keep_rights(),
          dumper_can_read_everything(),
          administrator_may_restore(),
          no_prepared_transactions(),
          no_long_transactions(),
          replication_accounted_for(),
          foreign_data_reachable(),
          no_postfix_operators(),
          indexes_rebuildable(),
          rows_keep_their_constraints(),
          stored_names_resolve(),
          checks_ask_no_session(),
          expressions_stand_alone(),
          expressions_stay_immutable(),
          no_incompatible_polymorphics(),
          no_removed_builtins(),
          views_keep_columns(),
          routines_work_on_target(),
          no_shadowed_names(),
          no_hidden_load_order(),
          no_indexes_on_extract(),
          no_objects_in_system_schemas(),
          no_system_row_types(),
          no_user_defined_conversions(),
          settings_known(),
          indexes_and_constraints_valid(),
          encoding_and_locale_available(),
          collations_sort_alike(),
          tablespaces_available(),
          server_configuration_fits(),
          connections_fit(),
          wal_fits(),
          target_is_backed_up(),
          certificates_accepted(),
          disk_space(),
          large_objects_fit_locks(),
          bindings_lead_to_source(),
          client_speaks_target_authentication(authentication(given("authentication"))),
          other_clients_seen(),
          variables_follow(),
          application_startable(),
          application_healthy_now(),
          downtime_within_budget())
      .operations(
          collect_service_instances(service(from), state("provisioned")),
          reprovision_collected_instances(to(target), copy_runtime_options(true), adopt_empty(given("adopt_empty_database")),
                                          authentication(given("authentication"))),
          prepare_reprovisioned_services(),
          with_maintenance_page(pause(true), drain_timeout(given("drain_timeout")), max_pause(given("max_pause")), backup(given("backup")),
                                verify(given("verify")))(
              backup_collected_services(),
              restore_backup_to_reprovisioned_services(restore_memory(given("restore_memory"))),
              transfer_to_prepared_services(backup(given("backup")), restore_memory(given("restore_memory")), verify(given("verify"))),
              analyze_restored_services(),
              verify_restored_services(content(true), verify(given("verify"))),
              enable_reprovisioned_services(),
              redeploy()),
          deprovision_collected_instances(retention(given("retention"))));
}
// clang-format on

}  // namespace

Runbook postgres_upgrade() {
  return upgrade(runbook("postgres-upgrade", "Moves databases from one PostgreSQL service to another")
                     .parameter("from", Parameter::Type::text, "The service to leave, such as postgresql-database-13")
                     .parameter("to", Parameter::Type::text, "The service to move to, such as postgresql-database-15"),
                 given("from"), given("to"));
}

Runbook postgres_13_to_15() {
  return upgrade(runbook("postgres-13-to-15", "Moves databases from PostgreSQL 13 to PostgreSQL 15"),
                 "postgresql-database-13", "postgresql-database-15");
}

}  // namespace pgconvoy

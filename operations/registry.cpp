#include "operations/registry.hpp"

#include "engine/plan/verification.hpp"
#include "engine/run/rehearsal.hpp"
#include "operations/analyze_restored_services.hpp"
#include "operations/back_up_after_pivot.hpp"
#include "operations/backup_collected_services.hpp"
#include "operations/backup_time.hpp"
#include "operations/close_source.hpp"
#include "operations/collect_service_instances.hpp"
#include "operations/deprovision_collected_instances.hpp"
#include "operations/enable_reprovisioned_services.hpp"
#include "operations/fence_source.hpp"
#include "operations/hold_snapshot.hpp"
#include "operations/page_off.hpp"
#include "operations/page_on.hpp"
#include "operations/pause_poolers.hpp"
#include "operations/record_source.hpp"
#include "operations/rebuild_collated_indexes.hpp"
#include "operations/redeploy.hpp"
#include "operations/refresh_collation_versions.hpp"
#include "operations/remove_rehearsal.hpp"
#include "operations/reprovision_collected_instances.hpp"
#include "operations/prepare_reprovisioned_services.hpp"
#include "operations/restore_backup_to_reprovisioned_services.hpp"
#include "operations/run_site_program.hpp"
#include "operations/start_app.hpp"
#include "operations/stop_app.hpp"
#include "operations/transfer_to_prepared_services.hpp"
#include "operations/update_extensions.hpp"
#include "operations/verify_after_pivot.hpp"
#include "operations/verify_rehearsal.hpp"
#include "operations/verify_restored_services.hpp"

namespace pgconvoy {

void register_operations(OperationRegistry& registry) {
  registry.add(make_collect_service_instances());
  registry.add(make_reprovision_collected_instances());
  registry.add(make_page_on());
  registry.add(make_stop_app());
  registry.add(make_pause_poolers());
  registry.add(make_fence_source());
  registry.add(make_backup_collected_services());
  registry.add(make_restore_backup_to_reprovisioned_services());
  registry.add(make_prepare_reprovisioned_services());
  registry.add(make_transfer_to_prepared_services());
  registry.add(make_verify_after_pivot());
  registry.add(make_back_up_after_pivot());
  registry.add(make_analyze_restored_services());
  registry.add(make_verify_restored_services());
  registry.add(make_enable_reprovisioned_services());
  registry.add(make_redeploy());
  registry.add(make_page_off());
  registry.add(make_close_source());
  registry.add(make_deprovision_collected_instances());
  registry.add(make_hold_snapshot());
  registry.add(make_record_source());
  registry.add(make_verify_rehearsal());
  registry.add(make_remove_rehearsal());
  registry.add(make_start_app());
  registry.add(make_run_site_program());
  registry.add(make_update_extensions());
  registry.add(make_rebuild_collated_indexes());
  registry.add(make_refresh_collation_versions());

  Bracket page;
  page.name = "with_maintenance_page";
  page.summary = "Page on, app stopped, poolers paused, old database fenced; afterwards page off and the old database closed.";
  page.parameters = {
      {"pause", Parameter::Type::boolean, true, "Stop the application and pause its poolers, not only show the page."},
      {"drain_timeout", Parameter::Type::duration, 10, "How long open transactions may go on before they are ended."},
      {"max_pause", Parameter::Type::duration, 0,
       "Longest pause: past it and before the pivot the target is undone; 0 takes the environment's downtime budget."},
      backup_time_parameter(), verification_parameter()};
  page.opening = {"page_on", "stop_app", "pause_poolers", "fence_source"};
  page.closing = {"page_off", kLateVerification, "back_up_after_pivot", "close_source"};
  registry.add(page);

  Bracket stopped;
  stopped.name = "with_application_stopped";
  stopped.summary = "Page on, app stopped; afterwards it is started, seen healthy, and the page goes off. Its database stays open where it is.";
  stopped.parameters = {
      {"max_pause", Parameter::Type::duration, 0, "Longest pause: past it the target is undone; 0 takes the environment's downtime budget."},
      {"health_timeout", Parameter::Type::duration, 60, "How long the application may take until it is healthy."}};
  stopped.opening = {"page_on", "stop_app"};
  stopped.closing = {"start_app", "page_off"};
  registry.add(stopped);

  Bracket rehearsal;
  rehearsal.name = kRehearsalBracket;
  rehearsal.summary = "A moment of the live source is held; afterwards scratch database, roles and backup are removed. Nothing is paused or fenced.";
  rehearsal.parameters = {{"keep_backup", Parameter::Type::boolean, false, "The backup stays, as that of a move does."}};
  rehearsal.opening = {"hold_snapshot"};
  rehearsal.closing = {"remove_rehearsal"};
  registry.add(rehearsal);
}

}  // namespace pgconvoy

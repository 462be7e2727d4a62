// The words that runbooks are written with in C++. A function named after a condition or an operation makes its
// node, a function named after a parameter its argument; brackets take the operations that they hold in a second
// pair of parentheses:
//
//   runbook("postgres-13-to-15", "Moves ...")
//       .precondition(has_service_instance(service("postgresql-database-13")))
//       .operations(collect_service_instances(service("postgresql-database-13")),
//                   with_maintenance_page(pause(true))(backup_collected_services(), redeploy()))
//
// Nothing is checked here: validate() does, for runbooks from every source.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "engine/run/runbook.hpp"

namespace pgconvoy::vocabulary {

struct Argument {
  std::string name;
  json value;
};

// The value of one of the runbook's own parameters.
inline std::string given(const std::string& parameter) { return "${" + parameter + "}"; }

inline Argument service(std::string name) { return {"service", std::move(name)}; }
inline Argument state(std::string name) { return {"state", std::move(name)}; }
inline Argument to(std::string service) { return {"to", std::move(service)}; }
inline Argument copy_runtime_options(bool copy) { return {"copy_runtime_options", copy}; }
inline Argument adopt_empty(std::string adopt) { return {"adopt_empty", std::move(adopt)}; }
inline Argument authentication(std::string policy) { return {"authentication", std::move(policy)}; }
inline Argument pause(bool stop_the_app) { return {"pause", stop_the_app}; }
inline Argument drain_timeout(std::string duration) { return {"drain_timeout", std::move(duration)}; }
inline Argument max_pause(std::string duration) { return {"max_pause", std::move(duration)}; }
inline Argument backup(std::string time) { return {"backup", std::move(time)}; }
inline Argument verify(std::string mode) { return {"verify", std::move(mode)}; }
inline Argument restore_memory(std::string amount) { return {"restore_memory", std::move(amount)}; }
inline Argument jobs(int count) { return {"jobs", count}; }
inline Argument content(bool compare) { return {"content", compare}; }
inline Argument health_timeout(std::string duration) { return {"health_timeout", std::move(duration)}; }
inline Argument retention(std::string duration) { return {"retention", std::move(duration)}; }

inline RunbookNode node(std::string name, std::vector<Argument> arguments) {
  RunbookNode result;
  result.name = std::move(name);
  for (Argument& argument : arguments) result.arguments[argument.name] = std::move(argument.value);
  return result;
}

// A bracket that still waits for what it holds.
class BracketNode {
 public:
  explicit BracketNode(RunbookNode node) : node_(std::move(node)) {}

  template <class... Nodes>
  RunbookNode operator()(Nodes... children) && {
    (node_.children.push_back(std::move(children)), ...);
    return std::move(node_);
  }

 private:
  RunbookNode node_;
};

// Conditions.
template <class... Arguments>
RunbookNode has_service_instance(Arguments... arguments) {
  return node("has_service_instance", {std::move(arguments)...});
}
inline RunbookNode servers_reachable() { return node("servers_reachable", {}); }
inline RunbookNode source_database_ready() { return node("source_database_ready", {}); }
template <class... Arguments>
RunbookNode target_database_absent(Arguments... arguments) {
  return node("target_database_absent", {std::move(arguments)...});
}
inline RunbookNode extensions_available() { return node("extensions_available", {}); }
template <class... Arguments>
RunbookNode roles_restorable(Arguments... arguments) {
  return node("roles_restorable", {std::move(arguments)...});
}
inline RunbookNode extensions_keep_members() { return node("extensions_keep_members", {}); }
inline RunbookNode libraries_available() { return node("libraries_available", {}); }
inline RunbookNode public_schema_privileges() { return node("public_schema_privileges", {}); }
inline RunbookNode owners_keep_rights() { return node("owners_keep_rights", {}); }
inline RunbookNode dumper_can_read_everything() { return node("dumper_can_read_everything", {}); }
inline RunbookNode administrator_may_restore() { return node("administrator_may_restore", {}); }
inline RunbookNode no_postfix_operators() { return node("no_postfix_operators", {}); }
template <class... Arguments>
RunbookNode indexes_rebuildable(Arguments... arguments) {
  return node("indexes_rebuildable", {std::move(arguments)...});
}
template <class... Arguments>
RunbookNode rows_keep_their_constraints(Arguments... arguments) {
  return node("rows_keep_their_constraints", {std::move(arguments)...});
}
template <class... Arguments>
RunbookNode stored_names_resolve(Arguments... arguments) {
  return node("stored_names_resolve", {std::move(arguments)...});
}
template <class... Arguments>
RunbookNode expressions_stand_alone(Arguments... arguments) {
  return node("expressions_stand_alone", {std::move(arguments)...});
}
inline RunbookNode checks_ask_no_session() { return node("checks_ask_no_session", {}); }
inline RunbookNode expressions_stay_immutable() { return node("expressions_stay_immutable", {}); }
inline RunbookNode no_incompatible_polymorphics() { return node("no_incompatible_polymorphics", {}); }
inline RunbookNode no_removed_builtins() { return node("no_removed_builtins", {}); }
inline RunbookNode views_keep_columns() { return node("views_keep_columns", {}); }
inline RunbookNode routines_work_on_target() { return node("routines_work_on_target", {}); }
inline RunbookNode no_shadowed_names() { return node("no_shadowed_names", {}); }
inline RunbookNode no_hidden_load_order() { return node("no_hidden_load_order", {}); }
inline RunbookNode no_indexes_on_extract() { return node("no_indexes_on_extract", {}); }
inline RunbookNode no_objects_in_system_schemas() { return node("no_objects_in_system_schemas", {}); }
inline RunbookNode no_system_row_types() { return node("no_system_row_types", {}); }
inline RunbookNode no_user_defined_conversions() { return node("no_user_defined_conversions", {}); }
inline RunbookNode settings_known() { return node("settings_known", {}); }
inline RunbookNode indexes_and_constraints_valid() { return node("indexes_and_constraints_valid", {}); }
inline RunbookNode no_prepared_transactions() { return node("no_prepared_transactions", {}); }
inline RunbookNode no_long_transactions() { return node("no_long_transactions", {}); }
inline RunbookNode replication_accounted_for() { return node("replication_accounted_for", {}); }
inline RunbookNode foreign_data_reachable() { return node("foreign_data_reachable", {}); }
inline RunbookNode encoding_and_locale_available() { return node("encoding_and_locale_available", {}); }
inline RunbookNode collations_sort_alike() { return node("collations_sort_alike", {}); }
inline RunbookNode tablespaces_available() { return node("tablespaces_available", {}); }
inline RunbookNode server_configuration_fits() { return node("server_configuration_fits", {}); }
inline RunbookNode connections_fit() { return node("connections_fit", {}); }
inline RunbookNode wal_fits() { return node("wal_fits", {}); }
inline RunbookNode downtime_within_budget() { return node("downtime_within_budget", {}); }
inline RunbookNode target_is_backed_up() { return node("target_is_backed_up", {}); }
inline RunbookNode certificates_accepted() { return node("certificates_accepted", {}); }
inline RunbookNode disk_space() { return node("disk_space", {}); }
inline RunbookNode large_objects_fit_locks() { return node("large_objects_fit_locks", {}); }
inline RunbookNode bindings_lead_to_source() { return node("bindings_lead_to_source", {}); }
template <class... Arguments>
RunbookNode client_speaks_target_authentication(Arguments... arguments) {
  return node("client_speaks_target_authentication", {std::move(arguments)...});
}
inline RunbookNode other_clients_seen() { return node("other_clients_seen", {}); }
inline RunbookNode variables_follow() { return node("variables_follow", {}); }
inline RunbookNode application_startable() { return node("application_startable", {}); }
inline RunbookNode application_healthy_now() { return node("application_healthy_now", {}); }

// Operations.
template <class... Arguments>
RunbookNode collect_service_instances(Arguments... arguments) {
  return node("collect_service_instances", {std::move(arguments)...});
}
template <class... Arguments>
RunbookNode reprovision_collected_instances(Arguments... arguments) {
  return node("reprovision_collected_instances", {std::move(arguments)...});
}
template <class... Arguments>
BracketNode with_maintenance_page(Arguments... arguments) {
  return BracketNode(node("with_maintenance_page", {std::move(arguments)...}));
}
inline RunbookNode backup_collected_services() { return node("backup_collected_services", {}); }
template <class... Arguments>
RunbookNode restore_backup_to_reprovisioned_services(Arguments... arguments) {
  return node("restore_backup_to_reprovisioned_services", {std::move(arguments)...});
}
inline RunbookNode prepare_reprovisioned_services() { return node("prepare_reprovisioned_services", {}); }
template <class... Arguments>
RunbookNode transfer_to_prepared_services(Arguments... arguments) {
  return node("transfer_to_prepared_services", {std::move(arguments)...});
}
inline RunbookNode analyze_restored_services() { return node("analyze_restored_services", {}); }
template <class... Arguments>
RunbookNode verify_restored_services(Arguments... arguments) {
  return node("verify_restored_services", {std::move(arguments)...});
}
inline RunbookNode enable_reprovisioned_services() { return node("enable_reprovisioned_services", {}); }
template <class... Arguments>
RunbookNode redeploy(Arguments... arguments) {
  return node("redeploy", {std::move(arguments)...});
}
template <class... Arguments>
RunbookNode deprovision_collected_instances(Arguments... arguments) {
  return node("deprovision_collected_instances", {std::move(arguments)...});
}

// A runbook in the making; it is a Runbook as it stands.
class RunbookBuilder {
 public:
  RunbookBuilder(std::string name, std::string summary) {
    runbook_.name = std::move(name);
    runbook_.summary = std::move(summary);
  }

  // A parameter that must be given.
  RunbookBuilder&& parameter(std::string name, Parameter::Type type, std::string summary) && {
    return std::move(*this).parameter(std::move(name), type, nullptr, std::move(summary));
  }
  RunbookBuilder&& parameter(std::string name, Parameter::Type type, json fallback, std::string summary) && {
    runbook_.parameters.push_back({std::move(name), type, std::move(fallback), std::move(summary)});
    return std::move(*this);
  }
  template <class... Nodes>
  RunbookBuilder&& precondition(Nodes... nodes) && {
    (runbook_.preconditions.push_back(std::move(nodes)), ...);
    return std::move(*this);
  }
  template <class... Nodes>
  RunbookBuilder&& operations(Nodes... nodes) && {
    (runbook_.operations.push_back(std::move(nodes)), ...);
    return std::move(*this);
  }
  operator Runbook() && { return std::move(runbook_); }

 private:
  Runbook runbook_;
};

inline RunbookBuilder runbook(std::string name, std::string summary) { return {std::move(name), std::move(summary)}; }

}  // namespace pgconvoy::vocabulary

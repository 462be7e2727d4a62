// Splits the table of contents of a dump (pg_restore --list) into passes, so that nothing that evaluates a tenant's
// code runs with more rights than the tenant has. Pure.
//
// COPY evaluates CHECK constraints, domains and generated columns; index builds and constraints evaluate
// expressions; attaching a partition may fold them. All of these go into passes of a session that logged in as a
// tenant. The rest only defines things.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

namespace pgconvoy {

enum class Pass {
  schemas,           // an administrator without superuser: before all else, see restore_backup_to_reprovisioned_services
  define,            // administrator: everything up to empty tables, sequence values and large objects
  define_as_tenant,  // tenant, in between: tables whose partition keys or generated columns call functions of the database
  administrator,     // administrator: data and indexes of what a superuser owns
  attach,            // tenant: partitions attached; parent and child may belong to two owners
  load,              // tenant: data, indexes, constraints
  attach_indexes,    // tenant: indexes of partitions attached
  privileges,        // administrator: an owner may lack rights on its own tables from here on, and have them on others'
  link,              // tenant: foreign keys, which need the privileges on what they refer to
  finish,            // administrator: foreign keys of superusers, triggers, rules, policies, comments on them
  refresh,           // tenant: materialized views, after the privileges that their queries need
  refresh_superusers,  // administrator, in between: they may read each other; before event triggers, which a refresh fires
  last,              // administrator: event triggers, publications, subscriptions
};

struct ArchiveEntry {
  std::string line;   // as pg_restore printed it, to be given back with --use-list
  std::string type;   // "TABLE DATA"
  std::string owner;  // "" when there is none
  Pass pass = Pass::define;
};

// `roles`: every role that may own something in the dump; `superusers`: those of them (or of the target server)
// that are superusers. The owner is the longest known role name that ends the line. `evaluating`: oids, on the server
// that was dumped, of tables whose definition calls functions of the database.
std::vector<ArchiveEntry> split_archive_list(const std::string& list, const std::set<std::string>& roles,
                                             const std::set<std::string>& superusers,
                                             const std::set<std::int64_t>& evaluating = {});

// The lines of one pass in the archive's order; "" when there are none.
std::string list_of_pass(const std::vector<ArchiveEntry>& entries, Pass pass);

}  // namespace pgconvoy

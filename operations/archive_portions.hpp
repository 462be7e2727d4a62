// The entries of an archive as calls of pg_restore: each with the rights of one owner at most, in the order in which they
// are to be restored. Pure.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "engine/postgres/archive_list.hpp"

namespace pgconvoy {

// One call of pg_restore.
struct Portion {
  Pass pass;
  std::string title;
  std::set<std::string> owners;  // whose rights it runs with; empty: the administrator's
  std::string lines;
  std::set<std::string> given_to;  // who gets what is made in it
  bool alone = false;              // never one call with what follows
};

struct PortionsOf {
  std::vector<ArchiveEntry> entries;
  std::string database_owner;      // whose entries without an owner are
  std::set<std::string> parents;   // owners of partitioned tables whose partitions are another's
  bool superuser = true;           // the administrator is one
};

// A tenant's portion holds what belongs to one owner, so that none gets at another's data; where the order matters
// (definitions, materialized views) as many portions as owners change. Neighbours with the same rights are one.
std::vector<Portion> portions_of(PortionsOf what);

}  // namespace pgconvoy

// Which roles a database needs on the server it moves to. Pure: conditions judge by it what operations then make.
#pragma once

#include <string>
#include <vector>

#include "engine/facts/facts.hpp"

namespace pgconvoy {

struct NeededRole {
  std::string name;
  const RoleFact* role = nullptr;  // on the source server, in `facts`; null when there is no such role
  std::string because;             // "owner of database \"shop\"", "\"app\" is a member of it"
  bool clear_text_known = false;   // a binding or the fleet holds its password
};

// Of an instance: its role in the fleet, those its bindings log in as, the owner, what the database depends on
// (pg_shdepend), roles with settings in it; the groups that these are members of; and logins that reach the database
// as members of one of these (superusers and the administrator left out: they reach everything). A group stands before
// its members; each role once. Roles that begin with pg_ or pgconvoy_ are left out. Empty when the instance or its
// source server is not in the facts.
std::vector<NeededRole> needed_roles(const TargetFacts& facts, const std::string& instance);

}  // namespace pgconvoy

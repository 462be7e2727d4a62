// Sessions with no more rights than an owner has, in a database that is in use: temporary roles that log in, each a member of one
// owner and nothing else. Unlike tenant_login's they are granted nothing on the database, whose privileges stay as they are.
#pragma once

#include <map>
#include <string>

#include "engine/run/step_context.hpp"

namespace pgconvoy {

// For one instance on one server. Its roles carry the names of run, target and instance, so that a later process finds and drops
// them. Not for two steps of an instance at a time.
class OwnerLogins {
 public:
  OwnerLogins(StepContext& context, std::string instance, std::string server)
      : context_(context), instance_(std::move(instance)), server_(std::move(server)) {}

  // A session in the instance's database of somebody who may do what `owner` may; role and session are made when they are first asked
  // for. What belongs to a superuser is the administrator's own to work on. The session lives as long as this. REQUIRES:
  // drop_owner_logins() was called before the first, or it may meet a role of an earlier process (conflict).
  Task<Result<Session*>> session_of(std::string owner, bool is_superuser);

  // Closes the sessions and drops the roles.
  Task<Result<void>> end();

 private:
  Task<Result<ConnectionSpec>> make_login(std::string owner);

  StepContext& context_;
  std::string instance_, server_;
  std::map<std::string, SessionPtr> sessions_;  // by owner; "" is the administrator's
};

// Drops all of their roles, of earlier processes too, and ends their sessions. Tolerates that there are none.
Task<Result<void>> drop_owner_logins(StepContext& context, std::string instance, std::string server);

}  // namespace pgconvoy

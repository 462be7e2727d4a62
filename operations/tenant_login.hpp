// Sessions with no more rights than a tenant has: temporary roles that log in, each a member of one owner only.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "engine/run/step_context.hpp"

namespace pgconvoy {

// The logins for one new database, under its temporary name. Their roles are called after it, so that a later process
// finds and drops them. Not for two steps at a time.
class TenantLogins {
 public:
  TenantLogins(StepContext& context, std::string server, std::string database)
      : context_(context), server_(std::move(server)), database_(std::move(database)) {}

  // A login that is a member of these owners (usually one) and nothing else; made when first asked for. With
  // `makes_objects` it may also make tables and indexes in every schema that there is now.
  Task<Result<ConnectionSpec>> of(std::set<std::string> owners, bool makes_objects);

  // For giving an owner what was made for it: its CREATE on schemas may come only with the privileges of the archive.
  // Returns the schemas (quoted) on which it was lent, for take_back_schemas.
  Task<Result<std::vector<std::string>>> lend_schemas(std::string owner);
  Task<Result<void>> take_back_schemas(std::string owner, std::vector<std::string> schemas);

  // Takes back what they may do inside the database. To be called before event triggers exist in it: those would run
  // for what we do here, as the administrator. The roles stay.
  Task<Result<void>> release();

  // They were dropped: the next one is made anew.
  void forget() { logins_.clear(); }

 private:
  Task<Result<void>> make(std::string role, std::set<std::string> owners, Secret verifier);

  StepContext& context_;
  std::string server_, database_;
  std::map<std::set<std::string>, ConnectionSpec> logins_;
};

// Drops all of them, of earlier processes too, and ends their sessions. Tolerates that there are none, and that the
// database is gone. What one of them owns is a conflict, unless the database is to be discarded: then it goes too.
Task<Result<void>> drop_tenant_logins(StepContext& context, std::string server, std::string database,
                                      bool discards_database = false);

}  // namespace pgconvoy

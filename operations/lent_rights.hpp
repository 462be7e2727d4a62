// Rights that owners need for a moment, so that an administrator who is no superuser can give them objects: CREATE on the
// database and on the schemas that there are. Their own come with the privileges of the archive.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "engine/run/step_context.hpp"

namespace pgconvoy {

class LentRights {
 public:
  LentRights(StepContext& context, std::string server, std::string database)
      : context_(context), server_(std::move(server)), database_(std::move(database)) {}

  // Lends to each of the roles what it lacks; superusers lack nothing.
  Task<Result<void>> lend(std::set<std::string> roles);
  // Takes back exactly what was lent.
  Task<Result<void>> take_back();

 private:
  StepContext& context_;
  std::string server_, database_;
  std::vector<std::string> on_database_;  // quoted roles
  std::map<std::string, std::vector<std::string>> on_schemas_;  // quoted role -> quoted schemas
};

}  // namespace pgconvoy

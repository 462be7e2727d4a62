// Subscriptions of a database that is to be dropped: PostgreSQL refuses to drop one that has any.
#pragma once

#include <string>

#include "engine/core/task.hpp"
#include "engine/postgres/session.hpp"

namespace pgconvoy {

struct ForgetOrder {
  std::string name;
  std::int64_t oid = 0;
  std::string application_name;
};

// Drops every subscription in this database and leaves their slots alone: those belong to the publisher, and the other
// database of the pair may go on with them. A database that allows no connections allows them from then on; call it only
// right before the drop. `inside` leads to the database, as a superuser. May be repeated; a database that isn't there
// under this name and oid is left to the drop to explain.
Task<Result<void>> forget_subscriptions(SessionFactory& sessions, ConnectionSpec inside, Session& maintenance, ForgetOrder order);

}  // namespace pgconvoy

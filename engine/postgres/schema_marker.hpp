// Whether anything in a database's catalogues was written since: cheap enough for a pause.
#pragma once

#include <string>

#include "engine/core/task.hpp"
#include "engine/postgres/session.hpp"

namespace pgconvoy {

// For all catalogues but statistics, rows of large objects and states of subscriptions: how many rows there are, and a sum over
// places and writers (ctid, xmin) of those that were written since a moment, which is the marker's first part. `earlier`
// (or "") is a marker of the same database with whose moment this one is to be taken: equal then means that no
// definition, privilege or comment was written in between, since none can be without a row that is new, or one
// that is gone. Names of roles and tablespaces are part of it. Different markers say little, since a TRUNCATE or a temporary
// table writes there too: then schema_fingerprint() tells. "" when it can't be told this way (subscriptions are in
// catalogues of the whole server). As a superuser; two round trips, some 10 ms; repeatable. Sources: PostgreSQL manual, 5.5
// System Columns and 25.1.5 on xmin of frozen rows; rows change in place only in sizes, ages and whether there are
// triggers, indexes or rules.
Task<Result<std::string>> schema_marker(Session& session, std::string earlier);

}  // namespace pgconvoy

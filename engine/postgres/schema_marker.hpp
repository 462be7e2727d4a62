// Whether anything in a database's catalogues was written since: cheap enough for a pause.
#pragma once

#include <string>

#include "engine/core/task.hpp"
#include "engine/postgres/session.hpp"

namespace pgconvoy {

// A sum over the places and the writers (ctid, xmin) of all visible rows of all catalogues but statistics, rows of large
// objects and states of subscriptions, and over names of roles and tablespaces. Two equal markers of one database: no
// definition, privilege or comment was written in between. Two different ones say little, since a TRUNCATE or a
// temporary table writes there too: then schema_fingerprint() tells. "" when it can't be told this way (subscriptions
// are in catalogues of the whole server). As a superuser; one round trip, some 20 ms; repeatable. Source: PostgreSQL
// manual, 5.5 System Columns, and that catalogue rows change by new row versions only (in place: sizes, whether there
// are triggers, indexes or rules, and ages).
Task<Result<std::string>> schema_marker(Session& session);

}  // namespace pgconvoy

// How many rows tables have, counted. Nothing of a tenant's is evaluated.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "engine/core/task.hpp"
#include "engine/postgres/content.hpp"
#include "engine/postgres/session.hpp"

namespace pgconvoy {

// Those of them that hold rows to be carried, by table; "": large objects. Each session counts a share, many tables by one
// statement. A read lock is taken on each, for as long as its statement lasts. Errors are those of the sessions.
Task<Result<std::map<std::string, std::int64_t>>> count_rows(std::vector<Session*> sessions, std::vector<ContentTable> tables, bool large_objects);

// The tables with rows of their own that the session's database has.
Task<Result<std::vector<ContentTable>>> tables_with_rows(Session& session);

// Of which tables the target hasn't as many rows as the source, in words: "public.orders (12 rows there, 11 here)". What only the
// target has is the catalogues' to tell. Pure.
std::vector<std::string> different_counts(const std::map<std::string, std::int64_t>& source, const std::map<std::string, std::int64_t>& target);

// SELECTs with the columns counted_table and counted_rows, each for at most so many tables that it stays a short statement. Pure.
std::vector<std::string> row_counts_sql(const std::vector<ContentTable>& tables, bool large_objects);

}  // namespace pgconvoy

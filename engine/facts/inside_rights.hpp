// Parts of the query that gather_inside() sends: what our administrator can't read in a database, and what only a
// superuser can restore from its dump. Each is an expression whose value is a JSON array of lines for people.
#pragma once

#include <string>

namespace pgconvoy {

// "table public.a (owner x)", "sequence ...", "schema ...", "row security of table ...", "2 large objects (owner x)". Empty
// for a superuser. Sources: pg_dump reads tables, sequences and large objects under row_security = off, and looks their
// names up, for which it needs USAGE on schemas (manual: pg_dump, Notes).
std::string unreadable_sql();

// "event trigger audit", "function app.f(integer) in language c", ... REQUIRES: the CTE `owned` of gather_inside().
// Whether an extension is trusted stands in its control file since 13; with `reads_control_files` false (one of them can't
// be parsed, or an older server) PostgreSQL's own list is taken (manual: appendix F).
std::string superuser_only_sql(int version, bool reads_control_files);

// "server crm for public": pg_dump leaves out the options of a user mapping that it may not read, and says nothing.
std::string hidden_user_mappings_sql();

}  // namespace pgconvoy

// What a database's own code is made of: which of the server's own functions, operators and columns its stored
// expressions use, and the sources of its routines.
// Members of extensions are left out: the extension makes them anew.
#pragma once

#include <string>
#include <vector>

#include "engine/core/json.hpp"
#include "engine/facts/inquiry.hpp"
#include "engine/postgres/session.hpp"

namespace pgconvoy {

inline constexpr const char* kCodePart = "code";

struct RoutineFact {
  std::string name;        // "public.f(integer)"
  std::string language;    // sql, plpgsql ...
  std::string source;      // pg_proc.prosrc; never printed
  bool returns_floats = false;  // a set, with a column of double precision
  std::string evaluated_by;  // what calls it while a dump is restored: "index public.i"; "" when nothing does
};
PGCONVOY_JSON(RoutineFact);

struct CodeFacts {
  // Of the server's own, used by a stored expression: view, rule, default, constraint, index, policy, trigger condition,
  // partition key. From the parsed trees: the server notes no dependency on what it brings along (pg_depend).
  std::vector<std::string> functions, operators, columns;  // signatures, "pg_database.datname"
  bool defines_over_builtins = false;        // aggregates, operators, casts ... that may be defined over the server's own functions
  bool indexes_date_part = false;            // an index or partition key is over date_part(), which extract() is until 13
  bool has_system_objects = false;           // something that engine/facts/system_objects.hpp is about
  bool returns_system_rows = false;          // a function returns rows of a system relation
  bool evaluates_functions = false;          // a constraint, generated column or view calls a function or operator that isn't the server's
  std::vector<std::string> own_functions;    // names that the database and its extensions give to functions, where the server has them too
  std::vector<std::string> own_operators;    // names of operators, likewise, whatever the server has
  int routines = 0;                          // in a language that is text
  bool sources_read = false;                 // `sources` are all of them; else they are too long for every check
  std::vector<RoutineFact> sources;
};
PGCONVOY_JSON(CodeFacts);

// Of a session that reads nothing but the catalogue.
SessionOptions catalogue_options();

// What one statement over the source database's catalogue answers: one row with one document. Error of kind corrupt when
// it is none.
Task<Result<json>> read_catalogue_document(const InquiryContext& context, std::string sql);

// One CodeFacts: what parsed trees use, and the rest of its members.
std::string code_sql(int version);
std::string code_rest_sql(int version);

// pg_proc p of routines whose source is text and that no extension brought.
inline constexpr const char* kRoutinesFrom =
    "pg_proc p join pg_language l on l.oid = p.prolang where p.oid >= 16384 and l.lanname not in ('internal', 'c') "
    "and not exists (select from pg_depend e where e.classid = 'pg_proc'::regclass and e.objid = p.oid and e.deptype = 'e')";
// A RoutineFact of p and l.
std::string routine_sql();

// A query with a row (object, class, oid, tree) for each stored expression.
std::string expressions_sql(int version);
// What to subtract from a member of a column set in a parsed tree: columns of the system come first.
int first_column(int version);

}  // namespace pgconvoy

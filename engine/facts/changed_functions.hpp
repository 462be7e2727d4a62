// Functions that were declared anew after something was built on them, and expressions that ask about the session.
#pragma once

#include <string>
#include <vector>

#include "engine/core/json.hpp"

namespace pgconvoy {

inline constexpr const char* kMutableExpressionsPart = "mutable_expressions";
inline constexpr const char* kSessionChecksPart = "session_checks";

// Something that may only be made of immutable functions, and one of its functions that isn't declared so (any more).
struct MutableExpression {
  std::string object;      // "index public.i"
  std::string kind;        // index | generated column | partition key
  std::string function;    // regprocedure
  std::string language;
  std::string volatility;  // stable | volatile
};
PGCONVOY_JSON(MutableExpression);

// Of a database: a list of at most 200 MutableExpression, from pg_depend and pg_proc.
std::string mutable_expressions_sql(int version);

// A CHECK constraint of a table with rows, or of a domain, that asks about the session in which it is evaluated.
struct SessionCheck {
  std::string object;    // "constraint c on public.t"
  std::string asks;      // current_database
  std::string function;  // whose source asks; "": the expression itself
};
PGCONVOY_JSON(SessionCheck);

// Of a database: a list of at most 200 SessionCheck: the parsed trees of constraints (pg_constraint.conbin), and the sources of functions
// that they call themselves, without comments and literals.
std::string session_checks_sql(int version);

}  // namespace pgconvoy

// An inquiry: which objects of a database use what the target server doesn't have any more, those of its sources that
// may, and which views owe something to columns of the system that have another type or place there. It opens a session only when the part `code` leaves a question open. The administrator's session; reads
// the catalogue alone.
#pragma once

#include <string>
#include <vector>

#include "engine/core/json.hpp"
#include "engine/core/task.hpp"
#include "engine/facts/code.hpp"
#include "engine/facts/inquiry.hpp"

namespace pgconvoy {

inline constexpr const char* kRemovedCodeInquiry = "removed_code";

// An object that is defined over one of the server's own functions or operators, by exact types.
struct DefinitionFact {
  std::string object;      // "aggregate public.accum(anyelement)"
  std::string clause;      // SFUNC, FINALFUNC, FUNCTION ...
  std::string uses;        // signature: "array_append(anyarray, anyelement)"
  bool is_operator = false;  // what it uses is one
  bool exact = true;       // the types decide: no other function of that name will do. Not so for aggregates over concrete types
};
PGCONVOY_JSON(DefinitionFact);

struct RemovedUse {
  std::string object;             // "view public.v"
  std::vector<std::string> uses;  // "operator !(bigint, NONE)", "function pg_is_in_backup()", "column pg_database.datlastsysoid"
};
PGCONVOY_JSON(RemovedUse);

// A column of a view that takes its type from a column of the system.
struct TakenTypeFact {
  std::string view;    // "view public.v", "materialized view public.m"
  std::string column;  // of the view; "" when that couldn't be told
  std::string source;  // "pg_database.datcollate"; "" likewise
  std::string through;  // the view that it has it from, when not straight from the system
};
PGCONVOY_JSON(TakenTypeFact);

// A view that names the columns of a system relation or function by their position.
struct PositionsFact {
  std::string view;    // as above
  std::string source;  // "pg_database", "function pg_get_keywords()", "function app.sessions(), rows of pg_stat_activity"
};
PGCONVOY_JSON(PositionsFact);

struct RemovedCodeFacts {
  std::vector<RemovedUse> uses;      // stored expressions; a limited number
  int more_uses = 0;                 // objects beyond that
  std::vector<RoutineFact> sources;  // those that hold a removed name, when the part did not read all; likewise
  int more_sources = 0;
  std::vector<DefinitionFact> definitions;  // over what the server brings along, whether that is gone or not; a limited number
  std::vector<TakenTypeFact> taken_types;  // from columns of the system whose type is another on the target
  std::vector<PositionsFact> positions;    // views that name columns by their place, where that is another on the target
  std::string views_unread;                // why nothing is known of views; "" when they were read
  int more_views = 0;                      // over such columns or functions, beyond a limited number that were looked at
};
PGCONVOY_JSON(RemovedCodeFacts);

// Needs the parts `builtins` and `code`. Error of kind refused when one of them was not read.
Task<Result<json>> read_removed_code(const InquiryContext& context);

}  // namespace pgconvoy

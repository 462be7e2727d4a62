// What a server brings along by itself: functions, operators, columns of system relations, settings. Read from both
// servers, it tells what is gone on the target for any pair of versions, without a table of PostgreSQL's history.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "engine/core/json.hpp"
#include "engine/facts/facts.hpp"

namespace pgconvoy {

inline constexpr const char* kBuiltinsPart = "builtins";

// One line each. A server has thousands, so they travel as text.
struct BuiltinsFact {
  // "pg_get_keywords()\t0\tword text, ...": with the number of arguments that have defaults, and the columns that it returns.
  std::string functions;
  std::string operators;  // "!(bigint, NONE)"
  std::string columns;    // "pg_database.datname\tname", those of a relation in their order; without the type in older journals
  std::string settings;   // "work_mem"; "" when our role may not see all of them
};
PGCONVOY_JSON(BuiltinsFact);

// One BuiltinsFact of a server: what has an oid below 16384 (pg_proc, pg_operator, pg_attribute), and pg_settings.
std::string builtins_sql(int version);

// Looks things up in a BuiltinsFact. Costs a few milliseconds to make: builtins_of() makes one for all databases of a server.
class Builtins {
 public:
  explicit Builtins(BuiltinsFact fact);
  Builtins(const Builtins&) = delete;
  Builtins& operator=(const Builtins&) = delete;

  const BuiltinsFact& fact() const { return fact_; }
  bool has_function(std::string_view signature) const;
  bool has_operator(std::string_view signature) const;
  bool has_column(std::string_view column) const;    // "pg_database.datname"
  std::string_view type_of_column(std::string_view column) const;  // "" when there is none of that name, or its type isn't known

  std::vector<std::string_view> relations() const;
  std::vector<std::string_view> columns_of(std::string_view relation) const;     // names, in their order; views into this
  std::string_view columns_of_function(std::string_view signature) const;        // "word text, catcode \"char\""; "" for a function without

  // A call with arguments of these types finds a function here: the same signature, one with further arguments that
  // have defaults, or one that is polymorphic where the types differ.
  bool takes_call(std::string_view signature) const;
  bool takes_operands(std::string_view signature) const;

 private:
  using Lines = std::unordered_map<std::string_view, std::vector<std::string_view>>;  // by name
  static std::string_view line_of(const Lines& lines, std::string_view signature);
  static bool has_overload(const Lines& lines, std::string_view signature);

  const BuiltinsFact fact_;  // all that follows are views into it
  Lines functions_, operators_, columns_;
  std::unordered_map<std::string_view, std::string_view> types_;  // of columns
};

// Of what was read of a server; none when that wasn't. Any thread.
std::shared_ptr<const Builtins> builtins_of(const Parts& parts);

// "array_append" of "array_append(anyarray, anyelement)".
std::string_view name_of_signature(std::string_view signature);
// {"anyarray", "anyelement"} likewise.
std::vector<std::string_view> types_of_signature(std::string_view signature);
// infix | prefix | postfix of an operator's signature: "!(bigint, NONE)" is postfix.
std::string_view operator_kind(std::string_view signature);
// "pg_database.datname" of a line of BuiltinsFact::columns.
std::string_view name_of_column(std::string_view line);
std::vector<std::string_view> lines_of(std::string_view text);

}  // namespace pgconvoy

// Operators that a database defines itself.
#pragma once

#include <string>
#include <vector>

#include "engine/core/json.hpp"

namespace pgconvoy {

inline constexpr const char* kOperatorsPart = "operators";

struct OperatorFact {
  std::string name;       // qualified, with its operand types: "public.!#(integer, NONE)"
  std::string kind;       // prefix | infix | postfix
  std::string function;   // regprocedure that implements it
};
PGCONVOY_JSON(OperatorFact);

// A list of OperatorFact, from pg_operator; members of extensions are left out, the extension makes them anew.
std::string operators_sql(int version);

}  // namespace pgconvoy

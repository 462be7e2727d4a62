// Whether the outcome of a function depends on rows of relations, as far as its source tells. Pure.
#pragma once

#include <string>
#include <vector>

#include "engine/facts/load_order.hpp"

namespace pgconvoy {

struct RelationRead {
  const NamedRelation* relation;
  bool decides = true;  // the function says yes or no by what it finds; one that hands a value on gives NULL without a
                        // row, and a constraint accepts NULL
  bool turned = false;  // it says no when it finds something: NOT EXISTS, count(*) = 0, "IF EXISTS ... RAISE"
};

struct FunctionReads {
  std::vector<RelationRead> relations;
  std::vector<std::string> calls;  // oids of reached functions that it calls by name
};

// Relations behind FROM and JOIN (not %ROWTYPE, not EXTRACT(... FROM ...)), with what EXECUTE puts together from literals.
FunctionReads reads_of_function(const ReachedFunction& function, const std::vector<ReachedFunction>& all);

// The constraint's expression turns the function's answer around: NOT f(x), f(x) = 0, f(x) < 5.
bool is_turned_around(const std::string& expression, const std::string& function);

}  // namespace pgconvoy

// What a view owes to how relations and functions of the system look: it is dumped as a query, and made anew from that.
//
// A column that takes its type from a column of the system changes with it. One that the view only looks at, or that it
// casts, changes nothing. And names are given to columns by their position where there is a list of them, "FROM
// pg_database d(a, b)": always behind a function, and behind a join that has a name.
#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/error.hpp"

namespace pgconvoy {

// Numbers are those of the server that keeps the view.
struct SystemColumn {
  long relation = 0, number = 0;   // oid of the relation, and attnum
  long type = 0, array_type = 0;   // oids
  bool widens = false, narrows = false;  // the old type becomes the new one by an implicit cast, and the new one the old
};

struct TakenType {
  std::string column;      // of the view
  std::size_t source = 0;  // which of the system's columns
};

// `action` is pg_rewrite.ev_action of the view's rule. `polymorphic`: oids of functions whose result has the type of an
// argument; any other has its own, whatever it is called with. Error of kind corrupt when the action can't be read.
Result<std::vector<TakenType>> types_taken(std::string_view action, const std::vector<SystemColumn>& columns, const std::set<long>& polymorphic);

// A relation or function of the system whose columns are others on the other server.
struct ChangedList {
  long oid = 0;         // on the server that keeps the view
  long from = 0;        // the first position, from 1, where another column stands there, or none
  bool shifts = false;  // it has more or fewer of them there: in a join, what follows stands at another position
};

// The relations and functions of these from which the view has a column by its position that is another one there, each
// once. Error as above.
Result<std::vector<long>> named_by_position(std::string_view action, const std::vector<ChangedList>& relations, const std::vector<ChangedList>& functions);

}  // namespace pgconvoy

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
  long relation = 0, number = 0;   // oid of the relation, and attnum; that may be a view's that takes its type itself
  long type = 0, array_type = 0;   // oids
  bool widens = false, narrows = false;  // the old type becomes the new one by an implicit cast, and the new one the old
};

struct TakenType {
  std::string column;      // of the view
  long number = 0;         // its attnum
  std::size_t source = 0;  // which of the system's columns
};

// `action` is pg_rewrite.ev_action of the view's rule. `polymorphic`: oids of functions whose result has the type of an
// argument; any other has its own, whatever it is called with. Error of kind corrupt when the action can't be read.
Result<std::vector<TakenType>> types_taken(std::string_view action, const std::vector<SystemColumn>& columns, const std::set<long>& polymorphic);

// A relation or function whose columns are others on the other server.
struct ChangedList {
  long oid = 0;        // on the server that keeps the view
  bool moved = false;  // they stand at other places there, or are gone; otherwise there are only further ones at the end
};

// The relations and functions of these whose columns the view names by their position, each once. Those that have only
// further columns at the end count in a join that has a name: what follows moves. Error as above.
Result<std::vector<long>> named_by_position(std::string_view action, const std::vector<ChangedList>& relations, const std::vector<ChangedList>& functions);

}  // namespace pgconvoy

// Which columns of a view take their type from a column of the system: those change with it when the view is made anew.
// A column that a view only looks at, or that it casts, changes nothing.
#pragma once

#include <cstddef>
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

// `action` is pg_rewrite.ev_action of the view's rule. Error of kind corrupt when that can't be read.
Result<std::vector<TakenType>> types_taken(std::string_view action, const std::vector<SystemColumn>& columns);

}  // namespace pgconvoy

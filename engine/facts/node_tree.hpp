// A parsed expression or query as the server keeps it: the text of a pg_node_tree (pg_rewrite.ev_action and the like),
// taken apart. The labels are those of the server's own structures and differ a little between versions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/core/error.hpp"

namespace pgconvoy {

// Views into the text that it was made from, which must outlive it.
struct NodeTree {
  std::string_view label;       // "varno" where it is the field of a node; "" else
  std::string_view text;        // the kind of a node ("VAR"); a value as it is written, escapes and all; "" of a list
  std::vector<NodeTree> items;  // fields of a node, members of a list

  // An empty tree when there is none of that name.
  const NodeTree& field(std::string_view name) const;
  // 0 when it is missing or no number.
  long number(std::string_view name) const;
};

// The text of a value without its escapes: a column's name.
std::string plain_text(const NodeTree& value);

// Error of kind corrupt when it isn't one, or is nested too deeply.
Result<NodeTree> parse_node_tree(std::string_view text);

}  // namespace pgconvoy

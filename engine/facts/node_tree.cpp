#include "engine/facts/node_tree.hpp"

#include <charconv>

namespace pgconvoy {
namespace {

constexpr int kDeepest = 2000;

bool is_blank(char c) { return c == ' ' || c == '\n' || c == '\t'; }
bool is_bracket(char c) { return c == '(' || c == ')' || c == '{' || c == '}'; }

class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) { next(); }

  bool value(NodeTree& into, int depth) {
    if (depth > kDeepest || token_.empty() || token_ == ")" || token_ == "}") return false;
    const bool node = token_ == "{", list = token_ == "(";
    if (!node && !list) {
      into.text = token_;
      next();
      return true;
    }
    next();
    if (node) {
      into.text = token_;
      next();
    }
    return node ? fields(into, depth) : members(into, depth);
  }

  bool at_end() const { return token_.empty(); }

 private:
  bool members(NodeTree& into, int depth) {
    while (token_ != ")")
      if (!value(into.items.emplace_back(), depth + 1)) return false;
    next();
    return true;
  }

  bool fields(NodeTree& into, int depth) {
    while (token_ != "}") {
      if (token_.size() < 2 || token_.front() != ':') return false;
      NodeTree& field = into.items.emplace_back();
      field.label = token_.substr(1);
      next();
      if (!value(field, depth + 1)) return false;
      // A constant's value is its length and then its bytes: "4 [ 1 0 0 0 ]".
      while (!token_.empty() && token_.front() != ':' && !is_bracket(token_.front())) next();
    }
    next();
    return true;
  }

  void next() {
    while (!rest_.empty() && is_blank(rest_.front())) rest_.remove_prefix(1);
    std::size_t length = 0;
    if (!rest_.empty() && is_bracket(rest_.front())) {
      length = 1;
    } else {
      while (length < rest_.size() && !is_blank(rest_[length]) && !is_bracket(rest_[length]))
        length += rest_[length] == '\\' && length + 1 < rest_.size() ? 2 : 1;
    }
    token_ = rest_.substr(0, length);
    rest_.remove_prefix(length);
  }

  std::string_view rest_, token_;  // "" at the end
};

}  // namespace

const NodeTree& NodeTree::field(std::string_view name) const {
  static const NodeTree none;
  for (const NodeTree& each : items)
    if (each.label == name) return each;
  return none;
}

long NodeTree::number(std::string_view name) const {
  const std::string_view digits = field(name).text;
  long value = 0;
  const auto end = digits.data() + digits.size();
  return std::from_chars(digits.data(), end, value).ptr == end ? value : 0;
}

std::string plain_text(const NodeTree& value) {
  std::string plain;
  for (std::size_t i = 0; i < value.text.size(); ++i) {
    if (value.text[i] == '\\' && i + 1 < value.text.size()) ++i;
    plain += value.text[i];
  }
  return plain;
}

Result<NodeTree> parse_node_tree(std::string_view text) {
  NodeTree tree;
  Reader reader(text);
  if (!reader.value(tree, 0) || !reader.at_end()) return Error(ErrorKind::corrupt, "a parsed tree of the server's can't be read");
  return tree;
}

}  // namespace pgconvoy

#include "engine/fleet/yaml_tree.hpp"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <map>
#include <sstream>

#include "engine/fleet/utf8.hpp"

namespace pgconvoy {
namespace {

struct Refused {
  YAML::Mark mark;
  std::string message;
};

class TreeBuilder final : public YAML::EventHandler {
 public:
  explicit TreeBuilder(YamlTree& tree) : tree_(tree) {}

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    YamlNode* node = add(mark, YamlNode::Kind::null, anchor);
    if (!open_.empty() && open_.back().key != nullptr) {
      node->line = open_.back().key->line;
      node->column = open_.back().key->column;
    }
    attach(node);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    refuse_tag(mark, tag);
    YamlNode* node = add(mark, YamlNode::Kind::scalar, anchor);
    node->quoted = tag != "?";
    node->text = value;
    attach(node);
    last_ = node->quoted ? mark : YAML::Mark::null_mark();
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) throw Refused{mark, "an alias to nothing"};
    for (const Open& open : open_)
      if (open.node == found->second) throw Refused{mark, "an alias inside of what it stands for"};
    aliased_ += found->second->weight;
    if (aliased_ > kYamlAliasedNodes)
      throw Refused{mark, fmt::format("aliases stand for more than {} values; write them out", kYamlAliasedNodes)};
    attach(found->second);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    refuse_tag(mark, tag);
    open(mark, add(mark, YamlNode::Kind::sequence, anchor));
  }
  void OnSequenceEnd() override { close(); }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    refuse_tag(mark, tag);
    open(mark, add(mark, YamlNode::Kind::map, anchor));
  }
  void OnMapEnd() override { close(); }

  // yaml-cpp takes the end of the text for a closing quote: a file that was cut short would pass.
  void refuse_open_quote(std::string_view text) const {
    if (last_.is_null() || static_cast<std::size_t>(last_.pos) >= text.size()) return;
    const char quote = text[static_cast<std::size_t>(last_.pos)];
    if (quote != '"' && quote != '\'') return;
    for (std::size_t at = static_cast<std::size_t>(last_.pos) + 1; at < text.size(); ++at) {
      if (text[at] == quote) return;
      if (quote == '"' && text[at] == '\\') ++at;
    }
    throw Refused{last_, "not YAML: a quote that is never closed"};
  }

 private:
  struct Open {
    YamlNode* node;
    const YamlNode* key = nullptr;
  };

  static void refuse_tag(const YAML::Mark& mark, const std::string& tag) {
    if (!tag.empty() && tag != "?" && tag != "!" && tag != "tag:yaml.org,2002:str")
      throw Refused{mark, "tags (!...) have no meaning here"};
  }

  YamlNode* add(const YAML::Mark& mark, YamlNode::Kind kind, YAML::anchor_t anchor) {
    YamlNode& node = tree_.nodes.emplace_back();
    node.kind = kind;
    node.line = mark.line + 1;
    node.column = mark.column + 1;
    if (anchor != YAML::NullAnchor) anchors_[anchor] = &node;
    return &node;
  }

  void open(const YAML::Mark& mark, YamlNode* node) {
    if (open_.size() >= static_cast<std::size_t>(kYamlDepth))
      throw Refused{mark, fmt::format("nested more than {} levels deep", kYamlDepth)};
    open_.push_back({node, nullptr});
  }

  void close() {
    const YamlNode* done = open_.back().node;
    open_.pop_back();
    attach(done);
  }

  void attach(const YamlNode* node) {
    if (open_.empty()) {
      tree_.root = node;
      return;
    }
    Open& parent = open_.back();
    parent.node->weight += node->weight;
    if (parent.node->kind == YamlNode::Kind::sequence) {
      parent.node->items.push_back(node);
    } else if (parent.key == nullptr) {
      parent.key = node;
    } else {
      parent.node->entries.emplace_back(parent.key, node);
      parent.key = nullptr;
    }
  }

  YamlTree& tree_;
  std::vector<Open> open_;
  std::map<YAML::anchor_t, YamlNode*> anchors_;
  std::size_t aliased_ = 0;
  YAML::Mark last_ = YAML::Mark::null_mark();  // of the last scalar, when it was quoted
};

// What comes after the document. One call only: on a stray "]" the parser of yaml-cpp 0.7 returns empty documents
// for ever.
class NothingMore final : public YAML::EventHandler {
 public:
  void OnDocumentStart(const YAML::Mark& mark) override {
    throw Refused{mark, "there is more after the end of the document; a fleet file is one document"};
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark&, YAML::anchor_t) override {}
  void OnAlias(const YAML::Mark&, YAML::anchor_t) override {}
  void OnScalar(const YAML::Mark&, const std::string&, YAML::anchor_t, const std::string&) override {}
  void OnSequenceStart(const YAML::Mark&, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {}
  void OnSequenceEnd() override {}
  void OnMapStart(const YAML::Mark&, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {}
  void OnMapEnd() override {}
};

}  // namespace

const char* describe(YamlNode::Kind kind) {
  switch (kind) {
    case YamlNode::Kind::scalar:
      return "text";
    case YamlNode::Kind::sequence:
      return "a list";
    case YamlNode::Kind::map:
      return "a mapping";
    case YamlNode::Kind::null:
      break;
  }
  return "nothing";
}

YamlTree parse_yaml(const std::string& text) {
  YamlTree tree;
  const auto fail = [&](int line, int column, std::string message) {
    tree.root = nullptr;
    tree.problems.push_back({line, column, std::move(message)});
  };

  const std::string_view body = without_byte_order_mark(text);
  if (const auto bad = find_unreadable(body)) {
    fail(bad->line, bad->column, bad->message);
    return tree;
  }
  try {
    std::istringstream in{std::string(body)};
    YAML::Parser parser(in);
    TreeBuilder builder(tree);
    if (parser.HandleNextDocument(builder)) {
      builder.refuse_open_quote(body);
      NothingMore nothing_more;
      parser.HandleNextDocument(nothing_more);
    }
  } catch (const Refused& refused) {
    fail(refused.mark.line + 1, refused.mark.column + 1, refused.message);
  } catch (const YAML::Exception& error) {
    const bool placed = !error.mark.is_null();
    fail(placed ? error.mark.line + 1 : 0, placed ? error.mark.column + 1 : 0, "not YAML: " + error.msg);
  } catch (const std::exception& error) {
    fail(0, 0, std::string("not YAML: ") + error.what());
  }
  return tree;
}

}  // namespace pgconvoy

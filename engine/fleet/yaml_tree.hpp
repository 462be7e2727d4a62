// A YAML document as a tree that keeps what yaml-cpp's own nodes lose: the place of every node, duplicate keys,
// and whether a scalar was quoted. Built from the parser's events; nothing is converted (`no`, `013` and dates
// stay text).
#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "engine/fleet/file.hpp"

namespace pgconvoy {

struct YamlNode {
  enum class Kind { null, scalar, sequence, map };

  Kind kind = Kind::null;
  int line = 0;                        // from 1; of an empty value: its key's
  int column = 0;                      // from 1, in bytes as yaml-cpp counts
  bool quoted = false;                 // scalars: written in quotes or as a block, so never a number
  std::string text;                    // scalars
  std::vector<const YamlNode*> items;  // sequences
  std::vector<std::pair<const YamlNode*, const YamlNode*>> entries;  // maps, in order, duplicates included
  std::size_t weight = 1;  // nodes below and including this one, aliases expanded
};

// "text", "a list", "a mapping", "nothing"
const char* describe(YamlNode::Kind kind);

struct YamlTree {
  std::deque<YamlNode> nodes;      // owns; an alias is a second pointer to the same node
  const YamlNode* root = nullptr;  // null when there is a problem
  std::vector<FileProblem> problems;
};

// Limits, so that a hostile file costs no more than a large honest one.
inline constexpr int kYamlDepth = 32;                        // nested collections
inline constexpr std::size_t kYamlAliasedNodes = 1'000'000;  // nodes that aliases stand for, all together

// Parses one document. A syntax error, text that is not UTF-8, a control character, a second document, or a limit
// that is exceeded gives one problem with line and column and no root. Never throws. Takes time linear in the text.
YamlTree parse_yaml(const std::string& text);

}  // namespace pgconvoy

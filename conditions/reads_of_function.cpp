#include "conditions/reads_of_function.hpp"

#include <algorithm>
#include <array>

#include "engine/postgres/sql_tokens.hpp"

namespace pgconvoy {
namespace {

using Kind = SqlToken::Kind;

// Functions with a syntax of their own, where FROM stands before an expression.
constexpr auto kFromInside = std::to_array<std::string_view>({"extract", "substring", "trim", "overlay", "position", "btrim", "ltrim", "rtrim"});
// Words of a function that decides by what it finds; others hand a value on, which is NULL without a row.
constexpr auto kDeciding = std::to_array<std::string_view>({"exists", "count", "in", "any", "found", "if", "case", "coalesce", "raise", "strict"});

bool is_one_of(const SqlToken& token, const auto& words) {
  return token.kind == Kind::word && std::find(words.begin(), words.end(), token.text) != words.end();
}

class FunctionSource {
 public:
  explicit FunctionSource(std::vector<SqlToken> tokens) : tokens_(std::move(tokens)) {}

  const std::vector<SqlToken>& tokens() const { return tokens_; }
  bool word(std::size_t i, std::string_view text) const { return i < tokens_.size() && tokens_[i].is_word(text); }
  bool symbol(std::size_t i, std::string_view text) const { return i < tokens_.size() && tokens_[i].is_symbol(text); }
  bool decides() const {
    return std::any_of(tokens_.begin(), tokens_.end(), [](const SqlToken& token) { return is_one_of(token, kDeciding); });
  }

  std::size_t closing(std::size_t open) const {
    int depth = 0;
    for (std::size_t i = open; i < tokens_.size(); ++i) {
      if (symbol(i, "(")) ++depth;
      if (symbol(i, ")") && --depth == 0) return i;
    }
    return tokens_.size();
  }

  // What stands in these parentheses makes the answer "no" when it finds something.
  bool turns_around(std::size_t open) const {
    bool turned = open >= 2 && (word(open - 1, "exists") || word(open - 1, "in")) && word(open - 2, "not");
    turned |= open >= 1 && word(open - 1, "not");
    const std::size_t after = closing(open) + 1;
    if (word(open + 1, "select") && word(open + 2, "count")) turned ^= compares_with_few(after);
    const bool refuses = word(after, "then") && ((word(after + 1, "return") && word(after + 2, "false")) || word(after + 1, "raise"));
    return turned != refuses;
  }

  // "= 0", "< 5", "<= 5" from here on.
  bool compares_with_few(std::size_t at) const {
    while (symbol(at, ")")) ++at;
    if (at + 1 >= tokens_.size() || tokens_[at].kind != Kind::operation) return false;
    return tokens_[at].text == "<" || tokens_[at].text == "<=" || (tokens_[at].text == "=" && tokens_[at + 1].text == "0");
  }

  // Each place where a list of relations goes on, and whether what is found there turns the answer around.
  template <class Found>
  void each_relation(Found found) const {
    struct Open {
      bool turned, from_inside, in_list;
    };
    std::vector<Open> open{{false, false, false}};
    for (std::size_t i = 0; i < tokens_.size(); ++i) {
      if (symbol(i, "(")) open.push_back({turns_around(i), i >= 1 && is_one_of(tokens_[i - 1], kFromInside), false});
      if (symbol(i, ")") && open.size() > 1) open.pop_back();
      const bool is_from = word(i, "from") && !open.back().from_inside && !(i >= 1 && word(i - 1, "distinct"));
      if (is_from) open.back().in_list = true;
      for (const char* end : {"where", "group", "order", "limit", "having", "union", "loop", "into", "returning"})
        if (word(i, end)) open.back().in_list = false;
      if (symbol(i, ";")) open.back().in_list = false;
      if (!is_from && !word(i, "join") && !(open.back().in_list && symbol(i, ","))) continue;
      std::size_t at = i + 1;
      while (word(at, "only") || word(at, "lateral")) ++at;
      bool turned = false;
      for (const Open& each : open) turned ^= each.turned;
      if (at < tokens_.size() && tokens_[at].is_name()) found(at, turned);
    }
  }

 private:
  std::vector<SqlToken> tokens_;
};

// Sources of dynamic statements are in literals.
std::vector<SqlToken> with_dynamic_statements(const ReachedFunction& function) {
  std::vector<SqlToken> tokens = sql_tokens(function.source);
  const bool dynamic = function.language == "plpgsql" &&
                       std::any_of(tokens.begin(), tokens.end(), [](const SqlToken& token) { return token.is_word("execute"); });
  if (!dynamic) return tokens;
  std::vector<SqlToken> all;
  for (SqlToken& token : tokens) {
    if (token.kind != Kind::literal) {
      all.push_back(std::move(token));
      continue;
    }
    for (SqlToken& inside : sql_tokens(token.text)) all.push_back(std::move(inside));
  }
  return all;
}

}  // namespace

FunctionReads reads_of_function(const ReachedFunction& function, const std::vector<ReachedFunction>& all) {
  const FunctionSource source(with_dynamic_statements(function));
  const auto& tokens = source.tokens();
  FunctionReads reads;
  source.each_relation([&](std::size_t at, bool turned) {
    const bool qualified = source.symbol(at + 1, ".") && at + 2 < tokens.size();
    const std::string& name = tokens[qualified ? at + 2 : at].text;
    if (source.symbol(at + (qualified ? 3 : 1), "(")) return;  // a function
    for (const NamedRelation& relation : function.relations)
      if (relation.name == name && (!qualified || relation.itself.schema == tokens[at].text))
        reads.relations.push_back({&relation, source.decides(), turned});
  });
  for (std::size_t i = 0; i < tokens.size(); ++i)
    if (tokens[i].is_name() && source.symbol(i + 1, "("))
      for (const ReachedFunction& other : all)
        if (other.oid != function.oid && other.name == tokens[i].text) reads.calls.push_back(other.oid);
  return reads;
}

bool is_turned_around(const std::string& expression, const std::string& function) {
  const FunctionSource source(sql_tokens(expression));
  for (std::size_t i = 0; i < source.tokens().size(); ++i) {
    if (!source.tokens()[i].is_name() || source.tokens()[i].text != function || !source.symbol(i + 1, "(")) continue;
    std::size_t first = i;
    while (first >= 2 && source.symbol(first - 1, ".")) first -= 2;
    while (first >= 1 && source.symbol(first - 1, "(")) --first;
    return (first >= 1 && source.word(first - 1, "not")) != source.compares_with_few(source.closing(i + 1) + 1);
  }
  return false;
}

}  // namespace pgconvoy

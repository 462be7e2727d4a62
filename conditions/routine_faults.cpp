#include "conditions/routine_faults.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "engine/postgres/sql_tokens.hpp"

namespace pgconvoy {
namespace {

using Kind = SqlToken::Kind;

// Words that are no operand, and none that a relation is called after.
constexpr auto kSqlKeywords = std::to_array<std::string_view>({
    "all",   "and",    "any",    "array",  "as",     "asc",     "between", "by",     "case",   "cross",  "desc",   "distinct", "do",
    "else",  "elsif",  "end",    "except", "execute", "fetch",  "for",     "from",   "full",   "group",  "having", "if",       "ilike",
    "in",    "inner",  "intersect", "into", "is",    "join",    "left",    "like",   "limit",  "loop",   "natural", "not",     "offset",
    "on",    "or",     "order",  "perform", "return", "returning", "right", "select", "set",   "similar", "some",  "then",     "to",
    "union", "update", "using",  "values", "when",   "where",   "while",   "window", "with",   "exit"});

bool is_sql_keyword(const SqlToken& token) {
  return token.kind == Kind::word && std::find(kSqlKeywords.begin(), kSqlKeywords.end(), token.text) != kSqlKeywords.end();
}

class SourceReader {
 public:
  SourceReader(const RoutineFact& routine, const RemovedNames& removed, std::vector<SqlToken> tokens)
      : routine_(routine), removed_(removed), tokens_(std::move(tokens)) {}

  std::set<std::string> all() {
    const bool dynamic = routine_.language == "plpgsql" && has_word("execute");
    bool message = false;
    for (std::size_t i = 0; i < tokens_.size(); ++i) {
      const SqlToken& token = tokens_[i];
      if (token.is_word("raise")) message = true;
      if (token.is_symbol(";")) message = false;
      if (token.is_name()) look_at_name(i);
      if (token.kind == Kind::operation) look_at_operator(i);
      if (token.kind == Kind::number_with_junk && removed_.junk_after_numbers)
        faults_.insert(fmt::format("has a letter right behind {}", token.text));
      // What EXECUTE runs was put together from literals.
      if (token.kind == Kind::literal && dynamic && !message) {
        SourceReader inside(routine_, removed_, sql_tokens(token.text));
        for (std::size_t k = 0; k < inside.tokens_.size(); ++k)
          if (inside.tokens_[k].is_name()) inside.look_at_call(k);
        faults_.merge(inside.faults_);
      }
    }
    for (const auto& [relation, columns] : removed_.columns) look_at_columns(relation, columns);
    if (removed_.numeric_extract && routine_.returns_floats && routine_.language == "plpgsql") look_at_returned_extract();
    return std::move(faults_);
  }

 private:
  bool symbol_at(std::size_t i, std::string_view symbol) const { return i < tokens_.size() && tokens_[i].is_symbol(symbol); }
  bool word_at(std::size_t i, std::string_view word) const { return i < tokens_.size() && tokens_[i].is_word(word); }
  bool has_word(std::string_view word) const {
    return std::any_of(tokens_.begin(), tokens_.end(), [&](const SqlToken& token) { return token.is_word(word); });
  }
  // With a schema before it that is not the system's.
  bool is_elsewhere(std::size_t i) const {
    return i >= 1 && symbol_at(i - 1, ".") &&
           (i < 2 || (tokens_[i - 2].text != "pg_catalog" && tokens_[i - 2].text != "information_schema"));
  }

  void look_at_name(std::size_t i) {
    look_at_call(i);
    look_at_setting(i);
  }

  void look_at_call(std::size_t i) {
    const std::string& name = tokens_[i].text;
    if (removed_.functions.contains(name) && symbol_at(i + 1, "(") && !is_elsewhere(i)) faults_.insert(fmt::format("calls {}()", name));
  }

  void look_at_setting(std::size_t i) {
    const SqlToken& token = tokens_[i];
    const auto is_removed = [this](std::size_t at) { return at < tokens_.size() && removed_.settings.contains(tokens_[at].text); };
    std::size_t at = i + 1;
    if (token.is_word("set") || token.is_word("show") || token.is_word("reset")) {
      if (token.is_word("set") && (word_at(at, "local") || word_at(at, "session"))) ++at;
      const bool assigned = at + 1 < tokens_.size() && (word_at(at + 1, "to") || tokens_[at + 1].text == "=");
      if (is_removed(at) && (!token.is_word("set") || assigned)) faults_.insert(fmt::format("uses the setting {}", tokens_[at].text));
    }
    if ((token.is_word("current_setting") || token.is_word("set_config")) && symbol_at(at, "(") && is_removed(at + 1) &&
        tokens_[at + 1].kind == Kind::literal && (token.is_word("set_config") || symbol_at(at + 2, ")")))
      faults_.insert(fmt::format("uses the setting {}", tokens_[at + 1].text));
  }

  bool ends_operand(std::size_t i) const {
    const SqlToken& token = tokens_[i];
    return (token.is_name() && !is_sql_keyword(token)) || token.kind == Kind::literal || token.kind == Kind::number ||
           token.kind == Kind::parameter || token.is_symbol(")") || token.is_symbol("]");
  }
  bool begins_operand(std::size_t i) const {
    if (i >= tokens_.size()) return false;
    const SqlToken& token = tokens_[i];
    return (token.is_name() && !is_sql_keyword(token)) || token.is_word("case") || token.is_word("array") || token.kind == Kind::literal ||
           token.kind == Kind::number || token.kind == Kind::parameter || token.is_symbol("(");
  }

  void look_at_operator(std::size_t i) {
    const std::string& name = tokens_[i].text;
    if (i >= 1 && symbol_at(i - 1, ".")) {  // OPERATOR(pg_catalog.@)
      if (i >= 2 && tokens_[i - 2].text == "pg_catalog" && (removed_.infix.contains(name) || removed_.postfix.contains(name)))
        faults_.insert(fmt::format("uses the operator {}", name));
      return;
    }
    const bool before = i >= 1 && ends_operand(i - 1), after = begins_operand(i + 1);
    if (before && after && removed_.infix.contains(name)) faults_.insert(fmt::format("uses the operator {} between two operands", name));
    if (before && !after && removed_.postfix.contains(name)) faults_.insert(fmt::format("uses the operator {} behind its operand", name));
    if (!before && after && removed_.prefix.contains(name)) faults_.insert(fmt::format("uses the operator {} before its operand", name));
  }

  // Names that rows of the relation go by: itself, aliases, variables of a loop over it and records.
  std::set<std::string> names_of_rows(const std::string& relation) const {
    std::set<std::string> names;
    for (std::size_t i = 0; i < tokens_.size(); ++i) {
      if (tokens_[i].is_name() && tokens_[i].text == relation && !is_elsewhere(i)) {
        names.insert(relation);
        const std::size_t alias = word_at(i + 1, "as") ? i + 2 : i + 1;
        if (alias < tokens_.size() && tokens_[alias].is_name() && !is_sql_keyword(tokens_[alias])) names.insert(tokens_[alias].text);
      }
      if (tokens_[i].is_name() && (word_at(i + 1, "record") || (i >= 1 && word_at(i - 1, "for") && word_at(i + 1, "in")))) names.insert(tokens_[i].text);
    }
    return names.contains(relation) ? names : std::set<std::string>();
  }

  void look_at_columns(const std::string& relation, const std::set<std::string>& columns) {
    const std::set<std::string> rows = names_of_rows(relation);
    if (rows.empty()) return;
    for (std::size_t i = 0; i < tokens_.size(); ++i) {
      if (!tokens_[i].is_name() || !columns.contains(tokens_[i].text) || symbol_at(i + 1, "(")) continue;
      const bool qualified = i >= 2 && symbol_at(i - 1, ".");
      if (!qualified || rows.contains(tokens_[i - 2].text)) faults_.insert(fmt::format("reads {}.{}", relation, tokens_[i].text));
    }
  }

  std::size_t closing(std::size_t open) const {
    int depth = 0;
    for (std::size_t i = open; i < tokens_.size(); ++i) {
      if (symbol_at(i, "(")) ++depth;
      if (symbol_at(i, ")") && --depth == 0) return i;
    }
    return tokens_.size();
  }

  // RETURN QUERY doesn't convert what it returns, so a column that is extract() and nothing else has another type.
  void look_at_returned_extract() {
    for (std::size_t i = 0; i + 1 < tokens_.size(); ++i) {
      if (!tokens_[i].is_word("return") || !word_at(i + 1, "query")) continue;
      int depth = 0, depth_of_list = word_at(i + 2, "with") ? 0 : -1;  // a CTE's own list doesn't count
      bool in_list = false;
      for (std::size_t k = i + 2; k < tokens_.size() && !symbol_at(k, ";"); ++k) {
        if (symbol_at(k, "(")) ++depth;
        if (symbol_at(k, ")")) --depth;
        if (word_at(k, "select") && depth_of_list == -1) depth_of_list = depth;
        if (depth != depth_of_list) continue;
        if (word_at(k, "select")) in_list = true;
        if (word_at(k, "from")) in_list = false;
        const bool begins = k >= 1 && (tokens_[k - 1].is_word("select") || symbol_at(k - 1, ",") || tokens_[k - 1].is_word("distinct") || tokens_[k - 1].is_word("all"));
        if (!in_list || !begins || !word_at(k, "extract") || !symbol_at(k + 1, "(")) continue;
        const std::size_t next = closing(k + 1) + 1;
        const bool alone = next >= tokens_.size() || symbol_at(next, ",") || symbol_at(next, ";") || symbol_at(next, ")") || tokens_[next].is_name();
        const bool with_number = next + 1 < tokens_.size() && tokens_[next].kind == Kind::operation && tokens_[next + 1].kind == Kind::number && !symbol_at(next + 2, "::");
        if (alone || with_number) faults_.insert("returns extract(), which is numeric now, where its query must give double precision");
      }
    }
  }

  const RoutineFact& routine_;
  const RemovedNames& removed_;
  std::vector<SqlToken> tokens_;
  std::set<std::string> faults_;
};

// Calls in the text of another language, whose lines of comment begin with # or //.
std::set<std::string> calls_anywhere(std::string source, const RemovedNames& removed) {
  std::string text;
  while (!source.empty()) {
    const auto end = std::min(source.find('\n'), source.size());
    const std::string line = source.substr(0, end);
    const auto first = std::min(line.find_first_not_of(" \t"), line.size());
    if (line.compare(first, 1, "#") != 0 && line.compare(first, 2, "//") != 0) text += line + "\n";
    source.erase(0, std::min(end + 1, source.size()));
  }
  std::set<std::string> faults;
  const auto is_part = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '.'; };
  for (const std::string& name : removed.functions)
    for (auto at = text.find(name); at != std::string::npos; at = text.find(name, at + 1)) {
      const auto next = text.find_first_not_of(" \t\n", at + name.size());
      if ((at == 0 || !is_part(text[at - 1])) && next != std::string::npos && text[next] == '(') faults.insert(fmt::format("calls {}()", name));
    }
  return faults;
}

}  // namespace

std::vector<std::string> routine_faults(const RoutineFact& routine, const RemovedNames& removed) {
  const bool is_sql = routine.language == "sql" || routine.language == "plpgsql";
  const std::set<std::string> faults =
      is_sql ? SourceReader(routine, removed, sql_tokens(routine.source)).all() : calls_anywhere(routine.source, removed);
  return {faults.begin(), faults.end()};
}

}  // namespace pgconvoy

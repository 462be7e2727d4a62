#include "engine/postgres/sql_tokens.hpp"

#include <algorithm>
#include <cctype>

namespace pgconvoy {
namespace {

constexpr std::string_view kOperatorCharacters = "+-*/<>=~!@#%^&|`?";
// One of these allows an operator to end with + or -.
constexpr std::string_view kSpecialCharacters = "~!@#%^&|`?";

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool starts_word(char c) { return std::isalpha(static_cast<unsigned char>(c)) || c == '_' || static_cast<unsigned char>(c) >= 0x80; }
bool continues_word(char c) { return starts_word(c) || is_digit(c) || c == '$'; }

class SqlScanner {
 public:
  explicit SqlScanner(std::string_view source) : source_(source) {}

  std::vector<SqlToken> all() {
    while (at_ < source_.size()) next();
    return std::move(tokens_);
  }

 private:
  char peek(std::size_t ahead = 0) const { return at_ + ahead < source_.size() ? source_[at_ + ahead] : '\0'; }
  bool follows(std::string_view text) const { return source_.substr(at_).starts_with(text); }
  void add(SqlToken::Kind kind, std::string text) { tokens_.push_back({kind, std::move(text)}); }

  void next() {
    const char c = peek();
    if (std::isspace(static_cast<unsigned char>(c))) {
      ++at_;
    } else if (follows("--")) {
      at_ = std::min(source_.find('\n', at_), source_.size());
    } else if (follows("/*")) {
      skip_comment();
    } else if (c == '\'') {
      add(SqlToken::Kind::literal, quoted('\'', false));
    } else if (c == '"') {
      add(SqlToken::Kind::quoted, quoted('"', false));
    } else if (c == '$' && dollar_tag() > 0) {
      dollar_quoted();
    } else if (c == '$' && is_digit(peek(1))) {
      const auto start = at_++;
      while (is_digit(peek())) ++at_;
      add(starts_word(peek()) ? SqlToken::Kind::number_with_junk : SqlToken::Kind::parameter, std::string(source_.substr(start, at_ - start)));
    } else if (is_digit(c) || (c == '.' && is_digit(peek(1)))) {
      number();
    } else if (starts_word(c)) {
      word();
    } else if (kOperatorCharacters.find(c) != std::string_view::npos) {
      operation();
    } else {
      const std::size_t length = follows("..") || follows("::") || follows(":=") ? 2 : 1;
      add(SqlToken::Kind::symbol, std::string(source_.substr(at_, length)));
      at_ += length;
    }
  }

  // Comments of this kind nest.
  void skip_comment() {
    int depth = 0;
    while (at_ < source_.size()) {
      if (follows("/*")) {
        ++depth;
        at_ += 2;
      } else if (follows("*/")) {
        at_ += 2;
        if (--depth == 0) return;
      } else {
        ++at_;
      }
    }
  }

  // From the opening mark on; a doubled mark stands for one.
  std::string quoted(char mark, bool escapes) {
    std::string text;
    for (++at_; at_ < source_.size(); ++at_) {
      if (escapes && peek() == '\\' && at_ + 1 < source_.size()) {
        text += source_[at_++];
      } else if (peek() == mark) {
        if (peek(1) != mark) break;
        ++at_;
      }
      text += source_[at_];
    }
    at_ = std::min(at_ + 1, source_.size());
    return text;
  }

  // Length of $tag$ at this place; 0 when there is none.
  std::size_t dollar_tag() const {
    std::size_t length = 1;
    if (is_digit(peek(1))) return 0;
    while (continues_word(peek(length)) && peek(length) != '$') ++length;
    return peek(length) == '$' ? length + 1 : 0;
  }

  void dollar_quoted() {
    const std::string_view tag = source_.substr(at_, dollar_tag());
    const auto start = at_ + tag.size();
    const auto end = std::min(source_.find(tag, start), source_.size());
    add(SqlToken::Kind::literal, std::string(source_.substr(start, end - start)));
    at_ = std::min(end + tag.size(), source_.size());
  }

  void number() {
    const auto start = at_;
    while (is_digit(peek())) ++at_;
    if (peek() == '.' && peek(1) != '.') {
      ++at_;
      while (is_digit(peek())) ++at_;
    }
    if (peek() == 'e' || peek() == 'E') {
      const std::size_t sign = peek(1) == '+' || peek(1) == '-' ? 2 : 1;
      if (is_digit(peek(sign))) {
        at_ += sign;
        while (is_digit(peek())) ++at_;
      }
    }
    const std::string digits(source_.substr(start, at_ - start));
    add(starts_word(peek()) ? SqlToken::Kind::number_with_junk : SqlToken::Kind::number, digits);
  }

  void word() {
    const auto start = at_;
    const char c = static_cast<char>(std::tolower(static_cast<unsigned char>(peek())));
    if (c == 'e' && peek(1) == '\'') {
      ++at_;
      add(SqlToken::Kind::literal, quoted('\'', true));
      return;
    }
    if ((c == 'b' || c == 'x' || c == 'n') && peek(1) == '\'') {
      ++at_;
      add(SqlToken::Kind::literal, quoted('\'', false));
      return;
    }
    if (c == 'u' && peek(1) == '&' && (peek(2) == '\'' || peek(2) == '"')) {
      at_ += 2;
      const bool name = peek() == '"';
      add(name ? SqlToken::Kind::quoted : SqlToken::Kind::literal, quoted(peek(), false));
      return;
    }
    while (continues_word(peek())) ++at_;
    std::string text(source_.substr(start, at_ - start));
    std::transform(text.begin(), text.end(), text.begin(), [](unsigned char each) { return static_cast<char>(std::tolower(each)); });
    add(SqlToken::Kind::word, std::move(text));
  }

  // A comment ends it; + and - don't, unless nothing but signs of arithmetic stands before them.
  void operation() {
    const auto start = at_;
    while (kOperatorCharacters.find(peek()) != std::string_view::npos && peek() != '\0' && !(at_ > start && (follows("--") || follows("/*")))) ++at_;
    std::string_view text = source_.substr(start, at_ - start);
    while (text.size() > 1 && (text.back() == '+' || text.back() == '-') && text.find_first_of(kSpecialCharacters) == std::string_view::npos)
      text.remove_suffix(1);
    at_ = start + text.size();
    add(SqlToken::Kind::operation, std::string(text));
  }

  std::string_view source_;
  std::size_t at_ = 0;
  std::vector<SqlToken> tokens_;
};

}  // namespace

std::vector<SqlToken> sql_tokens(std::string_view source) { return SqlScanner(source).all(); }

}  // namespace pgconvoy

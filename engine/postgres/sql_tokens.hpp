// Splits SQL, and the bodies of PL/pgSQL routines, into tokens by PostgreSQL's lexical rules (manual, 4.1 Lexical
// Structure): comments are left out, literals are one token. Pure, never fails: what is not closed ends with the text.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace pgconvoy {

struct SqlToken {
  enum class Kind {
    word,       // identifier or keyword, in lower case
    quoted,     // "identifier", without its quotes
    literal,    // 'text', E'text', $tag$text$tag$: what it stands for, escapes of E'' left as they are
    number,
    number_with_junk,  // "1and": a number that a letter follows at once, two tokens before PostgreSQL 15
    parameter,  // $1
    operation,  // run of operator characters
    symbol,     // one of ( ) [ ] , ; . : or any other character; ".." and "::" and ":=" are one
  };
  Kind kind;
  std::string text;

  bool is_word(std::string_view word) const { return kind == Kind::word && text == word; }
  bool is_name() const { return kind == Kind::word || kind == Kind::quoted; }
  bool is_symbol(std::string_view symbol) const { return kind == Kind::symbol && text == symbol; }
};

std::vector<SqlToken> sql_tokens(std::string_view source);

}  // namespace pgconvoy

#include "engine/postgres/sql_tokens.hpp"

#include <fmt/format.h>

#include "tests/support/catch.hpp"

using namespace pgconvoy;

namespace {

// One letter for the kind of each token, and its text.
std::string shown_tokens(std::string_view source) {
  constexpr std::string_view kLetters = "wqlnjpos";
  std::string text;
  for (const SqlToken& token : sql_tokens(source))
    text += fmt::format("{}{}<{}>", text.empty() ? "" : " ", kLetters[static_cast<std::size_t>(token.kind)], token.text);
  return text;
}

}  // namespace

TEST_CASE("sql tokens: words in lower case, quoted names as they are, symbols of two characters") {
  CHECK(shown_tokens("SELECT \"A \"\"b\", x::int, y := 1..9") ==
        "w<select> q<A \"b> s<,> w<x> s<::> w<int> s<,> w<y> s<:=> n<1> s<..> n<9>");
  CHECK(shown_tokens("a$b Ünït") == "w<a$b> w<Ünït>");
}

TEST_CASE("sql tokens: comments nest and are left out") {
  CHECK(shown_tokens("a -- b\nc /* d /* e */ f */ g") == "w<a> w<c> w<g>");
  CHECK(shown_tokens("a /* never closed /* */") == "w<a>");
}

TEST_CASE("sql tokens: literals of every kind are one token") {
  CHECK(shown_tokens("'it''s' E'a\\'b' N'c' x'1f' U&'d' $$e 'f'$$ $t$g $$ h$t$") ==
        "l<it's> l<a\\'b> l<c> l<1f> l<d> l<e 'f'> l<g $$ h>");
  CHECK(shown_tokens("'not closed") == "l<not closed>");
  CHECK(shown_tokens("$x$ not closed") == "l< not closed>");
  CHECK(shown_tokens("'\\' a") == "l<\\> w<a>");
}

TEST_CASE("sql tokens: a letter right behind a number or a parameter is told") {
  CHECK(shown_tokens("1and 2 1e5 1.5e-3 .5 1e $1 $2or 3_0") == "j<1> w<and> n<2> n<1e5> n<1.5e-3> n<.5> j<1> w<e> p<$1> j<$2> w<or> j<3> w<_0>");
}

TEST_CASE("sql tokens: an operator ends before a comment, and before a sign when it is one of arithmetic") {
  CHECK(shown_tokens("5!-- x\n= a") == "n<5> o<!> o<=> w<a>");
  CHECK(shown_tokens("a=-1 b!-1 c!=d @ -e") == "w<a> o<=> o<-> n<1> w<b> o<!-> n<1> w<c> o<!=> w<d> o<@> o<-> w<e>");
}

TEST_CASE("sql tokens: any bytes end") {
  for (const std::string_view source : {std::string_view("\0$'\"", 4), std::string_view("$"), std::string_view("U&"), std::string_view("e'\\"), std::string_view("/*")})
    CHECK(sql_tokens(source).size() <= source.size());
}

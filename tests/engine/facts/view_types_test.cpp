#include "engine/facts/view_types.hpp"

#include "engine/facts/node_tree.hpp"
#include "tests/support/catch.hpp"

using namespace pgconvoy;

namespace {

// Shortened to what is looked at; tests/foresight/views_keep_types has whole ones, of a real server.
std::string query(const std::string& expression, const std::string& range = "{RTE :rtekind 0 :relid 1262 :relkind r :selectedCols (b 12)}") {
  return "({QUERY :commandType 1 :setOperations <> :rtable (" + range + ") :targetList ({TARGETENTRY :expr " + expression +
         " :resno 1 :resname a\\ b :resjunk false} {TARGETENTRY :expr " + expression + " :resno 2 :resname hidden :resjunk true})})";
}

const std::string kOld = "{VAR :varno 1 :varattno 5 :vartype 19 :varlevelsup 0}";     // the column that gets another type
const std::string kOther = "{CONST :consttype 19 :constlen 64 :constvalue 4 [ 67 0 0 -1 ] :location 12}";

std::string taken(const std::string& action, bool widens = true, bool narrows = true) {
  const auto found = types_taken(action, {{3456, 8, 19, 1003, widens, narrows}, {1262, 5, 19, 1003, widens, narrows}});
  if (!found) return "unreadable";
  std::string text;
  for (const TakenType& each : *found) text += each.column + ":" + std::to_string(each.source) + ";";
  return text;
}

}  // namespace

TEST_CASE("node tree: nodes, lists, escapes, bytes of a constant") {
  const std::string text = "{A :one 12 :two (i 1 2) :three {B} :four <> :name a\\ b\\) :bytes 4 [ 1 0 -1 ] :colon :x :last \"s\"}";
  const auto tree = parse_node_tree(text);
  REQUIRE(tree);
  CHECK(tree->text == "A");
  CHECK(tree->number("one") == 12);
  CHECK(tree->field("two").items.size() == 3);
  CHECK(tree->field("three").text == "B");
  CHECK(tree->field("four").text == "<>");
  CHECK(plain_text(tree->field("name")) == "a b)");
  CHECK(tree->number("bytes") == 4);
  CHECK(tree->field("colon").text == ":x");
  CHECK(tree->field("last").text == "\"s\"");
  CHECK(tree->field("none").text.empty());
  CHECK(tree->number("name") == 0);
}

TEST_CASE("node tree: what is no tree is refused, and one that never ends its nesting") {
  for (const char* text : {"", "{", "{A", "{A :x}", "{A x 1}", "(1 2", ")", "{A :x 1} rest", "{A : 1}"}) CHECK_FALSE(parse_node_tree(text));
  CHECK_FALSE(parse_node_tree(std::string(100000, '(')));
  CHECK_FALSE(parse_node_tree(std::string(100000, '(') + std::string(100000, ')')));
  CHECK(parse_node_tree(std::string(1000, '(') + std::string(1000, ')')));
}

TEST_CASE("view types: a column given out, and not what is cast, of another relation or only sorted by") {
  CHECK(taken(query(kOld)) == "a b:1;");
  CHECK(taken(query("{FUNCEXPR :funcid 406 :funcresulttype 25 :funcformat 1 :args (" + kOld + ")}")).empty());
  CHECK(taken(query("{FUNCEXPR :funcid 870 :funcresulttype 25 :funcformat 0 :args ({FUNCEXPR :funcresulttype 25 :funcformat 2 :args (" + kOld + ")})}")).empty());
  CHECK(taken(query("{FUNCEXPR :funcid 407 :funcresulttype 19 :funcformat 1 :args ({FUNCEXPR :funcresulttype 25 :funcformat 1 :args (" + kOld + ")})}")).empty());
  CHECK(taken(query(kOld, "{RTE :rtekind 0 :relid 1260}")).empty());
  CHECK(taken(query("{VAR :varno 1 :varattno 2 :vartype 19 :varlevelsup 0}")).empty());
  CHECK(taken(query("{VAR :varno 7 :varattno 5 :vartype 19 :varlevelsup 0}")).empty());
  CHECK(taken(query("{VAR :varno 1 :varattno 5 :vartype 19 :varlevelsup 3}")).empty());
  CHECK(taken("({QUERY :targetList") == "unreadable");
}

TEST_CASE("view types: of several expressions the first decides, where both types turn into each other") {
  const auto coalesce = [](const std::string& args) { return query("{COALESCE :coalescetype 19 :args (" + args + ")}"); };
  CHECK(taken(coalesce(kOld + " " + kOther)) == "a b:1;");
  CHECK(taken(coalesce(kOther + " " + kOld)).empty());
  CHECK(taken(query("{CASE :casetype 19 :arg " + kOld + " :args ({WHEN :expr " + kOld + " :result " + kOld + "}) :defresult " + kOther + "}")).empty());
  CHECK(taken(query("{CASE :casetype 19 :arg <> :args ({WHEN :expr " + kOther + " :result " + kOther + "}) :defresult " + kOld + "}")) == "a b:1;");
  CHECK(taken(query("{CASEEXPR :casetype 19 :args ({CASEWHEN :expr " + kOld + " :result " + kOther + "}) :defresult " + kOther + "}")).empty());
}

TEST_CASE("view types: an integer that became narrower gives way to the wider one, and one that became wider doesn't") {
  const auto coalesce = [](const std::string& args) { return query("{COALESCE :coalescetype 19 :args (" + args + ")}"); };
  CHECK(taken(coalesce(kOld + " " + kOther), false, true).empty());
  CHECK(taken(coalesce(kOld + " " + kOld), false, true) == "a b:1;");
  CHECK(taken(coalesce(kOther + " " + kOld), true, false) == "a b:1;");
}

TEST_CASE("view types: an argument of another type doesn't count, and an array of the type does") {
  const std::string number = "{CONST :consttype 23 :constvalue 4 [ 1 0 0 0 ]}";
  CHECK(taken(query("{FUNCEXPR :funcresulttype 19 :funcformat 0 :args (" + number + " " + kOld + ")}")) == "a b:1;");
  CHECK(taken(query("{AGGREF :aggtype 1003 :args ({TARGETENTRY :expr " + kOld + " :resno 1}) :aggfilter <>}")) == "a b:1;");
  CHECK(taken(query("{AGGREF :aggtype 20 :args ({TARGETENTRY :expr " + kOld + " :resno 1})}")).empty());
  CHECK(taken(query("{ARRAY :array_typeid 1003 :elements (" + kOld + " " + kOther + ")}")) == "a b:1;");
}

TEST_CASE("view types: through a query that refers to itself, and one that refers to nothing") {
  const std::string member = "{RTE :rtekind 6 :ctename r :ctelevelsup 1}";
  const auto leaf = [](const std::string& range, const std::string& expression) {
    return "{RTE :rtekind 1 :subquery {QUERY :setOperations <> :rtable (" + range + ") :targetList ({TARGETENTRY :expr " + expression + " :resno 1 :resname c})}}";
  };
  const auto recursive = [&](const std::string& first) {
    return "({QUERY :setOperations <> :cteList ({COMMONTABLEEXPR :ctename r :ctequery {QUERY :setOperations {SETOPERATIONSTMT :op 1} :rtable (" + first +
           leaf(member, "{VAR :varno 1 :varattno 1 :vartype 19 :varlevelsup 0}") +
           ")}}) :rtable ({RTE :rtekind 6 :ctename r :ctelevelsup 0}) :targetList ({TARGETENTRY :expr {VAR :varno 1 :varattno 1 :vartype 19 "
           ":varlevelsup 0} :resno 1 :resname c :resjunk false})})";
  };
  CHECK(taken(recursive(leaf("{RTE :rtekind 0 :relid 1262}", kOld))) == "c:1;");
  CHECK(taken(recursive("")).empty());
  CHECK(taken("({QUERY :cteList <> :rtable ({RTE :rtekind 6 :ctename r :ctelevelsup 0}) :targetList ({TARGETENTRY :expr "
              "{VAR :varno 1 :varattno 1 :vartype 19 :varlevelsup 0} :resno 1 :resname c})})").empty());
}

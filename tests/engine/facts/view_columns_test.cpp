#include "engine/facts/view_columns.hpp"

#include "engine/facts/node_tree.hpp"
#include "tests/support/catch.hpp"

using namespace pgconvoy;

namespace {

// Shortened to what is looked at; tests/foresight/views_keep_columns has whole ones, of a real server.
std::string query(const std::string& expression, const std::string& range = "{RTE :rtekind 0 :relid 1262 :relkind r :selectedCols (b 12)}") {
  return "({QUERY :commandType 1 :setOperations <> :rtable (" + range + ") :targetList ({TARGETENTRY :expr " + expression +
         " :resno 1 :resname a\\ b :resjunk false} {TARGETENTRY :expr " + expression + " :resno 2 :resname hidden :resjunk true})})";
}

const std::string kOld = "{VAR :varno 1 :varattno 5 :vartype 19 :varlevelsup 0}";     // the column that gets another type
const std::string kOther = "{CONST :consttype 19 :constlen 64 :constvalue 4 [ 67 0 0 -1 ] :location 12}";

std::string taken(const std::string& action, bool widens = true, bool narrows = true) {
  const auto found = types_taken(action, {{3456, 8, 19, 1003, widens, narrows}, {1262, 5, 19, 1003, widens, narrows}}, {3106, 2335});
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

TEST_CASE("view columns: a column given out, and not what is cast, of another relation or only sorted by") {
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

TEST_CASE("view columns: of several expressions the first decides, where both types turn into each other") {
  const auto coalesce = [](const std::string& args) { return query("{COALESCE :coalescetype 19 :args (" + args + ")}"); };
  CHECK(taken(coalesce(kOld + " " + kOther)) == "a b:1;");
  CHECK(taken(coalesce(kOther + " " + kOld)).empty());
  CHECK(taken(query("{CASE :casetype 19 :arg " + kOld + " :args ({WHEN :expr " + kOld + " :result " + kOld + "}) :defresult " + kOther + "}")).empty());
  CHECK(taken(query("{CASE :casetype 19 :arg <> :args ({WHEN :expr " + kOther + " :result " + kOther + "}) :defresult " + kOld + "}")) == "a b:1;");
  CHECK(taken(query("{CASEEXPR :casetype 19 :args ({CASEWHEN :expr " + kOld + " :result " + kOther + "}) :defresult " + kOther + "}")).empty());
}

TEST_CASE("view columns: an integer that became narrower gives way to the wider one, and one that became wider doesn't") {
  const auto coalesce = [](const std::string& args) { return query("{COALESCE :coalescetype 19 :args (" + args + ")}"); };
  CHECK(taken(coalesce(kOld + " " + kOther), false, true).empty());
  CHECK(taken(coalesce(kOld + " " + kOld), false, true) == "a b:1;");
  CHECK(taken(coalesce(kOther + " " + kOld), true, false) == "a b:1;");
}

TEST_CASE("view columns: an argument of another type doesn't count, and an array of the type does") {
  const std::string number = "{CONST :consttype 23 :constvalue 4 [ 1 0 0 0 ]}";
  CHECK(taken(query("{WINDOWFUNC :winfnoid 3106 :wintype 19 :args (" + number + " " + kOld + ")}")) == "a b:1;");
  CHECK(taken(query("{WINDOWFUNC :winfnoid 3107 :wintype 19 :args (" + number + " " + kOld + ")}")).empty());
  CHECK(taken(query("{OPEXPR :opno 1 :opfuncid 177 :opresulttype 19 :args (" + kOld + " " + kOld + ")}")).empty());
  CHECK(taken(query("{NULLIFEXPR :opno 93 :opfuncid 62 :opresulttype 19 :args (" + kOld + " " + kOther + ")}")) == "a b:1;");
  CHECK(taken(query("{AGGREF :aggfnoid 2335 :aggtype 1003 :args ({TARGETENTRY :expr " + kOld + " :resno 1}) :aggfilter <>}")) == "a b:1;");
  CHECK(taken(query("{AGGREF :aggtype 20 :args ({TARGETENTRY :expr " + kOld + " :resno 1})}")).empty());
  CHECK(taken(query("{ARRAY :array_typeid 1003 :elements (" + kOld + " " + kOther + ")}")) == "a b:1;");
}

TEST_CASE("view columns: through a query that refers to itself, and one that refers to nothing") {
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

namespace {

const std::string kDatabase = "{RTE :alias {ALIAS :aliasname d :colnames (\"a\" \"b\")} :rtekind 0 :relid 1262}";

std::string variable(int range, int number, int up = 0) {
  return "{VAR :varno " + std::to_string(range) + " :varattno " + std::to_string(number) + " :vartype 25 :varlevelsup " + std::to_string(up) + "}";
}

// A join of two relations with two columns each.
std::string named_join(const std::string& alias, int left = 1262) {
  return "{RTE :alias <> :rtekind 0 :relid " + std::to_string(left) + "} {RTE :alias <> :rtekind 0 :relid 2615} {RTE :alias " + alias +
         " :rtekind 2 :joinaliasvars (" + variable(1, 1) + " " + variable(1, 2) + " " + variable(2, 1) + " " + variable(2, 2) + ")}";
}

std::string placed(const std::string& action, std::vector<ChangedList> relations, std::vector<ChangedList> functions = {}) {
  const auto found = named_by_position(action, relations, functions);
  if (!found) return "unreadable";
  std::string text;
  for (const long each : *found) text += std::to_string(each) + ";";
  return text;
}

}  // namespace

TEST_CASE("view columns: names by position behind a relation whose columns have moved") {
  CHECK(placed(query(variable(1, 5), kDatabase), {{1262, true}}) == "1262;");
  CHECK(placed(query(variable(1, 5), kDatabase), {{1262, false}}).empty());
  CHECK(placed(query(variable(1, 5), kDatabase), {{1260, true}}).empty());
  CHECK(placed(query(variable(1, 5), "{RTE :alias {ALIAS :aliasname d :colnames <>} :rtekind 0 :relid 1262}"), {{1262, true}}).empty());
  CHECK(placed(query("{SUBLINK :subLinkType 4 :subselect {QUERY :rtable (" + kDatabase + ") :targetList ({TARGETENTRY :expr " + variable(1, 5) + " :resno 1})}}",
                     "{RTE :alias <> :rtekind 0 :relid 2615}"),
               {{1262, true}}) == "1262;");
  CHECK(placed("({QUERY", {}) == "unreadable");
}

TEST_CASE("view columns: a join that has a name, with what has moved and with what is longer") {
  const std::string name = "{ALIAS :aliasname j :colnames <>}";
  CHECK(placed(query(variable(3, 2), named_join(name)), {{1262, true}}) == "1262;");
  CHECK(placed(query(variable(3, 2), named_join(name)), {{1262, false}}) == "1262;");
  CHECK(placed(query(variable(3, 2), named_join(name)), {{2615, false}, {1262, false}}) == "1262;2615;");
  CHECK(placed(query(variable(3, 2), named_join(name)), {{1260, true}}).empty());
  CHECK(placed(query(variable(3, 2), named_join("<>")), {{1262, true}}).empty());
  const std::string nested = named_join("<>") + " {RTE :alias <> :rtekind 3 :functions ({RANGETBLFUNCTION :funcexpr {FUNCEXPR :funcid 1686}})} {RTE :alias " + name +
                             " :rtekind 2 :joinaliasvars (" + variable(3, 1) + " {COALESCE :args (" + variable(3, 3) + " " + variable(4, 1) + ")})}";
  CHECK(placed(query(variable(5, 1), nested), {{2615, false}}, {{1686, false}}) == "2615;1686;");
  const std::string circle = "{RTE :alias " + name + " :rtekind 2 :joinaliasvars (" + variable(2, 1) + ")} {RTE :alias <> :rtekind 2 :joinaliasvars (" + variable(1, 1) +
                             " " + variable(9, 1) + ")}";
  CHECK(placed(query(variable(1, 1), circle), {{1262, true}}).empty());
}

TEST_CASE("view columns: a function is always followed by all its names") {
  const std::string range = "{RTE :alias <> :rtekind 3 :functions ({RANGETBLFUNCTION :funcexpr {FUNCEXPR :funcid 1686 :funcresulttype 2249}})}";
  CHECK(placed(query(variable(1, 3), range), {}, {{1686, true}}) == "1686;");
  CHECK(placed(query(variable(1, 3), range), {}, {{1686, false}}).empty());
  CHECK(placed(query(variable(1, 3), range), {}, {{1687, true}}).empty());
}

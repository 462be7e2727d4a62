#include "engine/facts/builtins.hpp"

#include "engine/facts/removed_names.hpp"
#include "tests/support/catch.hpp"

using namespace pgconvoy;

namespace {

BuiltinsFact some_server() {
  BuiltinsFact fact;
  fact.functions = "array_append(anycompatiblearray, anycompatible)\t0\nended(integer, bigint)\t1\nnow()\t0\nlag(anycompatible, integer, anycompatible)\t0";
  fact.operators = "@(NONE, integer)\n~(text, text)\n||(anycompatiblearray, anycompatible)\n!!(NONE, tsquery)";
  fact.columns = "pg_database.datname\npg_stat_ssl.pid";
  fact.settings = "work_mem";
  return fact;
}

std::shared_ptr<const Builtins> made(BuiltinsFact fact) { return std::make_shared<const Builtins>(std::move(fact)); }

}  // namespace

TEST_CASE("builtins: a call finds the same signature, one with defaults, or a polymorphic one") {
  const BuiltinsFact fact = some_server();
  const Builtins builtins(fact);
  CHECK(builtins.takes_call("now()"));
  CHECK(builtins.takes_call("ended(integer)"));
  CHECK(builtins.takes_call("array_append(anyarray, anyelement)"));
  CHECK(builtins.takes_call("lag(anyelement, integer, anyelement)"));
  CHECK_FALSE(builtins.has_function("array_append(anyarray, anyelement)"));
  CHECK_FALSE(builtins.takes_call("ended()"));
  CHECK_FALSE(builtins.takes_call("ended(text)"));
  CHECK_FALSE(builtins.takes_call("now(integer)"));
  CHECK_FALSE(builtins.takes_call("ow()"));
  CHECK_FALSE(builtins.takes_call("lag(anyelement, bigint, anyelement)"));
}

TEST_CASE("builtins: an operator counts with its side and its types") {
  const BuiltinsFact fact = some_server();
  const Builtins builtins(fact);
  CHECK(builtins.takes_operands("||(anyarray, anyelement)"));
  CHECK(builtins.takes_operands("~(text, text)"));
  CHECK_FALSE(builtins.takes_operands("~(box, box)"));
  CHECK_FALSE(builtins.takes_operands("@(box, box)"));
  CHECK_FALSE(builtins.takes_operands("!!(NONE, bigint)"));
  CHECK_FALSE(builtins.takes_operands("!(bigint, NONE)"));
  CHECK(operator_kind("!(bigint, NONE)") == "postfix");
  CHECK(operator_kind("@(NONE, integer)") == "prefix");
  CHECK(builtins.has_column("pg_database.datname"));
  CHECK_FALSE(builtins.has_column("pg_database.dat"));
}

TEST_CASE("builtins: a column with its type, and one of a journal that has none") {
  BuiltinsFact fact = some_server();
  fact.columns = "pg_database.datname\tname\npg_database.datcollate\ttext\npg_stat_ssl.pid";
  const Builtins builtins(fact);
  CHECK(builtins.has_column("pg_database.datname"));
  CHECK(builtins.has_column("pg_stat_ssl.pid"));
  CHECK_FALSE(builtins.has_column("pg_database.dat"));
  CHECK(builtins.type_of_column("pg_database.datcollate") == "text");
  CHECK(builtins.type_of_column("pg_stat_ssl.pid").empty());
  CHECK(builtins.type_of_column("pg_database.none").empty());
  CHECK(builtins.columns_of("pg_database") == std::vector<std::string_view>{"datname", "datcollate"});
  CHECK(builtins.columns_of("pg_stat").empty());
  fact.functions = "pg_get_keywords()\t0\tword text, catcode \"char\"\nended(integer, bigint)\t1";
  const Builtins more(fact);
  CHECK(more.columns_of_function("pg_get_keywords()") == "word text, catcode \"char\"");
  CHECK(more.columns_of_function("ended(integer, bigint)").empty());
  CHECK(more.columns_of_function("none()").empty());
  CHECK(more.takes_call("pg_get_keywords()"));
  CHECK(more.takes_call("ended(integer)"));
  BuiltinsFact before = fact;
  before.columns = "pg_database.datname\tname\npg_database.datcollate\tname\npg_database.datlastsysoid\toid";
  const RemovedNames removed = removed_names(made(before), made(fact), {}, 13, 15);
  CHECK(removed.columns == std::map<std::string, std::set<std::string>>{{"pg_database", {"datlastsysoid"}}});
}

TEST_CASE("removed names: only what is gone under every signature, and not what the database has itself") {
  BuiltinsFact before = some_server();
  before.functions += "\npg_is_in_backup()\t0\npg_stop_backup()\t0\npg_stop_backup(boolean, boolean)\t0\nnow(integer)\t0";
  before.operators += "\n@(box, box)\n!(bigint, NONE)\n!!(NONE, bigint)\n~(box, box)";
  before.columns += "\npg_database.datlastsysoid";
  before.settings += "\nold_setting";
  CodeFacts code;
  code.own_functions = {"pg_stop_backup"};
  RemovedNames removed = removed_names(made(before), made(some_server()), code, 13, 15);
  CHECK(removed.functions == std::set<std::string>{"pg_is_in_backup"});
  CHECK(removed.columns == std::map<std::string, std::set<std::string>>{{"pg_database", {"datlastsysoid"}}});
  CHECK(removed.settings == std::set<std::string>{"old_setting"});
  CHECK(removed.infix == std::set<std::string>{"@"});
  CHECK(removed.postfix == std::set<std::string>{"!"});
  CHECK(removed.prefix.empty());
  CHECK(removed.junk_after_numbers);
  CHECK(removed.numeric_extract);
  CHECK(pattern_of(removed).find("pg_is_in_backup|datlastsysoid|old_setting") != std::string::npos);
  // Whoever may not see all settings can't tell which are gone.
  BuiltinsFact hidden = some_server();
  hidden.settings.clear();
  CHECK(removed_names(made(before), made(hidden), code, 14, 14).settings.empty());
  CHECK(removed_names(made(before), made(before), code, 15, 16).empty());
}

// What is pure in the comparison: merging, the forms of an expression, versions, sums of hashes.
#include <catch2/catch.hpp>

#include "engine/postgres/catalogue.hpp"
#include "engine/postgres/content.hpp"

using namespace pgconvoy;

namespace {

std::vector<CatalogueEntry> shop() {
  return {{"schema", "shop", "", "owner alice", ""},
          {"table", "shop.orders", "schema shop", "owner alice", ""},
          {"column", "shop.orders.id", "table shop.orders", "position 1; integer", ""},
          {"comment", "table shop.orders", "table shop.orders", "what was bought", ""},
          {"function", "shop.total()", "schema shop", "owner alice; language sql", "select 1\nselect 2\nselect 3"}};
}

std::vector<std::string> lines_of(const std::vector<std::string>& pages) {
  std::vector<std::string> lines;
  LargeObjectLines reader;
  const LargeObjectLines::Emit emit = [&](std::string_view line) { lines.emplace_back(line); };
  for (const auto& page : pages) reader.feed(page, emit);
  reader.finish(emit);
  return lines;
}

}  // namespace

TEST_CASE("compare: equal catalogues in another order have no difference") {
  auto target = shop();
  std::reverse(target.begin(), target.end());
  const auto merged = merge_catalogues(shop(), target);
  CHECK(merged.differences.empty());
  CHECK(merged.objects == 5);
}

TEST_CASE("compare: a changed definition is told once with both texts") {
  auto target = shop();
  target[2].definition = "position 1; bigint";
  const auto merged = merge_catalogues(shop(), target);
  REQUIRE(merged.differences.size() == 1);
  CHECK(merged.differences[0].kind == "column");
  CHECK(merged.differences[0].object == "shop.orders.id");
  CHECK(merged.differences[0].source == "position 1; integer");
  CHECK(merged.differences[0].target == "position 1; bigint");
}

TEST_CASE("compare: a missing table is one difference, with the number of what is missing along with it") {
  auto target = shop();
  target.erase(target.begin() + 1, target.begin() + 4);
  const auto merged = merge_catalogues(shop(), target);
  REQUIRE(merged.differences.size() == 1);
  CHECK(merged.differences[0].object == "shop.orders");
  CHECK(merged.differences[0].source == "owner alice (and 2 more that belong to it)");
  CHECK(merged.differences[0].target.empty());
}

TEST_CASE("compare: against an empty database the outermost objects are named") {
  const auto merged = merge_catalogues({}, shop());
  REQUIRE(merged.differences.size() == 1);
  CHECK(merged.differences[0].kind == "schema");
  CHECK(merged.differences[0].target == "owner alice (and 4 more that belong to it)");
}

TEST_CASE("compare: a comment that names itself as its parent is reported") {
  auto source = shop();
  source.push_back({"acl", "schema shop", "schema shop", "bob: USAGE", ""});
  const auto merged = merge_catalogues(source, shop());
  REQUIRE(merged.differences.size() == 1);
  CHECK(merged.differences[0].kind == "acl");
}

TEST_CASE("compare: what is hidden is compared and not shown") {
  auto target = shop();
  target[4].hidden = "select 1\nselect 'secret'\nselect 3";
  const auto merged = merge_catalogues(shop(), target);
  REQUIRE(merged.differences.size() == 1);
  CHECK(merged.differences[0].source.find("select") == std::string::npos);
  CHECK(merged.differences[0].target.find("secret") == std::string::npos);
  CHECK(merged.differences[0].target.find("from line 2 on") != std::string::npos);
}

TEST_CASE("compare: an extension may be newer on the target, not older") {
  const std::vector<CatalogueEntry> older = {{"extension version", "hstore", "", "1.7", ""}};
  const std::vector<CatalogueEntry> newer = {{"extension version", "hstore", "", "1.10", ""}};
  CHECK(merge_catalogues(older, newer).differences.empty());
  CHECK(merge_catalogues(newer, older).differences.size() == 1);
}

TEST_CASE("compare: versions are ordered by their numbers") {
  CHECK(compare_versions("1.9", "1.10") == -1);
  CHECK(compare_versions("1.10", "1.9") == 1);
  CHECK(compare_versions("3.3.2", "3.3.2") == 0);
  CHECK(compare_versions("1.0", "1.0.1") == -1);
  CHECK(compare_versions("2.01", "2.1") == 0);
}

TEST_CASE("compare: casts of array constructors are pushed into the elements as the parser does") {
  CHECK(push_array_casts("((s)::text = ANY ((ARRAY['a'::character varying, 'b,]'::character varying])::text[]))") ==
        "((s)::text = ANY (ARRAY[('a'::character varying)::text, ('b,]'::character varying)::text]))");
  CHECK(push_array_casts("(ARRAY['it''s'::app.x])::numeric(3,1)[]") == "ARRAY[('it''s'::app.x)::numeric(3,1)]");
  CHECK(push_array_casts("(ARRAY[f(a, b), c[1]])::\"T \"\"x\"[] AND x") ==
        "ARRAY[(f(a, b))::\"T \"\"x\", (c[1])::\"T \"\"x\"] AND x");
  for (const char* kept : {"ARRAY[1, 2]", "(ARRAY[1, 2])", "'(ARRAY[1])::text[]'", "(ARRAY[1])::text", "(ARRAY[1, 2",
                           "\"(ARRAY[\"", "E'\\'(ARRAY[1])::text[]'"})
    CHECK(push_array_casts(kept) == kept);
}

TEST_CASE("compare: a view of one relation is the same with and without the relation's name before columns") {
  const char* old_server = "SELECT c.id, c.c, 'c.x' AS t FROM app.customers c WHERE f(c.\"X y\") > 1;";
  CHECK(same_but_for_qualifier(old_server, "SELECT id, c, 'c.x' AS t FROM app.customers c WHERE f(\"X y\") > 1;"));
  CHECK(same_but_for_qualifier("SELECT id FROM t", "SELECT t.id FROM t"));
  CHECK_FALSE(same_but_for_qualifier(old_server, "SELECT id, c, 'x' AS t FROM app.customers c WHERE f(\"X y\") > 1;"));
  CHECK_FALSE(same_but_for_qualifier("SELECT a.id FROM a, b", "SELECT b.id FROM a, b"));
  CHECK_FALSE(same_but_for_qualifier("SELECT a.id, b.id FROM a, b", "SELECT id, id FROM a, b"));
  CHECK_FALSE(same_but_for_qualifier("SELECT a.id", "SELECT a.id FROM x"));
}

TEST_CASE("compare: what of the system has only got further columns") {
  const SystemTypes before = {{"pg_database", "oid oid\ndatname name\ndatcollate name"}, {"pg_locks", "locktype text\npid integer"}, {"pg_same", "a oid"},
                              {"pg_lock_status()", "a text\nb integer"},        {"pg_get_keywords()", "word text\ncatdesc text"}, {"pg_both(integer)", "a text"},
                              {"pg_both(text)", "a text"},                       {"pg_gone", "a oid"}, {"pg_less", "a oid\nb oid"}};
  const SystemTypes after = {{"pg_database", "oid oid\ndatname name\nprovider \"char\"\ndatcollate text"}, {"pg_locks", "locktype text\npid integer\nwaitstart timestamp with time zone"},
                             {"pg_same", "a text"}, {"pg_lock_status()", "a text\nb integer\nc xid"}, {"pg_get_keywords()", "word text\nbare boolean\ncatdesc text"},
                             {"pg_both(integer)", "a text\nb text"}, {"pg_both(text)", "b text"}, {"pg_less", "a oid"}};
  CHECK(grown_objects(before, after) == GrownObjects{"pg_lock_status", "pg_locks"});
  CHECK(grown_objects({}, {}).empty());
}

TEST_CASE("compare: names by position may be more behind what has grown, and nowhere else") {
  const auto same = [](const char* source, const char* target) { return same_positions(source, target, {"pg_lock_status", "pg_locks"}); };
  CHECK(same("SELECT 1", "SELECT (d.datcollate)::text AS c FROM d"));
  CHECK(same("SELECT l.a FROM pg_lock_status() l(a, b) WHERE l.b", "SELECT l.a FROM pg_lock_status() l(a, b, \"c d\") WHERE l.b"));
  CHECK(same("SELECT d.x FROM pg_locks d(x, y)", "SELECT d.x FROM pg_locks d(x, y, waitstart)"));
  CHECK(same("SELECT d.x FROM mine d(x, y)", "SELECT (d.x)::text AS x FROM mine d(x, y)"));
  CHECK_FALSE(same("SELECT l.a FROM pg_lock_status() l(a, b, c)", "SELECT l.a FROM pg_lock_status() l(a, b)"));
  CHECK_FALSE(same("SELECT l.a FROM pg_lock_status() l(a, b)", "SELECT l.a FROM pg_lock_status() l(a, c, b)"));
  CHECK_FALSE(same("SELECT k.a FROM pg_get_keywords() k(a)", "SELECT k.a FROM pg_get_keywords() k(a, b)"));
  CHECK_FALSE(same("SELECT s.a FROM app.pg_lock_status() s(a)", "SELECT s.a FROM app.pg_lock_status() s(a, b)"));
  CHECK_FALSE(same("SELECT t.a FROM app.pg_locks t(a, b)", "SELECT t.a FROM app.pg_locks t(a, b, c)"));
  CHECK_FALSE(same("SELECT j.x FROM (pg_locks a JOIN t b ON ((a.oid = b.oid))) j(x, y)", "SELECT j.x FROM (pg_locks a JOIN t b ON ((a.oid = b.oid))) j(x, y, z)"));
  CHECK_FALSE(same("SELECT f(a, b)", "SELECT f(a, b, c)"));
  CHECK_FALSE(same("SELECT 1", "SELECT f(a)"));
  for (const char* odd : {")", "(", "f(", "f(a", "f(a,", ") l(a", "f(a))", "", "l(a)"}) CHECK(same(odd, odd));
}

TEST_CASE("compare: the parts of a view's definition") {
  const ViewParts parts = view_parts("owner \"a; columns (\"; options x=1; columns (a numeric(10,2), \"b)\" text);  SELECT 1 AS a;");
  CHECK(parts.rest == "owner \"a; columns (\"; options x=1");
  CHECK(parts.columns == "a numeric(10,2), \"b)\" text");
  CHECK(parts.query == " SELECT 1 AS a;");
  for (const char* other : {"", "owner a", "owner a; columns (", "owner a; columns (x y)", "owner a; columns (x y) SELECT"}) CHECK(view_parts(other).query.empty());
}

TEST_CASE("compare: a long definition is cut around the difference, on characters") {
  const std::string head(300, 'x');
  const auto text = shorten_definition(head + "é1" + std::string(300, 'y'), head + "é2" + std::string(300, 'y'));
  CHECK(text.size() < 220);
  CHECK(text.find("é1") != std::string::npos);
  CHECK(shorten_definition("a\n\x1b[31m", "") == "a  [31m");
}

TEST_CASE("compare: sums do not depend on order, count repeated rows, and carry over 64 bits") {
  const std::uint64_t seed = 7;
  RowSum forth, back, twice;
  for (const char* row : {"1\ta\n", "2\tb\n", "3\tc\n"}) forth.add(hash_row(row, seed), 4);
  for (const char* row : {"3\tc\n", "1\ta\n", "2\tb\n"}) back.add(hash_row(row, seed), 4);
  for (const char* row : {"1\ta\n", "1\ta\n", "3\tc\n"}) twice.add(hash_row(row, seed), 4);
  CHECK(forth == back);
  CHECK(forth.rows == 3);
  CHECK(forth.bytes == 12);
  CHECK_FALSE(forth == twice);
  RowSum carried;
  carried.add({0, ~0ULL}, 0);
  carried.add({0, 1}, 0);
  CHECK(carried.checksum() == "00000000000000010000000000000000");
  CHECK_FALSE(hash_row("1\n", 1) == hash_row("1\n", 2));
}

TEST_CASE("compare: small tables share a message, large ones and large objects do not") {
  std::vector<ContentItem> items(200);
  items[0].size = 100 << 20;
  items[1].size = 40 << 20;
  items[2].size = 20 << 20;
  items[3].size = 20 << 20;
  items[199].large_objects = true;
  const auto result = batches(items);
  REQUIRE(result.size() == 8);
  CHECK(result[0] == std::vector<std::size_t>{0});
  CHECK(result[1] == std::vector<std::size_t>{1});
  CHECK(result[2] == std::vector<std::size_t>{2});
  CHECK(result[3].size() == 64);
  CHECK(result[7] == std::vector<std::size_t>{199});
  std::size_t count = 0;
  for (const auto& batch : result) count += batch.size();
  CHECK(count == 200);
}

TEST_CASE("compare: a sparse large object and its restored copy give the same lines") {
  const std::string zeros(4096, '0');
  const auto sparse = lines_of({"7\t1\t\\\\x0100\n"});
  const auto restored = lines_of({"7\t0\t\\\\x" + zeros + "\n", "7\t1\t\\\\x0100\n"});
  CHECK(sparse == restored);
  CHECK(sparse == std::vector<std::string>{"7\t1\t\\\\x01\n", "7\tlength\t2050\n"});
  CHECK(lines_of({"7\t1\t\\\\x010000\n"}) != sparse);
  CHECK(lines_of({"7\t0\t\\\\x01\n", "8\t0\t\\\\x02\n"}).size() == 4);
  CHECK(lines_of({}).empty());
}

TEST_CASE("compare: columns in another order are read in the source's order") {
  const Dialect old_server{130000, 150000, true, {}}, new_server{150000, 130000, false, {}};
  const ContentTable source{"a.t", {"x", "y"}, {"y"}, false, "", 10}, same = source;
  ContentTable turned = source, other = source, generated = source;
  turned.columns = {"y", "x"};
  other.columns = {"x", "z"};
  generated.generated = true;
  auto items = plan_content({source}, {turned}, old_server, new_server);
  REQUIRE(items.size() == 3);
  CHECK(items[0].source_sql == "COPY a.t TO STDOUT");
  CHECK(items[0].target_sql == "COPY a.t (\"x\", \"y\") TO STDOUT");
  CHECK(items[0].key_fields == std::vector<std::size_t>{1});
  CHECK(plan_content({source}, {same}, old_server, new_server)[0].target_sql == "COPY a.t TO STDOUT");
  CHECK(plan_content({source}, {generated}, old_server, new_server)[0].source_sql ==
        "COPY (SELECT \"x\", \"y\" FROM ONLY a.t ) TO STDOUT");
  CHECK(plan_content({source}, {other}, old_server, new_server).size() == 2);
  CHECK(plan_content({source}, {}, old_server, new_server).size() == 2);
}

TEST_CASE("compare: numbers for people have separators") {
  CHECK(with_separators(7) == "7");
  CHECK(with_separators(204) == "204");
  CHECK(with_separators(1204) == "1,204");
  CHECK(with_separators(1234567) == "1,234,567");
}

#include "engine/platform/pgbouncer_file.hpp"

#include "engine/platform/places.hpp"
#include "tests/support/catch.hpp"

using namespace pgconvoy;

namespace {

// With what pgbouncer 1.18 was seen to accept: spaces around `=`, a comment, '' in quotes, an unquoted quote, other sections.
const std::string kFile =
    "; pools of the shop\n"
    "[databases]\n"
    "shop = host=10.0.0.1 port=5433 dbname=shop_live pool_size=5   \n"
    "  shop-ro=dbname='it''s a shop'  host = 10.0.0.2 auth_user=looker\n"
    "\n"
    "bare =\n"
    "socket = host=/run/postgresql dbname=a\"b'c\n"
    "#shop = host=nowhere\n"
    "* = host=10.0.0.9\n"
    "[pgbouncer]\n"
    "shop = not an alias\n"
    "pool_mode = transaction";

std::string line_with(const std::string& text, const std::string& begin) {
  const auto at = text.find("\n" + begin);
  REQUIRE(at != std::string::npos);
  return text.substr(at + 1, text.find('\n', at + 1) - at - 1);
}

std::string repointed(const std::string& text, const std::string& alias, const PoolerPlace& place) {
  PgbouncerFile file(text);
  const auto done = file.repoint(alias, place);
  REQUIRE(done);
  CHECK(*file.place(alias) == place);
  return file.text();
}

}  // namespace

TEST_CASE("pgbouncer file: an alias is found as pgbouncer reads its line") {
  const PgbouncerFile file(kFile);
  CHECK(*file.place("shop") == PoolerPlace{"10.0.0.1", "5433", "shop_live"});
  CHECK(*file.place("shop-ro") == PoolerPlace{"10.0.0.2", "5432", "it's a shop"});
  CHECK(*file.place("bare") == PoolerPlace{"", "5432", "bare"});
  CHECK(*file.place("socket") == PoolerPlace{"/run/postgresql", "5432", "a\"b'c"});
  CHECK(file.place("pool_mode").error().kind == ErrorKind::not_found);
  CHECK(file.place("nobody").error().kind == ErrorKind::not_found);
  CHECK(file.place("*").error().kind == ErrorKind::not_found);
}

TEST_CASE("pgbouncer file: repointing changes where one line leads, and nothing else") {
  const std::string changed = repointed(kFile, "shop", {"10.1.1.1", "6000", "shop_live"});
  CHECK(line_with(changed, "shop =") == "shop = host=10.1.1.1 port=6000 dbname=shop_live pool_size=5   ");
  CHECK(repointed(changed, "shop", {"10.0.0.1", "5433", "shop_live"}) == kFile);

  const std::string quoted = repointed(kFile, "shop-ro", {"10.1.1.1", "6000", "o'clock"});
  CHECK(line_with(quoted, "  shop-ro") == "  shop-ro=dbname='o''clock'  host = 10.1.1.1 auth_user=looker port=6000");
  CHECK(quoted.substr(quoted.find("\n\nbare")) == kFile.substr(kFile.find("\n\nbare")));
}

TEST_CASE("pgbouncer file: what a line leaves to a default is written when it is another, and a socket has no host") {
  CHECK(line_with(repointed(kFile, "bare", {"h", "5432", "bare"}), "bare") == "bare =host=h");
  CHECK(line_with(repointed(kFile, "bare", {"h", "1", "x y"}), "bare") == "bare =host=h port=1 dbname='x y'");
  CHECK(line_with(repointed(kFile, "shop", {"", "5433", "shop_live"}), "shop =") == "shop = port=5433 dbname=shop_live pool_size=5   ");
  CHECK(line_with(repointed(kFile, "shop", {"h", "5433", "'q"}), "shop =") == "shop = host=h port=5433 dbname='''q' pool_size=5   ");
}

TEST_CASE("pgbouncer file: an alias leads there and back, whatever the database is called") {
  for (const char* name : {"\"; DROP DATABASE postgres; --", "host=nowhere port=1", "Größe & 🚀", "back\\slash 'quote' %s", " edge ", "x=y"}) {
    INFO(name);
    const std::string there = repointed(kFile, "shop", {"127.0.0.1", "7", name});
    CHECK(PgbouncerFile(there).place("shop-ro")->database == "it's a shop");
    CHECK(repointed(there, "shop", {"10.0.0.1", "5433", "shop_live"}).find("host=10.0.0.1 port=5433") != std::string::npos);
  }
}

TEST_CASE("pgbouncer file: what can't be changed safely is refused and left as it is") {
  PgbouncerFile twice("[databases]\na = host=1\na = host=2\n");
  CHECK(twice.place("a").error().kind == ErrorKind::conflict);
  PgbouncerFile broken("a = host='1\nb = host= \nc = host\n");
  for (const char* alias : {"a", "b", "c"}) CHECK(broken.place(alias).error().kind == ErrorKind::corrupt);
  PgbouncerFile file(kFile);
  CHECK(file.repoint("shop", {"h", "1", "line\nbreak"}).error().kind == ErrorKind::usage);
  CHECK(file.repoint("nobody", {"h", "1", "x"}).error().kind == ErrorKind::not_found);
  CHECK(file.text() == kFile);
}

TEST_CASE("pgbouncer file: a part that is included into [databases] has no header; names may be quoted by later releases") {
  CHECK(PgbouncerFile("a = host=h\n").place("a")->host == "h");
  CHECK(PgbouncerFile("'we ird' = host=h").place("we ird")->host == "h");
  CHECK(PgbouncerFile("\"we \"\"ird\" = host=h").place("we \"ird")->host == "h");
  CHECK(PgbouncerFile("[databases] a = host=h").place("a")->host == "h");
}

TEST_CASE("places: one address in its different spellings") {
  CHECK(same_address("localhost:5432", "127.0.0.1:5432"));
  CHECK(same_address("LOCALHOST:5432", "::1:5432"));
  CHECK_FALSE(same_address("localhost:5432", "localhost:5433"));
  CHECK_FALSE(same_address("db.example:5432", "10.0.0.1:5432"));
}

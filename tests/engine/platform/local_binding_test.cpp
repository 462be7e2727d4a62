#include "engine/platform/local_binding.hpp"

#include "tests/support/catch.hpp"

using namespace pgconvoy;

namespace {

ConnectionSpec place(std::string host, std::string port, std::string user, std::string password, std::string database) {
  ConnectionSpec connection;
  connection.keywords = {{"host", host}, {"port", port}, {"user", user}, {"dbname", database}};
  connection.password = Secret(std::move(password));
  return connection;
}

const Binding one_url{"shop-db", {{"DATABASE_URL", "url"}}};

std::string rewritten(const std::string& url, const ConnectionSpec& connection) {
  EnvFile file("DATABASE_URL=" + url + "\n");
  auto written = write_into(file, one_url, connection, "environment shop: env");
  REQUIRE(written);
  return *file.get("DATABASE_URL");
}

}  // namespace

TEST_CASE("binding: a URL moves, its scheme and other parameters stay") {
  const auto there = place("10.0.0.7", "5415", "app", "new", "shop");
  CHECK(rewritten("postgresql://app:old@10.0.0.1:5413/shop", there) == "postgresql://app:new@10.0.0.7:5415/shop");
  CHECK(rewritten("postgres://app:old@db/shop?sslmode=require&application_name=a%20b&schema=x", there) ==
        "postgres://app:new@10.0.0.7:5415/shop?sslmode=require&application_name=a%20b&schema=x");
  CHECK(rewritten("postgis://app:o?ld@db/shop", there) == "postgis://app:new@10.0.0.7:5415/shop");
  CHECK(rewritten("postgresql+asyncpg://app:old@db/shop", there) == "postgresql+asyncpg://app:new@10.0.0.7:5415/shop");
  CHECK(rewritten("postgresql:///shop?host=/run/pg&port=5413&user=app&password=old", there) ==
        "postgresql:///shop?host=10.0.0.7&port=5415&user=app&password=new");
  CHECK(rewritten("jdbc:postgresql://db:5413/shop?user=app&password=old", there) ==
        "jdbc:postgresql://10.0.0.7:5415/shop?user=app&password=new");
  CHECK(rewritten("", there) == "postgresql://app:new@10.0.0.7:5415/shop");
}

TEST_CASE("binding: every byte of a name or password survives the way into a URL and out") {
  std::string all;
  for (int byte = 1; byte < 256; ++byte) all += static_cast<char>(byte);
  for (const std::string& text :
       {std::string("a b:c@d/e?f#g&h=i%j+k"), std::string("größe 💥"), std::string("\"; drop"), all}) {
    const auto connection = place("127.0.0.1", "5432", text, text, text);
    EnvFile file("DATABASE_URL=postgres://a:b@c/d?sslmode=disable\n");
    REQUIRE(write_into(file, one_url, connection, "w"));
    auto read = read_from(file, one_url, "w");
    if (text == all) continue;  // libpq may refuse what isn't UTF-8
    REQUIRE(read);
    CHECK(read->keywords["user"] == text);
    CHECK(read->keywords["dbname"] == text);
    CHECK(read->password.reveal() == text);
    CHECK(read->keywords["sslmode"] == "disable");
  }
}

TEST_CASE("binding: sockets, IPv6 and several hosts") {
  CHECK(rewritten("postgres://a:b@c/d", place("/run/pg", "5415", "app", "p", "d")) ==
        "postgres://app:p@%2Frun%2Fpg:5415/d");
  CHECK(rewritten("postgres://a:b@c/d", place("::1", "5415", "app", "p", "d")) == "postgres://app:p@[::1]:5415/d");
  CHECK(rewritten("postgres://a:b@c/d", place("h1,h2", "1,2", "app", "p", "d")) == "postgres://app:p@h1:1,h2:2/d");
}

TEST_CASE("binding: a URL that leads there already is not touched") {
  const std::string odd = "postgres://app:p%61ss@db:5432/shop?&sslmode=require";
  CHECK(rewritten(odd, place("db", "5432", "app", "pass", "shop")) == odd);
  const std::string without_port = "postgres://app:pass@db/shop";
  CHECK(rewritten(without_port, place("db", "5432", "app", "pass", "shop")) == without_port);
}

TEST_CASE("binding: single parts are read and written, other lines stay") {
  const Binding binding{"shop-db",
                        {{"PGHOST", "host"},
                         {"PGPORT", "port"},
                         {"PGUSER", "user"},
                         {"PGPASSWORD", "password"},
                         {"PGDATABASE", "database"}}};
  EnvFile file("# app\nPGHOST=db\nX=1\nPGPORT=5413\nPGUSER=app\nPGPASSWORD=it's = #raw\nPGDATABASE=shop\n");
  auto read = read_from(file, binding, "w");
  REQUIRE(read);
  CHECK(read->keywords["host"] == "db");
  CHECK(read->password.reveal() == "it's = #raw");
  auto moved = *read;
  moved.keywords["host"] = "new";
  moved.keywords.erase("port");
  REQUIRE(write_into(file, binding, moved, "w"));
  CHECK(file.text() == "# app\nPGHOST=new\nX=1\nPGPORT=5432\nPGUSER=app\nPGPASSWORD=it's = #raw\nPGDATABASE=shop\n");
}

TEST_CASE("binding: a password kept apart stays out of the URL") {
  const Binding binding{"shop-db", {{"DATABASE_URL", "url"}, {"DATABASE_PASSWORD", "password"}}};
  EnvFile file("DATABASE_URL=postgres://app@db/shop\nDATABASE_PASSWORD=old\n");
  auto read = read_from(file, binding, "w");
  REQUIRE(read);
  CHECK(read->password.reveal() == "old");
  REQUIRE(write_into(file, binding, place("new", "5415", "app", "secret", "shop"), "w"));
  CHECK(file.text() == "DATABASE_URL=postgres://app@new:5415/shop\nDATABASE_PASSWORD=secret\n");
}

TEST_CASE("binding: every variable of it is written, or none") {
  const Binding binding{"shop-db", {{"DATABASE_URL", "url"}, {"REPLICA_URL", "url"}, {"DB_PASSWORD", "password"}}};
  const std::string text = "DATABASE_URL=postgres://a:b@c/d\nREPLICA_URL=postgres://a:b@r/d\nDB_PASSWORD=b\n";
  EnvFile file(text);
  auto refused = write_into(file, binding, place("h", "1", "a", "line\nbreak", "d"), "environment shop: env");
  REQUIRE_FALSE(refused);
  CHECK(refused.error().kind == ErrorKind::refused);
  CHECK(file.text() == text);
  CHECK_FALSE(write_into(file, binding, place("h", "1", "a", "", "d"), "w"));
  CHECK(file.text() == text);
  REQUIRE(write_into(file, binding, place("h", "1", "a", "n", "d"), "w"));
  CHECK(file.text() == "DATABASE_URL=postgres://a:n@h:1/d\nREPLICA_URL=postgres://a:n@h:1/d\nDB_PASSWORD=n\n");
}

TEST_CASE("binding: errors name environment and variable, never a value") {
  EnvFile file("DATABASE_URL=postgresql://app:s3cret%zz@db/shop\n");
  auto unreadable = read_from(file, one_url, "environment shop: /srv/env");
  REQUIRE_FALSE(unreadable);
  CHECK(unreadable.error().kind == ErrorKind::corrupt);
  CHECK(describe(unreadable.error()).find("s3cret") == std::string::npos);
  CHECK(describe(unreadable.error()).find("environment shop: /srv/env: DATABASE_URL") == 0);
  auto absent = read_from(EnvFile("DATABASE_URL=\nOTHER=1\n"), one_url, "environment shop: /srv/env");
  REQUIRE_FALSE(absent);
  CHECK(absent.error().kind == ErrorKind::not_found);
  CHECK(places_in(file, one_url).at("DATABASE_URL") == "not a PostgreSQL URL");
}

TEST_CASE("binding: places show address and database, no user and no password") {
  const Binding binding{"shop-db", {{"URL", "url"}, {"DB", "database"}, {"USER", "user"}, {"PW", "password"}}};
  const auto places =
      places_in(EnvFile("URL=postgres://app:s3cret@127.0.0.1:5433/shop\nDB=shop\nUSER=app\nPW=s3cret\n"), binding);
  CHECK(places == std::map<std::string, std::string>{{"URL", "127.0.0.1:5433/shop"}, {"DB", "shop"}});
}

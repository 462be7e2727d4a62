#include "engine/postgres/connection.hpp"

#include "tests/support/catch.hpp"

using namespace pgconvoy;

TEST_CASE("connection: a URL and keywords mean the same") {
  auto url = parse_connection("east", "postgresql://admin@db.example:5433/app%20one?sslmode=require");
  REQUIRE(url);
  CHECK(
      url->keywords ==
      std::map<std::string, std::string>{
          {"host", "db.example"}, {"port", "5433"}, {"user", "admin"}, {"dbname", "app one"}, {"sslmode", "require"}});
  auto words = parse_connection("east", "host=db.example port=5433 user=admin dbname='app one' sslmode=require");
  REQUIRE(words);
  CHECK(words->keywords == url->keywords);
  CHECK(url->address() == "db.example:5433");
  CHECK(url->server == "east");
}

TEST_CASE("connection: a password in it is refused, and not repeated") {
  for (const char* text :
       {"postgresql://admin:hunter2@db/app", "host=db password=hunter2", "postgresql://db/app?password=hunter2",
        "postgresql://admin:hun%zzhunter2@db/app", "password=a hunter2", "password='hunter2",
        "host=db sslpassword=hunter2", "postgresql://admin:x@db/app?hunter2=1"}) {
    INFO(text);
    auto parsed = parse_connection("east", text);
    REQUIRE_FALSE(parsed);
    CHECK(parsed.error().kind == ErrorKind::usage);
    CHECK(describe(parsed.error()).find("hunter2") == std::string::npos);
  }
  CHECK_THAT(parse_connection("east", "host=db password=x").error().remedy, Catch::Contains("passfile"));
}

TEST_CASE("connection: a mistake without a password in reach is named") {
  CHECK_THAT(parse_connection("east", "host=db colour=red").error().message, Catch::Contains("colour"));
}

TEST_CASE("connection: a platform's URL keeps its password apart, and is made again from it") {
  const std::string text = "postgresql://ap%40p:p%2Fw%3A%25@db:5433/shop%3F?sslmode=require";
  auto parsed = parse_connection_with_password("east", text);
  REQUIRE(parsed);
  CHECK(parsed->password.reveal() == "p/w:%");
  CHECK_FALSE(parsed->keywords.contains("password"));
  CHECK(parsed->conninfo().find("p/w") == std::string::npos);
  CHECK(make_url(*parsed).reveal() == text);
}

TEST_CASE("connection: a URL survives a round trip, whatever is in it") {
  for (const char* host : {"/run/postgresql", "db", "a,b", "::1"}) {
    ConnectionSpec spec;
    spec.keywords = {{"host", host}, {"port", "6000"}, {"user", "ü\"; drop"}, {"dbname", "a/b?c=d&e%"}};
    if (std::string(host) == "a,b") spec.keywords["port"] = "6000,6001";
    spec.password = Secret("p'@:/\\ %");
    auto parsed = parse_connection_with_password("", make_url(spec).reveal());
    REQUIRE(parsed);
    CHECK(parsed->keywords == spec.keywords);
    CHECK(parsed->password == spec.password);
  }
}

TEST_CASE("connection: conninfo is quoted as libpq reads it") {
  ConnectionSpec spec;
  spec.keywords = {{"host", "db"}, {"dbname", "it's \\ \"; drop"}};
  CHECK(spec.conninfo() == R"(dbname='it\'s \\ "; drop' host='db')");
  CHECK(parse_connection("", spec.conninfo())->keywords == spec.keywords);
}

TEST_CASE("connection: the address of what has no host") {
  ConnectionSpec spec;
  CHECK(spec.address() == "local:5432");
  spec.keywords = {{"host", "::1"}, {"port", "5433"}};
  CHECK(spec.address() == "[::1]:5433");
  spec.keywords = {{"service", "east"}};
  CHECK(spec.address() == "service east");
}

TEST_CASE("connection: another database or user is a copy") {
  ConnectionSpec spec;
  spec.keywords = {{"user", "admin"}, {"dbname", "a"}};
  CHECK(spec.with_database("b").keywords.at("dbname") == "b");
  const auto other = spec.with_user("tenant", Secret("x"));
  CHECK(other.keywords.at("user") == "tenant");
  CHECK(other.password.reveal() == "x");
  CHECK(spec.keywords.at("user") == "admin");
}

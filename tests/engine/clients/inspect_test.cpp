#include "engine/clients/inspect.hpp"

#include "engine/clients/libpq_version.hpp"
#include "engine/clients/native_search.hpp"
#include "engine/clients/path_rules.hpp"
#include "tests/engine/clients/made_archives.hpp"
#include "tests/support/catch.hpp"

using namespace pgconvoy;
using namespace pgconvoy::clients;

namespace {

// "kind version scram", a line for each client that the file holds.
std::vector<std::string> found_in(const std::string& path, const std::string& content, std::size_t block = 65536) {
  auto source = memory_source(content, block);
  Inspection inspection;
  REQUIRE(inspect_file(path, *source, {}, inspection));
  std::vector<std::string> lines;
  for (const auto& client : inspection.clients) {
    CHECK(client.path.starts_with("/" + path));
    lines.push_back(client.kind + " " + client.version + " " + to_string(client.scram));
  }
  return lines;
}
using Lines = std::vector<std::string>;

const std::string kGoBegin("\x30\x77\xaf\x0c\x92\x74\x08\x02\x41\xe1\xc1\x07\xe6\xd6\x18\xe6", 16);
const std::string kGoEnd("\xf9\x32\x43\x31\x86\x18\x20\x72\x00\x82\x42\x10\x41\x16\xd8\xf2", 16);

std::string utf16(const std::string& text) {
  std::string wide;
  for (const char c : text) wide += {c, '\0'};
  return wide;
}

}  // namespace

TEST_CASE("inspect: a libpq by its name, judged by its content", "[clients]") {
  CHECK(found_in("usr/lib/libpq.so.5.9", made::old_libpq()) == Lines{"libpq 9.6 no"});
  CHECK(found_in("usr/lib/libpq.so.5.13", made::new_libpq()) == Lines{"libpq 13 yes"});
  // A release before 10 into which somebody carried SCRAM: what it can counts.
  CHECK(found_in("usr/lib/libpq.so.5.7", made::new_libpq()) == Lines{"libpq 9.4 yes"});
  CHECK(found_in("usr/lib/libpq.so.5", made::old_libpq()) == Lines{"libpq 9.2 to 9.6 no"});
  CHECK(found_in("x/psycopg2_binary.libs/libpq-e8a033dd.so.5.16", made::new_libpq()) == Lines{"libpq 16 yes"});
  CHECK(found_in("usr/lib/libpq.so.5.9", made::elf({"something else"})) == Lines{"libpq 9.6 unknown"});
  CHECK(found_in("usr/lib/libpq.so", "INPUT(libpq.so.5)") == Lines{});
}

TEST_CASE("inspect: what is only named a little like libpq isn't", "[clients]") {
  for (const char* name : {"libpqxx-6.4.so", "libpq-oauth-18.so", "libpqwalreceiver.so", "libpq.a", "libpq.so.5.9.debug", "mylibpq.so"})
    CHECK_FALSE(named_like_libpq(name));
}

TEST_CASE("inspect: libpq that is linked into a program", "[clients]") {
  CHECK(found_in("app/server", made::elf({"fe_sendauth: no password supplied", "PGREQUIREPEER"})) == Lines{"libpq 9.1 no"});
  CHECK(found_in("app/server", made::new_libpq()) == Lines{"libpq 13 yes"});
  // The words are there, but maybe for Kafka: an old libpq isn't helped by that.
  CHECK(found_in("app/server", made::elf({"fe_sendauth: no password supplied", "PGREQUIREPEER", "SCRAM-SHA-256"})) == Lines{"libpq 9.1 unknown"});
  CHECK(found_in("app/server", made::elf({"SCRAM-SHA-256", "PGSSLMODE"})) == Lines{});
  // A text that quotes the message is no program.
  CHECK(found_in("app/notes", "fe_sendauth: no password supplied") == Lines{});
}

TEST_CASE("native search: nothing is missed where two blocks meet", "[clients]") {
  const std::string program = made::elf({"fe_sendauth: no password supplied", "PGCHANNELBINDING", "SCRAM-SHA-256",
                                         "/root/.cargo/registry/src/index.crates.io-6f17d22bba15001f/tokio-postgres-0.7.10/src/client.rs"}, 50);
  for (std::size_t cut = 1; cut < program.size(); ++cut) {
    NativeSearch search;
    search.feed(std::string_view(program).substr(0, cut));
    search.feed(std::string_view(program).substr(cut));
    const NativeTraces traces = search.finish();
    INFO("cut at " << cut);
    REQUIRE(traces.scram);
    REQUIRE(traces.libpq);
    REQUIRE(traces.libpq_range() == "13");
    REQUIRE(traces.crates.size() == 1);
    REQUIRE(traces.crates[0].second == "0.7.10");
  }
  NativeSearch bytewise;
  for (const char& byte : program) bytewise.feed(std::string_view(&byte, 1));
  CHECK(bytewise.finish().libpq);
}

TEST_CASE("inspect: the modules of a Go program, however the blocks fall", "[clients]") {
  const std::string modules =
      "path\texample.org/shop\nmod\texample.org/shop\t(devel)\t\n"
      "dep\tgithub.com/jackc/pgx/v4\tv4.18.1\th1:abc=\ndep\tgithub.com/lib/pq\tv1.0.0\th1:abc=\n"
      "dep\tgithub.com/other/pq\tv1.0.0\th1:abc=\nbuild\tCGO_ENABLED=0\n";
  const std::string program = made::elf({"x"}, 500) + kGoBegin + modules + kGoEnd + std::string(500, 'y');
  for (const std::size_t block : {1, 13, 100, 65536})
    CHECK(found_in("app/shop", program, block) == Lines{"pgx v4.18.1 yes", "lib/pq v1.0.0 no"});
  // A module that was replaced by another version of itself.
  CHECK(found_in("shop", made::elf({}) + kGoBegin + "dep\tgithub.com/lib/pq\tv1.0.0\n=>\tgithub.com/fork/pq\tv1.10.9\th1:x\n" + kGoEnd) == Lines{"lib/pq v1.10.9 yes"});
  // Without an end it is no list.
  CHECK(found_in("shop", made::elf({}) + kGoBegin + modules) == Lines{});
}

TEST_CASE("inspect: a Go program without a list of modules, by its functions", "[clients]") {
  CHECK(found_in("app", made::elf({"github.com/lib/pq.(*conn).auth", "vendor/github.com/jackc/pgx.(*Conn).Close"})) == Lines{"lib/pq  no", "pgx  no"});
  CHECK(found_in("app", made::elf({"github.com/lib/pq.(*conn).auth", "github.com/lib/pq/scram.(*Client).Step"})) == Lines{"lib/pq  yes"});
  CHECK(found_in("app", made::elf({"github.com/jackc/pgx/v4/internal/x", "github.com/jackc/pgconn.(*PgConn).scramAuth"})) == Lines{"pgx  yes"});
  // Debian's builds have a list, but of no modules.
  CHECK(found_in("app", made::elf({"github.com/lib/pq.(*conn).auth"}) + kGoBegin + "path\tgithub.com/a/b\nbuild\t-trimpath=true\n" + kGoEnd) == Lines{"lib/pq  no"});
  CHECK(found_in("app", made::elf({"see github.com/lib/pq for more", "github.com/lib/pq/oid.Type"})) == Lines{});
}

TEST_CASE("inspect: crates of Rust by the paths in a program, and by Cargo.lock", "[clients]") {
  const std::string registry = "/usr/local/cargo/registry/src/github.com-1ecc6299db9ec823/";
  CHECK(found_in("app", made::elf({registry + "postgres-protocol-0.6.4/src/authentication/sasl.rs"})) == Lines{"rust-postgres 0.6.4 yes"});
  CHECK(found_in("app", made::elf({registry + "postgres-protocol-0.3.0/src/lib.rs" + registry + "tokio-postgres-0.3.0/src/lib.rs"})) == Lines{"tokio-postgres 0.3.0 no"});
  CHECK(found_in("src/Cargo.lock", "[[package]]\nname = \"postgres-protocol\"\nversion = \"0.2.2\"\n\n[[package]]\nname = \"sqlx-core\"\nversion = \"0.6.3\"\n") ==
        Lines{"rust-postgres 0.2.2 no", "sqlx 0.6.3 yes"});
}

TEST_CASE("inspect: packages of npm by their own description", "[clients]") {
  CHECK(found_in("app/node_modules/pg/package.json", R"({"name":"pg","version":"7.8.2"})") == Lines{"node-postgres 7.8.2 no"});
  CHECK(found_in("app/node_modules/pg/package.json", R"({"name":"pg","version":"7.9.0"})") == Lines{"node-postgres 7.9.0 yes"});
  CHECK(found_in("a/.pnpm/pg@8.11.3/node_modules/pg/package.json", R"({"name":"pg","version":"8.11.3"})") == Lines{"node-postgres 8.11.3 yes"});
  CHECK(found_in("app/node_modules/pg/package.json", R"({"name":"pg"})") == Lines{"node-postgres  unknown"});
  CHECK(found_in("app/node_modules/pg/package.json", R"({"name":"another"})") == Lines{});
  CHECK(found_in("app/pg/package.json", R"({"name":"pg","version":"7.8.2"})") == Lines{});
  CHECK(found_in(".yarn/cache/pg-npm-8.7.1-f2c5d0b7d6-5a5a5a.zip", "") == Lines{"node-postgres 8.7.1 yes"});
  auto source = memory_source("{not json");
  Inspection inspection;
  REQUIRE(inspect_file("node_modules/pg/package.json", *source, {}, inspection));
  CHECK(inspection.notes.size() == 1);
}

TEST_CASE("inspect: packages of Python, Ruby and Elixir by their paths", "[clients]") {
  CHECK(found_in("p/asyncpg-0.18.3.dist-info/METADATA", "") == Lines{"asyncpg 0.18.3 no"});
  CHECK(found_in("p/asyncpg-0.27.0.dist-info/METADATA", "") == Lines{"asyncpg 0.27.0 yes"});
  CHECK(found_in("p/asyncpg-0.27.0.dist-info/RECORD", "") == Lines{});
  CHECK(found_in("p/pg8000-1.12.5.dist-info/METADATA", "") == Lines{"pg8000 1.12.5 no"});
  CHECK(found_in("p/pg8000-1.29.4.egg-info/PKG-INFO", "") == Lines{"pg8000 1.29.4 yes"});
  CHECK(found_in("p/psycopg2-2.9.5.egg-info", "") == Lines{"psycopg2 2.9.5 unknown"});
  CHECK(found_in("p/asyncpg_listen-0.0.6.dist-info/METADATA", "") == Lines{});
  CHECK(found_in("lib/postgrex-0.13.5/ebin/postgrex.app", "") == Lines{"postgrex 0.13.5 no"});
  CHECK(found_in("gems/specifications/pg-1.5.4-x86_64-linux.gemspec", "") == Lines{"ruby-pg 1.5.4 unknown"});
  CHECK(found_in("gems/specifications/pg_search-2.3.0.gemspec", "") == Lines{});
}

TEST_CASE("inspect: pgjdbc by its name, by what it says of itself, in a jar of jars, and shaded", "[clients]") {
  CHECK(found_in("lib/postgresql-42.2.5.jar", "") == Lines{"pgjdbc 42.2.5 yes"});
  CHECK(found_in("lib/postgresql-42.2.0.jar", "") == Lines{"pgjdbc 42.2.0 no"});
  CHECK(found_in("lib/postgresql-9.4-1201.jdbc41.jar", "") == Lines{"pgjdbc 9.4-1201.jdbc41 no"});
  CHECK(found_in("lib/postgresql-42.2.5.jre7.jar", "") == Lines{"pgjdbc 42.2.5.jre7 no"});
  CHECK(found_in("lib/postgresql-42.2.8.jre7.jar", "") == Lines{"pgjdbc 42.2.8.jre7 yes"});
  CHECK(found_in("lib/postgresql-42.2.12.jre6.jar", "") == Lines{"pgjdbc 42.2.12.jre6 no"});
  CHECK(found_in("lib/postgresql-42.2.5-sources.jar", "") == Lines{});
  CHECK(found_in("lib/driver.jar", made::zip({{"META-INF/maven/org.postgresql/postgresql/pom.properties", "#x\nversion=42.2.1\n"}})) == Lines{"pgjdbc 42.2.1 yes"});
  CHECK(found_in("lib/driver.jar", made::zip({{"META-INF/MANIFEST.MF", "Bundle-SymbolicName: org.postgresql.jdbc\r\nBundle-Version: 42.1.4\r\n"}})) == Lines{"pgjdbc 42.1.4 no"});
  CHECK(found_in("shop.jar", made::zip({{"BOOT-INF/lib/postgresql-42.1.1.jar", "x"}, {"BOOT-INF/lib/r2dbc-postgresql-1.0.0.RELEASE.jar", "x"}})) ==
        Lines{"pgjdbc 42.1.1 no", "r2dbc-postgresql 1.0.0.RELEASE yes"});
  CHECK(found_in("shaded.jar", made::zip({{"org/postgresql/Driver.class", "x"}})) == Lines{"pgjdbc  no"});
  CHECK(found_in("shaded.jar", made::zip({{"org/postgresql/Driver.class", "x"}, {"org/postgresql/shaded/com/ongres/scram/client/ScramClient.class", "x"}})) == Lines{"pgjdbc  yes"});
  CHECK(found_in("other.jar", made::zip({{"org/example/Driver.class", "x"}})) == Lines{});
}

TEST_CASE("inspect: a jar that is damaged is noted, not failed upon", "[clients]") {
  std::string noise;
  for (unsigned i = 0, state = 7; i < 5000; ++i) noise += static_cast<char>((state = state * 1664525 + 1013904223) >> 24);
  const std::string jar = made::zip({{"a", noise}, {"BOOT-INF/lib/postgresql-42.1.1.jar", "x"}});
  auto source = memory_source(jar.substr(0, 2000));
  Inspection inspection;
  REQUIRE(inspect_file("shop.jar", *source, {}, inspection));
  CHECK(inspection.notes.size() == 1);
}

TEST_CASE("inspect: Npgsql by the library itself and by what a program rests on", "[clients]") {
  const std::string library = "MZ" + std::string(100, '\0') + utf16("ProductVersion") + std::string(4, '\0') + utf16("3.2.6+abc") + std::string(20, '\0');
  CHECK(found_in("app/Npgsql.dll", library) == Lines{"Npgsql 3.2.6 no"});
  CHECK(found_in("app/Npgsql.dll", "MZ" + utf16("SCRAM-SHA-256")) == Lines{"Npgsql  yes"});
  CHECK(found_in("app/shop.deps.json", R"({"libraries":{"Npgsql/4.0.3":{},"Npgsql.Other/1.0.0":{}}})") == Lines{"Npgsql 4.0.3 yes"});
}

TEST_CASE("libpq version: of this machine's own library, from its code", "[clients]") {
  auto source = open_file_source(std::filesystem::canonical("/usr/lib/x86_64-linux-gnu/libpq.so.5"));
  REQUIRE(source);
  const auto text = read_all(**source, 8 << 20, "libpq");
  REQUIRE(text);
  CHECK(lib_version_of(*text) / 10000 == 15);
  // Cut off or garbled anywhere it is only not known.
  for (std::size_t left = 0; left < text->size(); left += text->size() / 97) lib_version_of(text->substr(0, left));
  std::string garbled = *text;
  for (std::size_t i = 0; i < 64; ++i) {
    garbled[i] = static_cast<char>(garbled[i] ^ 0xff);
    lib_version_of(garbled);
    garbled[i] = (*text)[i];
  }
  CHECK(lib_version_of("") == 0);
  CHECK(version_text(90624) == "9.6.24");
  CHECK(version_text(150018) == "15.18");
  CHECK(version_by_name("libpq.so.5.9") == "9.6");
  CHECK(version_by_name("libpq.so.5.17") == "17");
  CHECK(version_by_name("libpq.so.5") == "");
}

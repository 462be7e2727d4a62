// Facts of every server of the laboratory, whatever its version: what was made by SQL must be found.
#include "engine/facts/gather.hpp"

#include <boost/asio/thread_pool.hpp>

#include <algorithm>

#include "engine/core/process.hpp"
#include "tests/server/engine/facts/facts_fixture.hpp"

using namespace pgconvoy;
using testing::run_on;

namespace {

constexpr const char* kDatabase = testing::kFactsDatabase;

bool contains(const std::vector<std::string>& list, const std::string& item) {
  return std::find(list.begin(), list.end(), item) != list.end();
}

template <class Function>
void on_every_server(Function function) {
  for (auto& server : testing::laboratory_servers()) {
    INFO("PostgreSQL " << server.major);
    testing::FactsFixture fixture(server);
    function(fixture);
  }
}

}  // namespace

TEST_CASE("gather_server: version, identity, rights, roles, databases, locales and free space") {
  on_every_server([](testing::FactsFixture& fixture) {
    auto session = fixture.open("postgres");
    const ServerFacts facts = fixture.server(*session);
    CHECK(facts.server == "here");
    CHECK(facts.reachable);
    CHECK(facts.version_number / 10000 == fixture.major());
    CHECK(facts.system_identifier.size() > 15);
    CHECK(facts.timeline >= 1);
    CHECK_FALSE(facts.in_recovery);
    CHECK(facts.superuser);
    CHECK(facts.max_connections > 0);
    CHECK(facts.max_locks_per_transaction > 0);
    CHECK_FALSE(facts.data_directory.empty());
    CHECK(facts.free_bytes.value_or(0) > 0);  // the laboratory is on this host
    CHECK(facts.settings.contains("max_wal_size"));
    CHECK((facts.extensions.contains("plpgsql") || !facts.extensions_unreadable_because.empty()));
    CHECK(facts.databases.at(kDatabase) == "facts_test_owner");
    CHECK(contains(facts.locales, "C"));

    const RoleFact& owner = facts.roles.at("facts_test_owner");
    CHECK(owner.login);
    CHECK(owner.verifier == "md5");
    CHECK(owner.connection_limit == 7);
    CHECK(owner.valid_until == "2040-01-02 03:04:05+00");
    CHECK(owner.settings == std::vector<std::string>{"work_mem=8MB"});
    CHECK(owner.member_of == std::vector<std::string>{"facts_test_group", "pg_monitor"});
    CHECK(owner.comment == "it's the owner");
    CHECK(facts.roles.at("facts_test_bare").verifier == "none");
    CHECK(facts.roles.at("facts_test_admin").verifier == "scram-sha-256");
    CHECK(facts.roles.at("facts_test_admin").create_role);
    CHECK_FALSE(facts.roles.at("facts_test_group").login);
    for (const auto& [name, role] : facts.roles)
      CHECK_FALSE((name.starts_with("pg_") || name.starts_with("pgconvoy_")));
    CHECK(json(facts).dump().find("aaaaaaaaaaaaaaaa") == std::string::npos);  // the verifier itself
  });
}

TEST_CASE("gather_server: without superuser the kind of a verifier is unreadable, and free space is not known") {
  on_every_server([](testing::FactsFixture& fixture) {
    auto session = fixture.open("postgres", "facts_test_admin");
    const ServerFacts facts = fixture.server(*session);
    CHECK_FALSE(facts.superuser);
    CHECK(facts.can_create_database);
    CHECK(facts.can_create_role);
    CHECK(facts.roles.at("facts_test_owner").verifier == "unreadable");
    CHECK(facts.roles.at("facts_test_bare").verifier == "unreadable");
    CHECK(facts.data_directory.empty());
    CHECK_FALSE(facts.free_bytes);
    const auto databases = fixture.databases(*session, {kDatabase});
    CHECK(databases.begin()->second.bytes > 1'000'000);  // CONNECT is public
  });
}

TEST_CASE("gather_databases: hostile names, settings, grants, sessions and what does not exist") {
  on_every_server([](testing::FactsFixture& fixture) {
    auto session = fixture.open("postgres");
    const auto found = fixture.databases(*session, {kDatabase, "not there", "template1"});
    REQUIRE(found.size() == 3);
    const DatabaseFacts& facts = found.at(std::string("instance of ") + kDatabase);
    CHECK(facts.exists);
    CHECK(facts.database == kDatabase);
    CHECK(facts.server == "here");
    CHECK(facts.state == "retired");
    CHECK(facts.oid > 16383);
    CHECK(facts.owner == "facts_test_owner");
    CHECK(facts.encoding == "UTF8");
    CHECK(facts.collate == "C");
    CHECK(facts.ctype == "C");
    CHECK(facts.locale_provider == "libc");
    CHECK(facts.comment == "a comment");
    CHECK(facts.tablespace == "pg_default");
    CHECK(facts.allows_connections);
    CHECK(facts.connection_limit == 9);
    CHECK(facts.acl.find("facts_test_group=c/facts_test_owner") != std::string::npos);
    CHECK(facts.settings == std::vector<std::string>{"work_mem=16MB"});
    CHECK(facts.role_settings.at("facts_test_bare") == std::vector<std::string>{"random_page_cost=2"});
    CHECK(facts.roles == std::vector<std::string>{"facts_test_bare", "facts_test_group", "facts_test_owner"});
    CHECK(facts.bytes > 1'000'000);
    CHECK(facts.sessions == 0);
    CHECK(found.at("instance of template1").is_template);
    CHECK_FALSE(found.at("instance of not there").exists);
    CHECK(found.at("instance of not there").database == "not there");
  });
}

TEST_CASE("gather_databases: sessions of others and prepared transactions") {
  on_every_server([](testing::FactsFixture& fixture) {
    auto session = fixture.open("postgres");
    auto other = fixture.open(kDatabase);
    CHECK(fixture.databases(*session, {kDatabase}).begin()->second.sessions == 0);  // ours are not counted
    fixture.execute(*other, "set application_name = 'shop'");
    const bool prepares = fixture.server(*session).settings.at("max_prepared_transactions") != "0";
    if (prepares) fixture.execute(*other, "begin; create table public.left_over (); prepare transaction 'it''s left'");
    const auto facts = fixture.databases(*session, {kDatabase}).begin()->second;
    CHECK(facts.sessions == 1);
    if (prepares) {
      CHECK(facts.prepared_transactions == std::vector<std::string>{"it's left"});
      fixture.execute(*other, "rollback prepared 'it''s left'");
    }
  });
}

TEST_CASE("gather_inside: counts, sizes, extensions and the roles that only the inside shows") {
  on_every_server([](testing::FactsFixture& fixture) {
    fixture.execute(kDatabase, R"sql(
      set role facts_test_owner;
      create schema app;
      create table app.orders (id bigint primary key, note text);
      create sequence app.numbers;
      create view app.all_orders as select * from app.orders;
      insert into app.orders select n, repeat('x', 100) from generate_series(1, 2000) n;
      select lo_from_bytea(0, 'large');
      create temporary table passing (n int);
    )sql");
    DatabaseFacts facts = fixture.inside();
    CHECK(facts.tables == 1);
    CHECK(facts.indexes == 1);
    CHECK(facts.sequences == 1);
    CHECK(facts.relations == 4);
    CHECK(facts.table_bytes > 200'000);
    CHECK(facts.index_bytes > 16'000);
    CHECK(facts.large_objects == 1);
    CHECK(facts.large_object_bytes > 0);
    REQUIRE(facts.extensions.size() == 1);
    CHECK(facts.extensions[0].name == "plpgsql");
    CHECK(facts.roles == std::vector<std::string>{"facts_test_bare", "facts_test_group", "facts_test_owner"});

    fixture.execute(kDatabase, "grant select on app.orders to postgres");
    CHECK(contains(fixture.inside().roles, "postgres"));
  });
}

TEST_CASE("gather_inside: sizes by files are those by relation but for maps and the index of TOAST") {
  on_every_server([](testing::FactsFixture& fixture) {
    fixture.execute(kDatabase, R"sql(
      create table public.documents (id bigint primary key, body text);
      alter table public.documents alter body set storage external;
      insert into public.documents select n, repeat('x', 5000) from generate_series(1, 400) n;
      create materialized view public.ids as select id from public.documents;
      create view public.titles as select left(body, 3) from public.documents;
      create table public.parts (n int) partition by list (n);
      create table public.empty (n int);
    )sql");
    const DatabaseFacts measured = fixture.inside(), by_files = fixture.inside(true);
    CHECK(by_files.index_bytes == measured.index_bytes);
    CHECK(by_files.table_bytes > 2'000'000);
    CHECK(by_files.table_bytes <= measured.table_bytes);
    CHECK(measured.table_bytes - by_files.table_bytes < 200'000);
    CHECK(by_files.relations == measured.relations);
  });
}

TEST_CASE("gather_inside: a database whose sessions act as another role by its own setting is read, too") {
  on_every_server([](testing::FactsFixture& fixture) {
    fixture.execute(kDatabase, "create table public.orders as select generate_series(1, 5000) n");
    fixture.execute("postgres", fmt::format("alter database {} set role = facts_test_owner", quote_identifier(kDatabase)));
    CHECK(fixture.inside(true).table_bytes > 100'000);
  });
}

TEST_CASE("gather_inside: an exclusive lock of a tenant is not waited for") {
  on_every_server([](testing::FactsFixture& fixture) {
    fixture.execute(kDatabase,
                    "create table public.busy (n int); insert into public.busy select generate_series(1, 1000)");
    auto tenant = fixture.open(kDatabase);
    fixture.execute(*tenant, "begin; lock table public.busy in access exclusive mode");
    CHECK(fixture.inside().tables == 1);
    CHECK(fixture.inside(true).table_bytes > 30'000);
    fixture.execute(*tenant, "rollback");
  });
}

TEST_CASE("gather_host: free space where the backups will be, and programs of the wanted version") {
  asio::io_context loop(1);
  asio::thread_pool pool(1);
  auto launcher = make_process_launcher();
  const int wanted = testing::laboratory_servers().back().major;
  auto facts = run_on(loop, gather_host(pool, *launcher, "/tmp/not/made/yet", wanted));
  REQUIRE(facts);
  CHECK(facts->backup_directory == "/tmp/not/made/yet");
  CHECK(facts->backup_free_bytes.value_or(0) > 0);
  if (facts->program_majors.contains("pg_dump")) CHECK(facts->program_majors.at("pg_dump") == wanted);

  auto none = run_on(loop, gather_host(pool, *launcher, "/tmp", 9));
  REQUIRE(none);
  CHECK(none->programs.empty());
}

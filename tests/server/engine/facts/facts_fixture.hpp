// One server of the laboratory with roles and a database made for the tests of the gatherers.
#pragma once

#include <boost/asio/thread_pool.hpp>

#include "engine/facts/gather.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/laboratory.hpp"
#include "tests/support/loop.hpp"

namespace pgconvoy::testing {

inline constexpr const char* kFactsDatabase = "facts \"test\" ü';--";

// One server with roles and a database made for the test, removed before and after it.
class FactsFixture {
 public:
  explicit FactsFixture(LaboratoryServer server) : server_(std::move(server)) {
    remove();
    execute("postgres", R"sql(
      create role facts_test_group nologin;
      create role facts_test_owner login password 'md5aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa' connection limit 7
             valid until '2040-01-02 03:04:05+00' in role facts_test_group, pg_monitor;
      comment on role facts_test_owner is 'it''s the owner';
      alter role facts_test_owner set work_mem = '8MB';
      create role facts_test_bare login;
      create role pgconvoy_facts_test;
      set password_encryption = 'scram-sha-256';
      create role facts_test_admin login createdb createrole password 'facts-test';
    )sql");
    execute("postgres", "create database " + name() +
                            " owner facts_test_owner template template0 encoding 'UTF8' "
                            "lc_collate 'C' lc_ctype 'C' connection limit 9");
    execute("postgres", "alter database " + name() +
                            " set work_mem = '16MB'; "
                            "alter role facts_test_bare in database " +
                            name() +
                            " set random_page_cost = 2; "
                            "grant connect on database " +
                            name() +
                            " to facts_test_group; "
                            "comment on database " +
                            name() + " is 'a comment'");
  }
  ~FactsFixture() { remove(); }

  SessionPtr open(const std::string& database, const std::string& user = {}) {
    SessionOptions options;
    options.lock_limit = Seconds(2);
    auto connection = server_.connection.with_database(database);
    if (!user.empty()) {
      connection = connection.with_user(user, Secret("facts-test"));
      connection.keywords.erase("passfile");
    }
    auto session = run_on(loop_, factory_->open(connection, options));
    REQUIRE(session);
    return *std::move(session);
  }
  void execute(Session& session, std::string sql) { REQUIRE(run_on(loop_, session.script(std::move(sql)))); }
  void execute(const std::string& database, std::string sql) { execute(*open(database), std::move(sql)); }

  ServerFacts server(Session& session) {
    auto facts = run_on(loop_, gather_server(session, "here"));
    REQUIRE(facts);
    return *facts;
  }
  std::map<std::string, DatabaseFacts> databases(Session& session, const std::vector<std::string>& names) {
    std::vector<Instance> instances;
    for (const auto& each : names) {
      Instance instance;
      instance.id = "instance of " + each;
      instance.database = each;
      instance.server = "here";
      instance.state = "retired";
      instances.push_back(instance);
    }
    auto facts = run_on(loop_, gather_databases(session, instances));
    REQUIRE(facts);
    return *facts;
  }
  DatabaseFacts inside(bool sizes_of_files = false) {
    auto session = open(kFactsDatabase);
    DatabaseFacts before = databases(*session, {kFactsDatabase}).begin()->second;
    InsideRequest everything;
    everything.sizes_of_files = sizes_of_files;
    auto facts = run_on(loop_, gather_inside(*session, before, everything));
    REQUIRE(facts);
    return *facts;
  }
  int major() const { return server_.major; }

 private:
  static std::string name() { return quote_identifier(kFactsDatabase); }
  void remove() {
    auto session = open("postgres");
    for (const std::string& sql :
         {"drop database if exists " + name(), std::string("drop role if exists facts_test_owner, facts_test_bare, "
                                                           "facts_test_group, facts_test_admin, pgconvoy_facts_test")})
      CHECK(run_on(loop_, session->script(sql)));
  }

  LaboratoryServer server_;
  asio::io_context loop_{1};
  asio::thread_pool pool_{1};
  std::unique_ptr<SessionFactory> factory_ = make_session_factory(pool_);
};

}  // namespace pgconvoy::testing

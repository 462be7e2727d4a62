// What reading the facts of one target costs its servers: sessions and round trips, counted.
#include "engine/run/survey.hpp"

#include <boost/asio/thread_pool.hpp>

#include "engine/facts/part.hpp"
#include "engine/facts/inquiry.hpp"
#include "engine/facts/trial_restore.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/laboratory.hpp"
#include "tests/support/loop.hpp"

using namespace pgconvoy;

namespace {

constexpr const char* kSurveyDatabase = "survey test ü";

struct Counts {
  int opened = 0, statements = 0;
};

class CountedSession final : public Session {
 public:
  CountedSession(SessionPtr session, Counts& counts) : session_(std::move(session)), counts_(counts) {}
  Task<Result<Rows>> query(std::string sql, std::vector<Value> parameters, std::optional<Seconds> limit) override {
    ++counts_.statements;
    co_return co_await session_->query(std::move(sql), std::move(parameters), limit);
  }
  Task<Result<std::vector<Rows>>> script(std::string sql, std::optional<Seconds> limit) override {
    ++counts_.statements;
    co_return co_await session_->script(std::move(sql), limit);
  }
  Task<Result<void>> copy_out(std::string sql, CopySink sink, std::optional<Seconds> silence) override {
    ++counts_.statements;
    co_return co_await session_->copy_out(std::move(sql), std::move(sink), silence);
  }
  std::string quote_identifier(const std::string& name) const override { return session_->quote_identifier(name); }
  std::string quote_literal(const std::string& value) const override { return session_->quote_literal(value); }
  Result<Secret> encrypt_password(const Secret& clear, const std::string& role) const override { return session_->encrypt_password(clear, role); }
  int server_version() const override { return session_->server_version(); }
  int backend_pid() const override { return session_->backend_pid(); }
  bool usable() const override { return session_->usable(); }
  const std::string& server() const override { return session_->server(); }
  void close() override { session_->close(); }

 private:
  SessionPtr session_;
  Counts& counts_;
};

// By server, database and role: "old/shop/postgres".
class CountingFactory final : public SessionFactory {
 public:
  explicit CountingFactory(asio::thread_pool& pool) : factory_(make_session_factory(pool)) {}
  Task<Result<SessionPtr>> open(ConnectionSpec connection, SessionOptions options) override {
    const std::string whose = connection.server + "/" + connection.keywords["dbname"] + "/" + connection.keywords["user"];
    auto session = co_await factory_->open(std::move(connection), std::move(options));
    if (!session) co_return session;
    Counts& counts = counted[whose];
    ++counts.opened;
    co_return std::make_unique<CountedSession>(*std::move(session), counts);
  }
  std::map<std::string, Counts> counted;

 private:
  std::unique_ptr<SessionFactory> factory_;
};

// A database of the oldest server that is to go to the newest, with a function of its owner's under an index and a table
// with keys: every inquiry that reads rows has something to read, as the administrator and as the tenant.
class SurveyFixture {
 public:
  SurveyFixture() {
    const auto servers = testing::laboratory_servers();
    source_ = servers.front().connection;
    add("old", servers.front());
    add("new", servers.back());
    remove();
    execute("postgres", "set password_encryption = 'scram-sha-256'; create role survey_test login password 'survey-test'");
    execute("postgres", "create database " + quote_identifier(kSurveyDatabase) + " owner survey_test template template0 encoding 'UTF8'");
    execute(kSurveyDatabase, R"sql(
      set role survey_test;
      create function public.label(text) returns text language sql immutable as 'select pg_catalog.lower($1)';
      create table public.things (id integer primary key, name text check (public.label(name) <> ''), parent integer references public.things);
      insert into public.things select n, 'name ' || n, 1 from generate_series(1, 20) n;
      create index on public.things (public.label(name));
      create table public.wide (a text, b text);
      alter table public.wide alter a set storage external;
      create index on public.wide (a);
    )sql");
    ::setenv("SURVEY_TEST_PASSWORD", "survey-test", 1);
    Instance instance;
    instance.id = "shop";
    instance.server = "old";
    instance.database = kSurveyDatabase;
    instance.role = "survey_test";
    instance.password.environment = "SURVEY_TEST_PASSWORD";
    fleet_.instances["shop"] = instance;
    controllers_.add("none", make_none_controller());
  }
  ~SurveyFixture() { remove(); }

  TargetFacts gather(std::vector<std::string> needs) {
    std::map<std::string, json> wanted;
    for (const std::string& need : needs) wanted[need] = json{{"time_budget", 30}};
    SurveyRequest request{fleet_, "/tmp", {}, wanted};
    request.requirements.source_service = fleet_.servers.at("old").service;
    request.requirements.target_service = fleet_.servers.at("new").service;
    Services services{pool_, clock_, sessions, *processes_, controllers_, provisioners_, poolers_, credentials_};
    Survey survey(services, request);
    Target target;
    target.id = "shop";
    target.region = "here";
    target.instances = {"shop"};
    std::map<std::string, Placement> placements{{"shop", Placement{"old", "new", ""}}};
    std::vector<Target> targets{target};
    std::vector<std::map<std::string, Placement>> all{placements};
    REQUIRE(testing::run_on(loop_, survey.begin(targets, all)));
    auto facts = testing::run_on(loop_, survey.gather(target, placements));
    REQUIRE(facts);
    return *facts;
  }
  Counts inside(const std::string& role) { return sessions.counted[std::string("old/") + kSurveyDatabase + "/" + role]; }

 private:
  void add(const std::string& id, const testing::LaboratoryServer& from) {
    Server server;
    server.id = id;
    server.region = "here";
    server.service = fmt::format("postgresql-database-{}", from.major);
    ConnectionSpec connection = from.connection;
    server.password.passfile = connection.keywords["passfile"];
    connection.keywords.erase("passfile");
    server.url = connection.conninfo();
    fleet_.servers[id] = server;
  }
  void execute(const std::string& database, std::string sql) {
    auto session = testing::run_on(loop_, plain_->open(source_.with_database(database), {}));
    REQUIRE(session);
    REQUIRE(testing::run_on(loop_, (*session)->script(std::move(sql))));
  }
  void remove() {
    execute("postgres", "drop database if exists " + quote_identifier(kSurveyDatabase));
    execute("postgres", "drop role if exists survey_test");
  }

  asio::io_context loop_{1};
  asio::thread_pool pool_{2};
  std::unique_ptr<SessionFactory> plain_ = make_session_factory(pool_);

 public:
  CountingFactory sessions{pool_};

 private:
  SystemClock clock_;
  std::unique_ptr<ProcessLauncher> processes_ = make_process_launcher();
  AppControllers controllers_;
  Provisioners provisioners_{nullptr};
  PoolerControllers poolers_;
  Credentials credentials_{*processes_};
  ConnectionSpec source_;
  Fleet fleet_;
};

std::vector<std::string> names_of_all_parts() {
  std::vector<std::string> names;
  for (const auto* parts : {&database_parts(), &server_parts()})
    for (const Part& part : *parts) names.emplace_back(part.name);
  return names;
}

}  // namespace

TEST_CASE("survey: all facts of the catalogues of a database take one session and two round trips") {
  SurveyFixture fixture;
  const TargetFacts facts = fixture.gather(names_of_all_parts());
  const Parts& parts = facts.databases.at("shop").parts;
  for (const Part& part : database_parts()) {
    CAPTURE(part.name);
    REQUIRE(parts.contains(part.name));
    CHECK(unreadable(parts, part.name).empty());
  }
  CHECK(fixture.inside("postgres").opened == 1);
  CHECK(fixture.inside("postgres").statements <= 2);
  CHECK(fixture.inside("survey_test").opened == 0);
}

TEST_CASE("survey: however many inquiries read a database, it has one session of the administrator and one of the tenant") {
  SurveyFixture fixture;
  std::vector<std::string> needs = names_of_all_parts();
  for (const Inquiry& inquiry : database_inquiries())
    if (std::string(inquiry.name) != kTrialPart) needs.emplace_back(inquiry.name);
  const TargetFacts facts = fixture.gather(needs);
  const Parts& parts = facts.databases.at("shop").parts;
  for (const char* name : {"index_entries", "broken_constraints", "evaluated_expressions"}) {
    CAPTURE(name);
    REQUIRE(parts.contains(name));
    CHECK(unreadable(parts, name).empty());
  }
  CHECK(parts.at("broken_constraints")->at("broken").empty());
  CHECK(parts.at("broken_constraints")->at("checked").get<int>() >= 3);
  CHECK(parts.at("evaluated_expressions")->at("evaluated").get<int>() >= 2);
  CHECK(parts.at("index_entries")->at("measured").get<int>() >= 1);
  CHECK(fixture.inside("postgres").opened == 1);
  CHECK(fixture.inside("survey_test").opened == 1);
}

TEST_CASE("parts: what is said of a database that has none of something is what reading it would say") {
  for (const auto& server : testing::laboratory_servers()) {
    CAPTURE(server.major);
    asio::io_context loop(1);
    asio::thread_pool pool(1);
    const auto factory = make_session_factory(pool);
    // template1 of a laboratory is as initdb made it.
    auto session = testing::run_on(loop, factory->open(server.connection.with_database("template1"), {}));
    REQUIRE(session);
    std::set<std::string> with_presence;
    for (const Part& part : database_parts())
      if (part.present) with_presence.insert(part.name);
    auto presence = testing::run_on(loop, (*session)->query("select " + presence_sql(database_parts(), with_presence)));
    REQUIRE(presence);
    const Parts absent = absent_parts(database_parts(), with_presence, json::parse(presence->text(0, 0)));
    CHECK(absent.size() == with_presence.size());
    auto read = testing::run_on(loop, read_parts(**session, database_parts(), with_presence));
    REQUIRE(read);
    for (const auto& [name, document] : absent) {
      CAPTURE(name);
      CHECK(*document == *read->at(name));
    }
  }
}

// Sessions with a real server: what is pinned, what a limit does, what is left after a failure.
#include "engine/postgres/session.hpp"

#include <signal.h>
#include <sys/resource.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>

#include "tests/support/catch.hpp"
#include "tests/support/laboratory.hpp"
#include "tests/support/loop.hpp"

using namespace pgconvoy;

namespace {

class Fixture {
 public:
  Result<SessionPtr> try_open(ConnectionSpec spec, SessionOptions options = {}) {
    return testing::run_on(loop, factory->open(std::move(spec), std::move(options)));
  }
  SessionPtr open(SessionOptions options = {}) {
    auto session = try_open(admin, std::move(options));
    REQUIRE(session);
    return std::move(*session);
  }
  Result<Rows> query(Session& session, std::string sql, std::vector<Value> parameters = {},
                     std::optional<Seconds> limit = {}) {
    return testing::run_on(loop, session.query(std::move(sql), std::move(parameters), limit));
  }
  Result<std::vector<Rows>> script(Session& session, std::string sql, std::optional<Seconds> limit = {}) {
    return testing::run_on(loop, session.script(std::move(sql), limit));
  }
  Result<void> copy(Session& session, std::string sql, CopySink sink, std::optional<Seconds> silence = {}) {
    return testing::run_on(loop, session.copy_out(std::move(sql), std::move(sink), silence));
  }
  std::string text(Session& session, std::string sql) {
    auto rows = query(session, std::move(sql));
    REQUIRE(rows);
    REQUIRE(rows->size() == 1);
    return rows->text(0, 0);
  }

  asio::io_context loop{1};
  asio::thread_pool pool{2};
  std::unique_ptr<SessionFactory> factory = make_session_factory(pool);
  ConnectionSpec admin = testing::laboratory_servers().back().connection;
};

bool signalled(int pid, int signal) { return ::kill(pid, signal) == 0; }

// A role that is gone again at the end of the test, with a password.
class Role {
 public:
  Role(Fixture& fixture, std::string name) : fixture_(fixture), session_(fixture.open()), name_(std::move(name)) {
    drop();
    auto verifier = session_->encrypt_password(Secret("right-hunter2"), name_);
    REQUIRE(verifier);
    REQUIRE(fixture_.script(
        *session_, "CREATE ROLE " + quote_identifier(name_) + " LOGIN PASSWORD " + quote_literal(verifier->reveal())));
  }
  ~Role() { drop(); }
  Session& session() { return *session_; }

 private:
  void drop() { fixture_.script(*session_, "DROP ROLE IF EXISTS " + quote_identifier(name_)); }
  Fixture& fixture_;
  SessionPtr session_;
  std::string name_;
};

}  // namespace

TEST_CASE("a server from 14 on looks whether a session's client is still there", "[session]") {
  Fixture fixture;
  for (const testing::LaboratoryServer& server : testing::laboratory_servers()) {
    auto session = fixture.try_open(server.connection);
    REQUIRE(session);
    const std::string looks = fixture.text(**session, "select coalesce(current_setting('client_connection_check_interval', true), 'never')");
    CHECK(looks == (server.major >= 14 ? "1s" : "never"));
  }
}

TEST_CASE("session: parameters, NULL and the number of affected rows") {
  Fixture fixture;
  auto session = fixture.open();
  auto rows = fixture.query(*session, "SELECT $1::int + 1 AS next, $2::text AS nothing, $3::bool AS yes",
                            {"41", std::nullopt, "true"});
  REQUIRE(rows);
  CHECK(rows->columns == std::vector<std::string>{"next", "nothing", "yes"});
  CHECK(rows->number(0, 0) == 42);
  CHECK_FALSE(rows->rows[0][1].has_value());
  CHECK(rows->truth(0, 2));
  REQUIRE(fixture.script(*session, "CREATE TEMP TABLE t AS SELECT generate_series(1, 7) AS n"));
  CHECK(fixture.query(*session, "UPDATE pg_temp.t SET n = n + 1")->affected == 7);
  CHECK(session->server_version() >= 100000);
  CHECK(fixture.text(*session, "SELECT pg_backend_pid()") == std::to_string(session->backend_pid()));
}

TEST_CASE("session: a script returns the rows of each statement that has any") {
  Fixture fixture;
  auto session = fixture.open();
  auto results = fixture.script(*session, "SELECT 1; SET TimeZone = 'UTC'; SELECT 2 WHERE false; SELECT 3");
  REQUIRE(results);
  REQUIRE(results->size() == 3);
  CHECK((*results)[1].empty());
  CHECK((*results)[2].text(0, 0) == "3");
  CHECK(fixture.script(*session, "")->empty());
  CHECK(fixture.query(*session, "")->empty());
}

TEST_CASE("session: settings are pinned against what a role and the environment say") {
  Fixture fixture;
  Role role(fixture, "pgconvoy_test_settings");
  REQUIRE(fixture.script(role.session(),
                         "ALTER ROLE pgconvoy_test_settings SET search_path = evil, public;"
                         "ALTER ROLE pgconvoy_test_settings SET standard_conforming_strings = off;"
                         "ALTER ROLE pgconvoy_test_settings SET DateStyle = 'German';"
                         "ALTER ROLE pgconvoy_test_settings SET bytea_output = 'escape';"
                         "ALTER ROLE pgconvoy_test_settings SET statement_timeout = 1"));
  SessionOptions options;
  options.application_name = "pgconvoy/run 1/t/e";
  options.lock_limit = Seconds(7);
  options.settings = {{"work_mem", "5MB"}, {"pgconvoy.test", "a \\ b"}};
  auto session = fixture.try_open(fixture.admin.with_user("pgconvoy_test_settings", Secret("right-hunter2")), options);
  REQUIRE(session);
  const std::vector<std::pair<std::string, std::string>> expected{{"search_path", ""},
                                                                  {"standard_conforming_strings", "on"},
                                                                  {"DateStyle", "ISO, DMY"},
                                                                  {"bytea_output", "hex"},
                                                                  {"TimeZone", "UTC"},
                                                                  {"IntervalStyle", "postgres"},
                                                                  {"extra_float_digits", "1"},
                                                                  {"client_encoding", "UTF8"},
                                                                  {"lock_timeout", "7s"},
                                                                  {"statement_timeout", "1min"},
                                                                  {"work_mem", "5MB"},
                                                                  {"pgconvoy.test", "a \\ b"},
                                                                  {"application_name", "pgconvoy/run 1/t/e"}};
  for (const auto& [name, value] : expected) {
    const auto present = fixture.text(**session, "SELECT current_setting('" + name + "')");
    INFO(name);
    if (name == "DateStyle")
      CHECK(present.starts_with("ISO"));
    else
      CHECK(present == value);
  }
}

TEST_CASE("session: past its limit a statement ends, and the session goes on") {
  Fixture fixture;
  auto session = fixture.open();
  auto late = fixture.query(*session, "SELECT pg_sleep(30)", {}, Seconds(0.2));
  REQUIRE_FALSE(late);
  CHECK(late.error().kind == ErrorKind::timeout);
  CHECK_FALSE(late.error().poisons_session);
  CHECK(fixture.text(*session, "SELECT 1") == "1");
}

TEST_CASE("session: a statement that switched the server's limit off is cancelled and drained") {
  Fixture fixture;
  auto session = fixture.open();
  auto late = fixture.script(*session, "SET statement_timeout = 0; SELECT pg_sleep(30)", Seconds(0.1));
  REQUIRE_FALSE(late);
  CHECK(late.error().kind == ErrorKind::timeout);
  CHECK_FALSE(late.error().outcome_unknown);
  REQUIRE(session->usable());
  CHECK(fixture.text(*session, "SELECT 1") == "1");
}

TEST_CASE("session: a longer limit than the session's is granted, inside a transaction too") {
  Fixture fixture;
  SessionOptions options;
  options.statement_limit = Seconds(0.2);
  auto session = fixture.open(options);
  CHECK(fixture.query(*session, "SELECT pg_sleep(0.5)", {}, Seconds(20)));
  REQUIRE(fixture.query(*session, "BEGIN"));
  CHECK(fixture.query(*session, "SELECT pg_sleep(0.5)", {}, Seconds(20)));
  REQUIRE(fixture.query(*session, "ROLLBACK"));
  CHECK(fixture.query(*session, "SELECT pg_sleep(30)").error().kind == ErrorKind::timeout);
  CHECK(fixture.text(*session, "SHOW statement_timeout") == "200ms");
}

TEST_CASE("session: a frozen backend costs the limit and poisons the session") {
  Fixture fixture;
  SessionOptions options;
  options.statement_limit = Seconds(0.3);
  auto session = fixture.open(options);
  const int pid = session->backend_pid();
  if (!signalled(pid, SIGSTOP)) {
    WARN("skipped: no right to stop a backend");
    return;
  }
  const auto start = std::chrono::steady_clock::now();
  auto late = fixture.query(*session, "SELECT 1");
  const auto elapsed = std::chrono::steady_clock::now() - start;
  signalled(pid, SIGCONT);
  REQUIRE_FALSE(late);
  CHECK(late.error().kind == ErrorKind::timeout);
  CHECK(late.error().poisons_session);
  CHECK(late.error().outcome_unknown);
  CHECK_FALSE(session->usable());
  CHECK(elapsed < std::chrono::seconds(10));
}

TEST_CASE("session: a terminated backend leaves the outcome unknown and the session closed") {
  Fixture fixture;
  auto session = fixture.open();
  auto other = fixture.open();
  std::optional<Result<Rows>> lost;
  asio::co_spawn(fixture.loop, session->query("SELECT pg_sleep(30)"),
                 [&](std::exception_ptr, Result<Rows> result) { lost.emplace(std::move(result)); });
  // Ends it as soon as it is seen running.
  REQUIRE(fixture.query(*other,
                        "SELECT pg_terminate_backend(pid) FROM (SELECT pg_sleep(0.3)) AS s, pg_stat_activity "
                        "WHERE pid = $1::int",
                        {std::to_string(session->backend_pid())}));
  REQUIRE(lost);
  REQUIRE_FALSE(*lost);
  CHECK(lost->error().kind == ErrorKind::unreachable);
  CHECK(lost->error().sqlstate == "57P01");
  CHECK(lost->error().poisons_session);
  CHECK(lost->error().outcome_unknown);
  CHECK_FALSE(session->usable());
  auto after = fixture.query(*session, "SELECT 1");
  REQUIRE_FALSE(after);
  CHECK_FALSE(after.error().outcome_unknown);
}

TEST_CASE("session: a backend terminated while idle is noticed by the next statement") {
  Fixture fixture;
  auto session = fixture.open();
  auto other = fixture.open();
  REQUIRE(fixture.query(*other, "SELECT pg_terminate_backend($1::int), pg_sleep(0.2)",
                        {std::to_string(session->backend_pid())}));
  auto lost = fixture.query(*session, "SELECT 1");
  REQUIRE_FALSE(lost);
  CHECK(lost.error().kind == ErrorKind::unreachable);
  CHECK(lost.error().poisons_session);
  CHECK_FALSE(session->usable());
}

TEST_CASE("session: one statement at a time") {
  Fixture fixture;
  auto session = fixture.open();
  std::optional<Result<Rows>> first;
  asio::co_spawn(fixture.loop, session->query("SELECT pg_sleep(0.2)"),
                 [&](std::exception_ptr, Result<Rows> result) { first.emplace(std::move(result)); });
  auto second = fixture.query(*session, "SELECT 1");
  REQUIRE_FALSE(second);
  CHECK(second.error().kind == ErrorKind::internal);
  REQUIRE(first);
  CHECK(*first);
}

TEST_CASE("session: an abandoned statement closes the session and ends on the server") {
  Fixture fixture;
  auto session = fixture.open(), other = fixture.open();
  const auto pid = session->backend_pid();
  asio::cancellation_signal stop;
  std::optional<Result<Rows>> result;
  asio::co_spawn(fixture.loop, session->query("SELECT pg_sleep(30)"),
                 asio::bind_cancellation_slot(
                     stop.slot(), [&](std::exception_ptr, Result<Rows> ended) { result.emplace(std::move(ended)); }));
  asio::steady_timer timer(fixture.loop, std::chrono::milliseconds(100));
  timer.async_wait([&](auto) { stop.emit(asio::cancellation_type::terminal); });
  fixture.loop.restart();
  fixture.loop.run();
  REQUIRE(result);
  REQUIRE_FALSE(*result);
  CHECK(result->error().kind == ErrorKind::cancelled);
  CHECK_FALSE(session->usable());
  // The cancel is delivered by another thread: looks for up to five seconds.
  auto gone = fixture.query(*other,
                            "DO $$ BEGIN FOR i IN 1..100 LOOP PERFORM pg_stat_clear_snapshot(); EXIT WHEN NOT EXISTS "
                            "(SELECT FROM pg_stat_activity WHERE pid = " +
                                std::to_string(pid) +
                                ");"
                                " PERFORM pg_sleep(0.05); ASSERT i < 100; END LOOP; END $$");
  CHECK(gone);
}

TEST_CASE("session: copy_out numbers the statements of a batch, empty ones included") {
  Fixture fixture;
  auto session = fixture.open();
  std::map<std::size_t, std::string> received;
  auto sink = [&](std::size_t statement, std::string_view line) { received[statement] += line; };
  REQUIRE(fixture.copy(*session,
                       "COPY (SELECT n, NULL FROM generate_series(1, 3) n) TO STDOUT;"
                       "COPY (SELECT 1 WHERE false) TO STDOUT;"
                       "COPY (SELECT E'a\\nb\\\\') TO STDOUT",
                       sink));
  CHECK(received == std::map<std::size_t, std::string>{{0, "1\t\\N\n2\t\\N\n3\t\\N\n"}, {2, "a\\nb\\\\\n"}});
  CHECK(fixture.text(*session, "SELECT 1") == "1");
}

TEST_CASE("session: copy_out reports the error of the statement in the middle") {
  Fixture fixture;
  auto session = fixture.open();
  auto failed =
      fixture.copy(*session, "COPY (SELECT 1) TO STDOUT; COPY (SELECT 1 / 0) TO STDOUT; COPY (SELECT 3) TO STDOUT",
                   [](std::size_t, std::string_view) {});
  REQUIRE_FALSE(failed);
  CHECK(failed.error().sqlstate == "22012");
  CHECK(session->usable());
  CHECK(fixture.query(*session, "COPY (SELECT 1) TO STDOUT").error().kind == ErrorKind::usage);
  CHECK(fixture.script(*session, "CREATE TEMP TABLE t (); COPY pg_temp.t FROM STDIN").error().kind == ErrorKind::sql);
  CHECK(session->usable());
}

TEST_CASE("session: copy_out of much more than fits into memory keeps none of it") {
  Fixture fixture;
  auto session = fixture.open();
  rusage before{}, after{};
  ::getrusage(RUSAGE_SELF, &before);
  std::size_t bytes = 0, lines = 0;
  REQUIRE(fixture.copy(*session, "COPY (SELECT repeat('x', 1000) FROM generate_series(1, 300000)) TO STDOUT",
                       [&](std::size_t, std::string_view line) {
                         bytes += line.size();
                         ++lines;
                       }));
  ::getrusage(RUSAGE_SELF, &after);
  CHECK(lines == 300'000);
  CHECK(bytes == 300'300'000);
#ifndef __SANITIZE_ADDRESS__
  CHECK(after.ru_maxrss - before.ru_maxrss < 8 * 1024);  // kB
#endif
}

TEST_CASE("session: the limit of copy_out is on silence, not on the whole") {
  Fixture fixture;
  SessionOptions options;
  options.statement_limit = Seconds(0.4);
  auto session = fixture.open(options);
  std::size_t lines = 0;
  auto sink = [&](std::size_t, std::string_view) { ++lines; };
  CHECK(fixture.copy(*session, "COPY (SELECT pg_sleep(0.05), repeat('x', 20000) FROM generate_series(1, 20)) TO STDOUT",
                     sink));
  CHECK(lines == 20);
  auto silent = fixture.copy(*session, "COPY (SELECT pg_sleep(30)) TO STDOUT", sink, Seconds(0.2));
  REQUIRE_FALSE(silent);
  CHECK(silent.error().kind == ErrorKind::timeout);
  CHECK(session->usable());
  CHECK(fixture.text(*session, "SELECT 1") == "1");
}

TEST_CASE("session: a sink that throws closes the session") {
  Fixture fixture;
  auto session = fixture.open();
  CHECK_THROWS_WITH(fixture.copy(*session, "COPY (SELECT 1) TO STDOUT",
                                 [](std::size_t, std::string_view) { throw std::runtime_error("sink"); }),
                    "sink");
  CHECK_FALSE(session->usable());
}

TEST_CASE("session: long scripts and long answers at the same time don't block each other") {
  Fixture fixture;
  auto session = fixture.open();
  std::string sql;
  for (int i = 0; i < 20'000; ++i) sql += "SELECT repeat('x', 1000) /* " + std::string(100, 'y') + " */;";
  auto results = fixture.script(*session, std::move(sql));
  REQUIRE(results);
  CHECK(results->size() == 20'000);
  auto large = fixture.query(*session, "SELECT length($1), $1", {std::string(30'000'000, 'z')});
  REQUIRE(large);
  CHECK(large->number(0, 0) == 30'000'000);
}

TEST_CASE("session: hostile names are ordinary input") {
  Fixture fixture;
  auto session = fixture.open();
  for (const std::string name : {"\"; drop", "'; --", "a\\b", "ümlaut ☃", "$1", "%s", " ", "\n\t", "E'\\'"}) {
    INFO(name);
    const auto quoted = session->quote_identifier(name);
    REQUIRE(fixture.script(*session, "CREATE TEMP TABLE " + quoted + " (" + quoted + " text)"));
    REQUIRE(
        fixture.script(*session, "INSERT INTO pg_temp." + quoted + " VALUES (" + session->quote_literal(name) + ")"));
    auto rows = fixture.query(*session, "SELECT relname FROM pg_class WHERE relname = $1", {name});
    REQUIRE(rows);
    CHECK(rows->text(0, 0) == name);
    CHECK(fixture.text(*session, "SELECT " + quoted + " FROM pg_temp." + quoted) == name);
    REQUIRE(fixture.script(*session, "SET standard_conforming_strings = off"));
    CHECK(fixture.text(*session, "SELECT " + session->quote_literal(name)) == name);
    REQUIRE(fixture.script(*session, "SET standard_conforming_strings = on"));
  }
  CHECK(fixture.query(*session, std::string("SELECT 1\0; drop", 15)).error().kind == ErrorKind::usage);
  CHECK(fixture.query(*session, "SELECT $1", {std::string("a\0b", 3)}).error().kind == ErrorKind::usage);
}

TEST_CASE("session: a refused login says why, with its SQLSTATE and without the password") {
  Fixture fixture;
  Role role(fixture, "pgconvoy_test_login");
  CHECK(fixture.try_open(fixture.admin.with_user("pgconvoy_test_login", Secret("right-hunter2"))));
  auto wrong = fixture.try_open(fixture.admin.with_user("pgconvoy_test_login", Secret("wrong-hunter2")));
  REQUIRE_FALSE(wrong);
  CHECK(wrong.error().kind == ErrorKind::sql);
  CHECK(wrong.error().sqlstate == "28P01");
  CHECK_FALSE(wrong.error().retryable);
  CHECK_THAT(wrong.error().message,
             Catch::EndsWith("FATAL: password authentication failed for user \"pgconvoy_test_login\""));
  CHECK(describe(wrong.error()).find("hunter2") == std::string::npos);
  auto nowhere = fixture.try_open(fixture.admin.with_database("pgconvoy no such database"));
  REQUIRE_FALSE(nowhere);
  CHECK(nowhere.error().sqlstate == "3D000");
}

TEST_CASE("session: a statement with a password fails without repeating it") {
  Fixture fixture;
  auto session = fixture.open();
  for (const char* sql :
       {"CREATE ROLE a PASSWORD 'hunter2' bogus", "CREATE ROLE a PASSWORD hunter2", "ALTER ROLE a PASSWORD $$hunter2",
        "DO $$ BEGIN EXECUTE 'CREATE ROLE a PASSWORD ''hunter2'' bogus'; END $$",
        "CREATE ROLE postgres PASSWORD 'hunter2'"}) {
    INFO(sql);
    auto failed = fixture.script(*session, sql);
    REQUIRE_FALSE(failed);
    CHECK((describe(failed.error()) + failed.error().statement).find("hunter2") == std::string::npos);
  }
}

TEST_CASE("session: a lock that isn't free in time can be tried again") {
  Fixture fixture;
  SessionOptions options;
  options.lock_limit = Seconds(0.1);
  auto holder = fixture.open(), waiter = fixture.open(options);
  REQUIRE(fixture.script(*holder, "BEGIN; LOCK TABLE pg_catalog.pg_description IN ACCESS EXCLUSIVE MODE"));
  auto failed = fixture.query(*waiter, "SELECT count(*) FROM pg_description");
  REQUIRE_FALSE(failed);
  CHECK(failed.error().sqlstate == "55P03");
  CHECK(failed.error().retryable);
  CHECK(failed.error().server == fixture.admin.server);
  CHECK(failed.error().statement == "SELECT count(*) FROM pg_description");
}

TEST_CASE("session: details of the data are not in the error") {
  Fixture fixture;
  auto session = fixture.open();
  REQUIRE(fixture.script(*session, "CREATE TEMP TABLE t (email text PRIMARY KEY)"));
  auto failed =
      fixture.script(*session, "INSERT INTO pg_temp.t SELECT 'tenant' || '@example' FROM generate_series(1, 2)");
  REQUIRE_FALSE(failed);
  CHECK(failed.error().sqlstate == "23505");
  CHECK(failed.error().message.find("tenant@example") == std::string::npos);
}

TEST_CASE("session: notices and notifications are not printed and not kept") {
  Fixture fixture;
  auto session = fixture.open();
  CHECK(fixture.script(*session,
                       "DO $$ BEGIN RAISE WARNING 'noise'; END $$; LISTEN x; NOTIFY x; DROP TABLE IF EXISTS nothing"));
}

// Sessions that are used again, with a real server: what is forgotten in between, and who never gets which.
#include "engine/postgres/session_loans.hpp"

#include <boost/asio/thread_pool.hpp>

#include <map>
#include <set>

#include "tests/support/catch.hpp"
#include "tests/support/laboratory.hpp"
#include "tests/support/loop.hpp"

using namespace pgconvoy;

namespace {

class LoansFixture {
 public:
  SessionPtr open(const ConnectionSpec& connection, SessionOptions options = {}) {
    auto session = testing::run_on(loop, loans.open(connection, std::move(options)));
    REQUIRE(session);
    return *std::move(session);
  }
  SessionPtr open() { return open(admin); }
  std::string text(Session& session, std::string sql) {
    auto rows = testing::run_on(loop, session.query(std::move(sql)));
    REQUIRE(rows);
    REQUIRE(rows->size() == 1);
    return rows->text(0, 0);
  }
  void execute(Session& session, std::string sql) { REQUIRE(testing::run_on(loop, session.script(std::move(sql)))); }

  asio::io_context loop{1};
  asio::thread_pool pool{2};
  std::unique_ptr<SessionFactory> factory = make_session_factory(pool);
  ConnectionSpec admin = testing::laboratory_servers().back().connection;
  SessionLoans loans{*factory, {{"work_mem", "7MB"}}};
};

}  // namespace

TEST_CASE("session loans: who asks again for the same login gets the same backend, with nothing left of the one before") {
  LoansFixture fixture;
  SessionOptions first;
  first.application_name = "pgconvoy/first";
  first.lock_limit = Seconds(3);
  first.settings = {{"enable_seqscan", "off"}, {"work_mem", "7MB"}};
  SessionPtr session = fixture.open(fixture.admin, first);
  const int backend = session->backend_pid();
  CHECK(fixture.text(*session, "show enable_seqscan") == "off");
  CHECK(fixture.text(*session, "show application_name") == "pgconvoy/first");
  fixture.execute(*session, "create temporary table left_behind (n int); set role pg_monitor; set search_path = pg_temp; set timezone = 'Asia/Tokyo'; "
                            "prepare a as select 1; declare b cursor with hold for select 1; listen c; set enable_hashjoin = off");
  CHECK(fixture.text(*session, "select pg_try_advisory_lock(4711)") == "t");
  session.reset();

  SessionOptions second;
  second.application_name = "pgconvoy/second";
  second.lock_limit = Seconds(4);
  second.statement_limit = Seconds(9);
  session = fixture.open(fixture.admin, second);
  CHECK(session->backend_pid() == backend);
  for (const auto& [setting, value] : std::map<std::string, std::string>{{"application_name", "pgconvoy/second"}, {"lock_timeout", "4s"},
                                                                         {"statement_timeout", "9s"}, {"enable_seqscan", "on"},
                                                                         {"enable_hashjoin", "on"}, {"work_mem", "7MB"}, {"search_path", ""},
                                                                         {"TimeZone", "UTC"}, {"role", "none"}, {"client_encoding", "UTF8"}})
    CHECK(setting + "=" + fixture.text(*session, "show " + setting) == setting + "=" + value);
  CHECK(fixture.text(*session, "select current_user = session_user") == "t");
  CHECK(fixture.text(*session, "select to_regclass('pg_temp.left_behind') is null") == "t");
  CHECK(fixture.text(*session, "select (select count(*) from pg_prepared_statements) + (select count(*) from pg_cursors where name <> '') "
                               "+ (select count(*) from pg_listening_channels()) + (select count(*) from pg_locks where locktype = 'advisory' "
                               "and pid = pg_backend_pid())") == "0");
  if (session->server_version() >= 140000) CHECK(fixture.text(*session, "show client_connection_check_interval") == "1s");
}

TEST_CASE("session loans: two at a time are two sessions") {
  LoansFixture fixture;
  SessionPtr one = fixture.open(), other = fixture.open();
  CHECK(one->backend_pid() != other->backend_pid());
}

TEST_CASE("session loans: another role never gets the session, nor does another database") {
  LoansFixture fixture;
  SessionPtr session = fixture.open();
  const int backend = session->backend_pid();
  fixture.execute(*session, "drop role if exists loans_test_role; create role loans_test_role login password 'loans-test'");
  session.reset();

  ConnectionSpec role = fixture.admin.with_user("loans_test_role", Secret("loans-test"));
  role.keywords.erase("passfile");
  SessionPtr tenant = fixture.open(role);
  CHECK(tenant->backend_pid() != backend);
  CHECK(fixture.text(*tenant, "select session_user") == "loans_test_role");
  const int of_tenant = tenant->backend_pid();
  tenant.reset();
  CHECK(fixture.open(fixture.admin.with_database("template1"))->backend_pid() != backend);

  CHECK(fixture.open(role)->backend_pid() == of_tenant);
  role.password = Secret("another");
  CHECK_FALSE(testing::run_on(fixture.loop, fixture.loans.open(role, {})));
  session = fixture.open();
  CHECK(session->backend_pid() == backend);
  fixture.execute(*session, "drop role loans_test_role");
}

TEST_CASE("session loans: what broke, was closed or is within a transaction does not come back") {
  LoansFixture fixture;
  std::set<int> backends;
  SessionPtr session = fixture.open();
  backends.insert(session->backend_pid());
  SECTION("within a transaction") {
    fixture.execute(*session, "begin");
    session.reset();
  }
  SECTION("closed") {
    session->close();
    session.reset();
  }
  SECTION("ended by somebody while nobody had it") {
    SessionPtr other = fixture.open();
    const int backend = session->backend_pid();
    session.reset();
    fixture.execute(*other, "select pg_terminate_backend(" + std::to_string(backend) + ")");
    backends.insert(other->backend_pid());
    session = fixture.open();  // takes the dead one, finds it out, and goes on
    CHECK(fixture.text(*session, "select 1") == "1");
    CHECK_FALSE(backends.contains(session->backend_pid()));
    return;
  }
  CHECK_FALSE(backends.contains(fixture.open()->backend_pid()));
}

TEST_CASE("session loans: a limit holds for whoever asked for it, and for nobody after him") {
  LoansFixture fixture;
  SessionOptions hasty, patient;
  hasty.statement_limit = Seconds(0.2);
  patient.statement_limit = Seconds(30);
  SessionPtr session = fixture.open(fixture.admin, patient);
  const int backend = session->backend_pid();
  CHECK(fixture.text(*session, "select pg_sleep(0.3) is null") == "f");
  session.reset();
  session = fixture.open(fixture.admin, hasty);
  CHECK(session->backend_pid() == backend);
  auto slept = testing::run_on(fixture.loop, session->query("select pg_sleep(20)"));
  REQUIRE_FALSE(slept);
  CHECK(slept.error().kind == ErrorKind::timeout);
  session.reset();
  session = fixture.open(fixture.admin, patient);
  CHECK(session->backend_pid() == backend);
  CHECK(fixture.text(*session, "select pg_sleep(0.3) is null") == "f");
}

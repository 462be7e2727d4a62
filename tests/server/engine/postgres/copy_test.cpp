// Rows that go in and out of real servers: paced, refused, given up, cut off.
#include <boost/asio/thread_pool.hpp>

#include "engine/postgres/content.hpp"
#include "engine/postgres/schema_marker.hpp"
#include "engine/postgres/transfer.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/laboratory.hpp"
#include "tests/support/loop.hpp"

using namespace pgconvoy;
using Catch::Contains;

namespace {

struct CopyFixture {
  asio::io_context loop{1};
  asio::thread_pool pool{2};
  std::unique_ptr<SessionFactory> factory = make_session_factory(pool);

  SessionPtr open(const testing::LaboratoryServer& server, const std::string& database = "postgres") {
    auto session = testing::run_on(loop, factory->open(server.connection.with_database(database), SessionOptions()));
    REQUIRE(session);
    return *std::move(session);
  }
  void script(Session& session, std::string sql) { REQUIRE(testing::run_on(loop, session.script(std::move(sql)))); }
  std::string text(Session& session, std::string sql) {
    auto rows = testing::run_on(loop, session.query(std::move(sql)));
    REQUIRE(rows);
    return rows->text(0, 0);
  }
};

Task<Result<std::string>> next_of(std::vector<std::string>* pieces) {
  if (pieces->empty()) co_return std::string();
  std::string piece = pieces->front();
  pieces->erase(pieces->begin());
  co_return piece;
}

Task<Result<std::string>> give_up() { co_return Error(ErrorKind::io, "the file ends here"); }

Task<Result<void>> keep(std::string* all, std::string piece) {
  *all += piece;
  co_return Result<void>();
}

Task<Result<void>> refuse(int* taken) {
  ++*taken;
  co_return Error(ErrorKind::io, "no room");
}

}  // namespace

TEST_CASE("session: COPY in stores what is given, whatever the pieces") {
  CopyFixture fixture;
  auto session = fixture.open(testing::laboratory_servers().back());
  fixture.script(*session, "create temp table t (n integer, s text)");
  std::vector<std::string> pieces{"1\to", "ne\n2\ttwo\n3\t", "\\N\n"};
  CopyGiver giver = [&pieces] { return next_of(&pieces); };
  const auto stored = testing::run_on(fixture.loop, session->copy_in("copy t from stdin", std::move(giver)));
  REQUIRE(stored);
  CHECK(*stored == 3);
  CHECK(fixture.text(*session, "select string_agg(concat(n, s), ',' order by n) from t") == "1one,2two,3");
}

TEST_CASE("session: COPY in that the server refuses, or that is given up, stores nothing and leaves the session usable") {
  CopyFixture fixture;
  auto session = fixture.open(testing::laboratory_servers().back());
  fixture.script(*session, "create temp table t (n integer check (n < 10))");
  std::vector<std::string> wrong{"1\n", "11\n"};
  for (int i = 0; i < 2000; ++i) wrong.push_back(std::string(3000, '1') + "\n");
  CopyGiver giver = [&wrong] { return next_of(&wrong); };
  const auto refused = testing::run_on(fixture.loop, session->copy_in("copy t from stdin", std::move(giver)));
  REQUIRE(!refused);
  CHECK(refused.error().sqlstate == "23514");
  CopyGiver stops = [] { return give_up(); };
  const auto given_up = testing::run_on(fixture.loop, session->copy_in("copy t from stdin", std::move(stops)));
  REQUIRE(!given_up);
  CHECK_THAT(given_up.error().message, Contains("the file ends here"));
  REQUIRE(session->usable());
  CHECK(fixture.text(*session, "select count(*) from t") == "0");
}

TEST_CASE("session: COPY out in pieces of whole rows, at the pace of who takes them") {
  CopyFixture fixture;
  auto session = fixture.open(testing::laboratory_servers().back());
  std::string all;
  bool whole = true;
  CopyTaker taker = [&](std::string piece) {
    whole = whole && piece.ends_with('\n');
    return keep(&all, std::move(piece));
  };
  REQUIRE(testing::run_on(fixture.loop, session->copy_out_pieces("copy (select n, repeat('x', 100) from generate_series(1, 20000) n) to stdout", std::move(taker))));
  CHECK(whole);
  CHECK(std::count(all.begin(), all.end(), '\n') == 20000);

  int taken = 0;
  CopyTaker refuses = [&taken](std::string) { return refuse(&taken); };
  const auto refused = testing::run_on(fixture.loop, session->copy_out_pieces("copy (select repeat('x', 100) from generate_series(1, 1000000)) to stdout", std::move(refuses)));
  REQUIRE(!refused);
  CHECK_THAT(refused.error().message, Contains("no room"));
  CHECK(taken == 1);
  REQUIRE(session->usable());
  CHECK(fixture.text(*session, "select 1") == "1");
}

TEST_CASE("transfer: rows, sequences and generated columns of one server come to another and are proved") {
  CopyFixture fixture;
  const auto servers = testing::laboratory_servers();
  auto old_admin = fixture.open(servers.front()), new_admin = fixture.open(servers.back());
  const std::string schema = "create table big (id bigserial primary key, t text); create table small (n integer, twice integer generated always as (n * 2) stored);"
                             "create table empty (); create sequence alone";
  for (Session* each : {old_admin.get(), new_admin.get()}) {
    auto dropped = testing::run_on(fixture.loop, each->query("drop database if exists transfer_test"));
    REQUIRE(dropped);
    auto created = testing::run_on(fixture.loop, each->query("create database transfer_test"));
    REQUIRE(created);
  }
  {
    auto source = fixture.open(servers.front(), "transfer_test"), target = fixture.open(servers.back(), "transfer_test");
    for (Session* each : {source.get(), target.get()}) fixture.script(*each, "set search_path = public; " + schema);
    fixture.script(*source, "set search_path = public; insert into big (t) select md5(n::text) || E'\\n\\t\\\\' from generate_series(1, 20000) n;"
                            "insert into small (n) select n from generate_series(1, 50) n; insert into empty default values; select nextval('alone')");
    const auto planned = testing::run_on(fixture.loop, plan_transfer(*source, *target));
    REQUIRE(planned);
    CHECK(planned->tables.size() == 3);
    TransferPlan unmeasured = *planned;
    for (TransferTable& table : unmeasured.tables) table.size = 0;
    const auto plan = testing::run_on(fixture.loop, measure_again(unmeasured, *source));
    REQUIRE(plan);
    CHECK(plan->tables.front().name == "public.big");
    CHECK(plan->tables.front().size == planned->tables.front().size);
    TransferLane lane;
    lane.source = source.get();
    struct Give {
      static Task<Result<Session*>> target(Session* session) { co_return session; }
    };
    lane.target = [&target](std::string) { return Give::target(target.get()); };
    std::vector<TransferLane> lanes{lane};
    const auto sent = testing::run_on(fixture.loop, transfer_rows(*plan, lanes, 7, {}));
    REQUIRE(sent);
    CHECK(sent->rows == 20051);
    const auto sequences = testing::run_on(fixture.loop, transfer_sequences(*plan, *source, *target));
    REQUIRE(sequences);
    CHECK(*sequences == 2);
    CHECK(fixture.text(*target, "select last_value from public.big_id_seq") == "20000");
    std::vector<Session*> readers{target.get()};
    CHECK(testing::run_on(fixture.loop, prove_transfer(*plan, *sent, *source, readers, 7)));

    fixture.script(*target, "update public.big set t = t || '!' where id = 17777");
    const auto spoilt = testing::run_on(fixture.loop, prove_transfer(*plan, *sent, *source, readers, 7));
    REQUIRE(!spoilt);
    CHECK(spoilt.error().kind == ErrorKind::corrupt);
    CHECK_THAT(spoilt.error().message, Contains("public.big") && !Contains("public.small"));
    fixture.script(*target, "alter table public.small add more integer");
    const auto other = testing::run_on(fixture.loop, plan_transfer(*source, *target));
    REQUIRE(!other);
    CHECK_THAT(other.error().message, Contains("public.small has other columns"));
  }
  for (Session* each : {old_admin.get(), new_admin.get()}) REQUIRE(testing::run_on(fixture.loop, each->query("drop database transfer_test")));
}

TEST_CASE("transfer: indexes and statistics come with the rows, which are written frozen; foreign keys on two sessions") {
  CopyFixture fixture;
  const auto servers = testing::laboratory_servers();
  auto old_admin = fixture.open(servers.front()), new_admin = fixture.open(servers.back());
  for (Session* each : {old_admin.get(), new_admin.get()}) {
    fixture.script(*each, "drop database if exists transfer_keys_test");
    fixture.script(*each, "create database transfer_keys_test");
  }
  {
    auto source = fixture.open(servers.front(), "transfer_keys_test"), target = fixture.open(servers.back(), "transfer_keys_test");
    auto second_source = fixture.open(servers.front(), "transfer_keys_test"), second_target = fixture.open(servers.back(), "transfer_keys_test");
    for (Session* each : {source.get(), target.get()})
      fixture.script(*each, "set search_path = public; create table big (id bigint, t text); create table child (id bigint, big bigint); create table empty (id bigint); "
                            "create table parent (id bigint); create table part () inherits (parent)");
    fixture.script(*source, "set search_path = public; insert into big select n, md5(n::text) from generate_series(1, 20000) n; insert into child select n, n from generate_series(1, 90) n; "
                            "insert into parent values (1); insert into part values (2)");
    auto plan = testing::run_on(fixture.loop, plan_transfer(*source, *target));
    REQUIRE(plan);
    for (TransferTable& table : plan->tables)
      if (table.name == "public.big") table.after_sql = "ALTER TABLE ONLY public.big ADD CONSTRAINT big_pkey PRIMARY KEY (id); CREATE INDEX big_t ON public.big (t);";
    struct Give {
      static Task<Result<Session*>> target(Session* session) { co_return session; }
    };
    std::vector<TransferLane> lanes(2);
    lanes[0].source = source.get();
    lanes[0].target = [&target](std::string) { return Give::target(target.get()); };
    lanes[1].source = second_source.get();
    lanes[1].target = [&second_target](std::string) { return Give::target(second_target.get()); };
    const auto sent = testing::run_on(fixture.loop, transfer_rows(*plan, lanes, 7, {}));
    REQUIRE(sent);
    CHECK(fixture.text(*target, "select count(*) from pg_index where indrelid = 'public.big'::regclass and indisvalid") == "2");
    CHECK(fixture.text(*target, "select relallvisible = relpages and relpages > 100 from pg_class where oid = 'public.big'::regclass") == "t");
    CHECK(fixture.text(*target, "select string_agg(distinct starelid::regclass::text, ' ' order by starelid::regclass::text) from pg_statistic where starelid >= 16384") ==
          "big child part");  // of a table with children ANALYZE would want theirs
    std::vector<ForeignKey> keys;
    for (int n = 0; n < 40; ++n)
      keys.push_back({"public.child", "public.big", "", "ALTER TABLE ONLY public.child ADD CONSTRAINT k" + std::to_string(n) + " FOREIGN KEY (big) REFERENCES public.big;"});
    for (int n = 0; n < 40; ++n)
      keys.push_back({"public.empty", "public.big", "", "ALTER TABLE ONLY public.empty ADD CONSTRAINT k" + std::to_string(n) + " FOREIGN KEY (id) REFERENCES public.big;"});
    CHECK(testing::run_on(fixture.loop, add_foreign_keys(keys, lanes)));
    CHECK(fixture.text(*target, "select count(*) from pg_constraint where contype = 'f' and convalidated") == "80");
    std::vector<Session*> readers{target.get(), second_target.get()};
    CHECK(testing::run_on(fixture.loop, prove_transfer(*plan, *sent, *source, readers, 7)));

    fixture.script(*target, "insert into public.child values (30000, 5)");
    const std::vector<ForeignKey> broken{{"public.child", "public.big", "", "ALTER TABLE ONLY public.child ADD CONSTRAINT broken FOREIGN KEY (id) REFERENCES public.big;"}};
    const auto refused = testing::run_on(fixture.loop, add_foreign_keys(broken, lanes));
    CHECK_FALSE(refused);
  }
  for (Session* each : {old_admin.get(), new_admin.get()}) fixture.script(*each, "drop database transfer_keys_test");
}

TEST_CASE("schema marker: any definition, privilege or comment changes it, rows and statistics don't") {
  CopyFixture fixture;
  const bool older = GENERATE(true, false);
  const auto servers = testing::laboratory_servers();
  const auto& server = older ? servers.front() : servers.back();
  auto admin = fixture.open(server);
  fixture.script(*admin, "drop database if exists marker_test");
  fixture.script(*admin, "create database marker_test");
  {
    auto session = fixture.open(server, "marker_test");
    std::string earlier;  // markers are compared with one that was taken before
    const auto marker = [&] {
      auto read = testing::run_on(fixture.loop, schema_marker(*session, earlier));
      REQUIRE(read);
      return earlier = *read;
    };
    const auto marker_anew = [&] {
      earlier.clear();
      return marker();
    };
    fixture.script(*session, "create table public.t (id bigserial, x integer); create view public.v as select id from public.t");
    fixture.script(*session, "create temporary table first (id integer)");  // the schema of these stays
    fixture.script(*session, "drop table first");
    std::string before = marker();
    REQUIRE_FALSE(before.empty());
    fixture.script(*session, "insert into public.t (x) select n from generate_series(1, 1000) n");
    fixture.script(*session, "analyze public.t");
    fixture.script(*session, "vacuum public.t");
    fixture.script(*session, "vacuum freeze pg_catalog.pg_class");
    fixture.script(*session, "create temporary table gone (id integer)");
    fixture.script(*session, "drop table gone");
    CHECK(marker() == before);
    for (const char* change : {"alter table public.t alter x set default 7", "comment on column public.t.x is 'some'", "grant select on public.t to public",
                               "revoke select on public.t from public", "create or replace view public.v as select id, x from public.t", "alter sequence public.t_id_seq increment 3",
                               "create function public.f() returns integer language sql as 'select 1'", "create or replace function public.f() returns integer language sql as 'select 2'",
                               "create index on public.t (x)", "drop function public.f()", "alter default privileges grant select on tables to public",
                               "revoke execute on function pg_catalog.pg_sleep(double precision) from public"}) {
      INFO(change);
      fixture.script(*session, change);
      const std::string after = marker();
      CHECK(after != before);
      CHECK(marker() == after);
      before = after;
      if (std::string(change).starts_with("comment")) before = earlier = marker_anew();
    }
  }
  fixture.script(*admin, "drop database marker_test");
}

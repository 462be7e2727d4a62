// Large objects that move between real servers: sizes, holes, owners, privileges, comments, and what a proof finds.
#include <boost/asio/thread_pool.hpp>

#include "engine/postgres/compare.hpp"
#include "engine/postgres/large_objects.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/laboratory.hpp"
#include "tests/support/loop.hpp"

using namespace pgconvoy;
using Catch::Contains;

namespace {

constexpr const char* kDatabase = "large_objects_test";
const std::vector<std::string> kRoles{"lo_owner", "lo \"quoted\"", "lo_reader"};

// A database of that name on the oldest and on the newest server, with roles; all of it is gone afterwards.
class Pair {
 public:
  Pair() {
    remove();
    for (Session* admin : {old_admin_.get(), new_admin_.get()}) {
      script(*admin, std::string("create database ") + kDatabase);
      for (const std::string& role : kRoles) script(*admin, "create role " + quote_identifier(role));
    }
    source = open(servers_.front(), kDatabase);
    target = open(servers_.back(), kDatabase);
  }
  ~Pair() {
    source.reset();
    target.reset();
    remove();
  }
  Pair(const Pair&) = delete;
  Pair& operator=(const Pair&) = delete;

  void script(Session& session, std::string sql) { REQUIRE(testing::run_on(loop, session.script(std::move(sql)))); }
  std::string text(Session& session, std::string sql) {
    auto rows = testing::run_on(loop, session.query(std::move(sql)));
    REQUIRE(rows);
    return rows->text(0, 0);
  }
  Result<SentLargeObjects> transfer() { return testing::run_on(loop, transfer_large_objects(*source, *target, kSeed, {})); }
  Result<void> prove(const SentLargeObjects& sent) { return testing::run_on(loop, prove_large_objects(sent, *source, *target, kSeed)); }
  // Everything that a comparison of two databases looks at, but for the built-in schema: each server's own has other privileges.
  std::vector<std::string> differences() {
    CompareOptions options;
    auto compared = testing::run_on(loop, compare_databases(*source, *target, options));
    REQUIRE(compared);
    std::vector<std::string> found;
    for (const Difference& each : compared->differences)
      if (each.object != "public" && each.object != "schema public") found.push_back(each.kind + " " + each.object + ": " + each.source + ", " + each.target);
    return found;
  }

  static constexpr std::uint64_t kSeed = 7;
  asio::io_context loop{1};
  asio::thread_pool pool{2};
  SessionPtr source, target;

 private:
  SessionPtr open(const testing::LaboratoryServer& server, const std::string& database) {
    auto session = testing::run_on(loop, factory_->open(server.connection.with_database(database), SessionOptions()));
    REQUIRE(session);
    return *std::move(session);
  }
  void remove() {
    for (Session* admin : {old_admin_.get(), new_admin_.get()}) {
      script(*admin, std::string("drop database if exists ") + kDatabase);
      for (const std::string& role : kRoles) script(*admin, "drop role if exists " + quote_identifier(role));
    }
  }

  std::unique_ptr<SessionFactory> factory_ = make_session_factory(pool);
  const std::vector<testing::LaboratoryServer> servers_ = testing::laboratory_servers();
  SessionPtr old_admin_ = open(servers_.front(), "postgres"), new_admin_ = open(servers_.back(), "postgres");
};

// Empty, of one byte, of several pieces; with holes at the beginning, in the middle and at the end; cut off at a page's end.
constexpr const char* kShapes = R"sql(
  select lo_create(101);
  select lo_from_bytea(102, '\x00');
  select lo_from_bytea(103, decode(repeat(md5('x'), 50000), 'hex'));
  select lo_create(104), lo_put(104, 5000, 'in the middle'), lo_put(104, 10000000, 'far behind');
  select lo_from_bytea(105, decode(repeat('ab', 6000), 'hex')), lo_truncate(lo_open(105, 131072), 4096);
  select lo_from_bytea(106, 'short'), lo_truncate(lo_open(106, 131072), 9003);
  select lo_from_bytea(107, 'cut off'), lo_truncate(lo_open(107, 131072), 8192);
  select lo_from_bytea(108, decode(repeat('00', 5000), 'hex'));
  select lo_from_bytea(4000000000, 'a high number');
)sql";

constexpr const char* kRights = R"sql(
  alter large object 101 owner to lo_owner;
  alter large object 102 owner to "lo ""quoted""";
  grant select on large object 102 to public;
  alter large object 103 owner to lo_owner;
  grant select, update on large object 103 to "lo ""quoted""" with grant option;
  set session authorization "lo ""quoted""";
  grant select on large object 103 to lo_reader;
  reset session authorization;
  alter large object 104 owner to lo_owner;
  revoke all on large object 104 from lo_owner;
  revoke update on large object 105 from postgres;
  comment on large object 103 is 'it''s a \ picture';
)sql";

}  // namespace

TEST_CASE("large objects: contents, holes, owners, privileges and comments come as they are") {
  Pair databases;
  databases.script(*databases.source, kShapes);
  databases.script(*databases.source, kRights);
  const auto sent = databases.transfer();
  REQUIRE(sent);
  CHECK(sent->objects == 9);
  CHECK(databases.text(*databases.source, "select sum(length(data)) from pg_largeobject") == std::to_string(sent->bytes));
  CHECK(databases.prove(*sent));
  CHECK(databases.differences() == std::vector<std::string>());
  for (const char* question : {"select string_agg(md5(lo_get(oid)), ' ' order by oid) from pg_largeobject_metadata",
                               "select string_agg(length(lo_get(oid))::text, ' ' order by oid) from pg_largeobject_metadata",
                               "select string_agg(concat(oid, pg_get_userbyid(lomowner), lomacl), ' ' order by oid) from pg_largeobject_metadata",
                               "select obj_description(103, 'pg_largeobject')"})
    CHECK(databases.text(*databases.target, question) == databases.text(*databases.source, question));
}

TEST_CASE("large objects: many of them, some without anything in them") {
  Pair databases;
  databases.script(*databases.source, "select lo_from_bytea(n::oid, convert_to(repeat(n::text, n % 50), 'UTF8')) from generate_series(20000, 22500) n");
  databases.script(*databases.source, "do $$ begin execute (select string_agg(format('alter large object %s owner to %I', n, case n % 3 when 0 then 'lo_owner' when 1 then 'lo_reader' else 'postgres' end), ';') "
                                      "from generate_series(20000, 22500) n); end $$");
  const auto sent = databases.transfer();
  REQUIRE(sent);
  CHECK(sent->objects == 2501);
  CHECK(databases.prove(*sent));
  CHECK(databases.differences() == std::vector<std::string>());
}

TEST_CASE("large objects: a proof finds what is missing, changed, or somebody else's") {
  Pair databases;
  databases.script(*databases.source, kShapes);
  const auto sent = databases.transfer();
  REQUIRE(sent);
  const auto [change, found] = GENERATE(table<const char*, const char*>({
      {"select lo_put(103, 70000, '\\x01')", "content, first differing key: (oid, page)=(103, 34)"},
      {"select lo_put(104, 10000010, '\\x00')", "content"},  // only its length
      {"select lo_unlink(101)", "owners and privileges, first differing key: (oid)=(101)"},
      {"select lo_create(99)", "owners and privileges"},
      {"alter large object 102 owner to lo_owner", "(oid)=(102)"},
      {"grant select on large object 105 to lo_reader", "(oid)=(105)"},
  }));
  INFO(change);
  CHECK(databases.prove(*sent));
  databases.script(*databases.target, change);
  const auto proved = databases.prove(*sent);
  REQUIRE(!proved);
  CHECK(proved.error().kind == ErrorKind::corrupt);
  CHECK_THAT(proved.error().message, Contains("the large objects of the new database are not those of the old one: ") && Contains(found));
}

TEST_CASE("large objects: a database without any has nothing to move, and one where they are already is refused") {
  Pair databases;
  auto sent = databases.transfer();
  REQUIRE(sent);
  CHECK(sent->objects == 0);
  CHECK(databases.prove(*sent));
  databases.script(*databases.source, "select lo_from_bytea(101, 'x')");
  REQUIRE(databases.transfer());
  sent = databases.transfer();
  REQUIRE(!sent);
  CHECK_THAT(sent.error().message, Contains("large objects could not be made"));
}

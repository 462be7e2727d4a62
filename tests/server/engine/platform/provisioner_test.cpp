// The provisioner `shared server` on real servers: every server of the laboratory, many sessions at a time.
#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <regex>

#include "engine/platform/platform.hpp"
#include "engine/platform/setting_sql.hpp"
#include "engine/platform/shared_server.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/loop.hpp"

using namespace pgconvoy;

namespace {

template <class T>
T value(Result<T> result) {
  if (!result) throw std::runtime_error(describe(result.error()) + "\n" + result.error().statement);
  return *std::move(result);
}

const std::string kVerifier =
    "SCRAM-SHA-256$4096:c2FsdHNhbHRzYWx0c2Fs$" + std::string(43, 'A') + "=:" + std::string(43, 'B') + "=";
const std::vector<std::string> kHostile{"\"; drop role x; --", "Gross UND klein", "größe 💥", "a'b\\c", "a\"b",
                                        std::string(63, 'n')};

class Server {
 public:
  explicit Server(ConnectionSpec spec) : spec_(std::move(spec)) {}

  SessionPtr open(const std::string& database = "postgres") {
    SessionOptions options;
    options.application_name = "pgconvoy provisioner_test";
    return value(run(factory_->open(spec_.with_database(database), options)));
  }
  template <class T>
  T run(Task<T> task) {
    return testing::run_on(loop_, std::move(task));
  }
  Rows query(const std::string& sql, std::vector<Value> parameters = {}) {
    auto session = open();
    return value(run(session->query(sql, std::move(parameters))));
  }
  std::string one(const std::string& sql, std::vector<Value> parameters = {}) {
    return query(sql, std::move(parameters)).text(0, 0);
  }
  std::string system_identifier() { return one("select system_identifier::text from pg_control_system()"); }
  // What an earlier test or a broken run left behind.
  void sweep() {
    auto session = open();
    const auto databases = value(run(session->query(
        "select datname from pg_database where datname ~ '^provisioner_test' or datname = any($1::text[])",
        {array(kHostile)})));
    for (std::size_t i = 0; i < databases.size(); ++i)
      value(run(session->query("drop database " + quote_identifier(databases.text(i, 0)) + " with (force)")));
    const auto roles = value(run(
        session->query("select rolname from pg_roles where rolname ~ '^provisioner_test' or rolname = any($1::text[])",
                       {array(kHostile)})));
    for (std::size_t i = 0; i < roles.size(); ++i)
      value(run(session->query("drop role " + quote_identifier(roles.text(i, 0)))));
  }
  asio::io_context& loop() { return loop_; }
  const ConnectionSpec& spec() const { return spec_; }

  static std::string array(const std::vector<std::string>& texts) {
    std::string list;
    for (const auto& text : texts) {
      std::string escaped;
      for (const char c : text) escaped += (c == '"' || c == '\\') ? std::string{'\\', c} : std::string{c};
      list += (list.empty() ? "" : ",") + ("\"" + escaped + "\"");
    }
    return "{" + list + "}";
  }

 private:
  ConnectionSpec spec_;
  asio::io_context loop_{1};
  asio::thread_pool pool_{2};
  std::unique_ptr<SessionFactory> factory_ = make_session_factory(pool_);
};

// One server of each service; empty, with a warning, without a laboratory.
std::vector<std::unique_ptr<Server>> servers() {
  std::vector<std::unique_ptr<Server>> found;
  const char* directory = std::getenv("PGCONVOY_TEST_LAB");
  if (!directory) {
    WARN("skipped: PGCONVOY_TEST_LAB names no laboratory");
    return found;
  }
  const auto fleet = YAML::LoadFile((std::filesystem::path(directory) / "fleet.yaml").string());
  std::map<std::string, ConnectionSpec> by_service;
  for (const auto& server : fleet["servers"]) {
    auto spec = value(parse_connection(server.first.as<std::string>(), server.second["url"].as<std::string>()));
    spec.keywords["passfile"] = (std::filesystem::path(directory) / "secrets" / "admin.passfile").string();
    by_service.emplace(server.second["service"].as<std::string>(), std::move(spec));
  }
  for (auto& [service, spec] : by_service) found.push_back(std::make_unique<Server>(spec));
  return found;
}

RoleOrder role(const std::string& name) {
  RoleOrder order;
  order.attributes.name = name;
  return order;
}

const CallIdentity who{"test-r1", 1, "step", 1};

// What a target does: its role and the one that all share, its database, and both away again.
Task<Result<void>> provision_once(Session& session, Provisioner& provisioner, int number, std::string system) {
  std::vector<RoleOrder> roles{role(fmt::format("provisioner_test_{}", number)), role("provisioner_test_shared")};
  roles[0].attributes.member_of = {"provisioner_test_shared"};
  roles[0].attributes.settings = {"work_mem=8MB"};
  CO_TRY(const auto made, co_await provisioner.create_roles(who, session, roles));
  DatabaseOrder order;
  order.name = fmt::format("provisioner_test_{}", number);
  order.owner = order.name;
  order.encoding = "UTF8";
  order.comment = "made by a test";
  CO_TRY(const auto oid, co_await provisioner.create_database(who, session, order));
  CO_TRY_VOID(co_await provisioner.drop_database(who, session, order.name, oid, system));
  CO_TRY_VOID(co_await provisioner.drop_database(who, session, order.name, oid, system));
  std::vector<std::string> names{order.name};
  CO_TRY(const auto dropped, co_await provisioner.drop_roles(who, session, names));
  if (dropped != names) co_return Error(ErrorKind::internal, "its own role was not dropped");
  co_return Result<void>();
}

}  // namespace

TEST_CASE("provisioner: 16 targets at a time make and remove roles and databases without one failure") {
  for (auto& server : servers()) {
    INFO(server->spec().server);
    server->sweep();
    auto provisioner = make_shared_server_provisioner();
    const std::string system = server->system_identifier();
    std::vector<SessionPtr> sessions;
    for (int i = 0; i < 16; ++i) sessions.push_back(server->open());
    std::vector<std::string> failures;
    int done = 0;
    for (int i = 0; i < 16; ++i)
      asio::co_spawn(server->loop(), provision_once(*sessions[i], *provisioner, i, system),
                     [&failures, &done](std::exception_ptr thrown, Result<void> result) {
                       ++done;
                       if (thrown)
                         failures.emplace_back("an exception");
                       else if (!result)
                         failures.push_back(describe(result.error()));
                     });
    server->loop().restart();
    server->loop().run();
    CHECK(done == 16);
    CHECK(failures == std::vector<std::string>{});
    CHECK(server->one("select count(*) from pg_database where datname ~ '^provisioner_test'") == "0");
    CHECK(server->one("select string_agg(rolname, ' ') from pg_roles where rolname ~ '^provisioner_test'") ==
          "provisioner_test_shared");
    server->sweep();
  }
}

TEST_CASE("provisioner: changes of others, who don't know of our lock, are met again and again") {
  for (auto& server : servers()) {
    INFO(server->spec().server);
    server->sweep();
    auto provisioner = make_shared_server_provisioner();
    server->query("create role provisioner_test_shared");
    auto other = server->open();
    value(server->run(other->script(
        "begin; alter role provisioner_test_shared connection limit 7; create role provisioner_test_race")));
    auto session = server->open();
    std::vector<RoleOrder> orders{role("provisioner_test_race"), role("provisioner_test_new")};
    std::optional<Result<std::vector<std::string>>> made;
    asio::co_spawn(
        server->loop(), provisioner->create_roles(who, *session, orders),
        [&](std::exception_ptr, Result<std::vector<std::string>> result) { made.emplace(std::move(result)); });
    server->loop().restart();
    server->loop().run_for(std::chrono::milliseconds(300));
    CHECK_FALSE(made);
    auto committed = server->run(other->script("commit"));
    REQUIRE(committed);
    if (!made) {
      server->loop().restart();
      server->loop().run();
    }
    REQUIRE(made);
    REQUIRE(*made);
    CHECK(**made == std::vector<std::string>{"provisioner_test_new"});
    server->sweep();
  }
}

TEST_CASE("provisioner: a role is copied exactly") {
  for (auto& server : servers()) {
    INFO(server->spec().server);
    server->sweep();
    auto provisioner = make_shared_server_provisioner();
    auto session = server->open();
    RoleOrder order = role("provisioner_test_copy");
    RoleFact& fact = order.attributes;
    fact.login = fact.create_database = fact.bypass_row_security = true;
    fact.inherit = false;
    fact.connection_limit = 17;
    fact.valid_until = "2031-02-03 04:05:06+00";
    fact.settings = {R"(search_path="$user", "a, b", "c""d", public)",
                     "application_name='; drop role x; --",
                     R"(work_mem=8MB)",
                     R"(app.path=C:\temp)",
                     "DateStyle=ISO, DMY",
                     R"(temp_tablespaces="")"};
    fact.member_of = {"provisioner_test_group", "pg_monitor"};
    fact.comment = "it's \\ \"hers\"";
    order.verifier = Secret(kVerifier);
    std::vector<RoleOrder> orders{order, role("provisioner_test_group")};
    CHECK(value(server->run(provisioner->create_roles(who, *session, orders))) ==
          std::vector<std::string>{"provisioner_test_copy", "provisioner_test_group"});
    const auto rows = server->query(
        R"(select rolsuper, rolinherit, rolcreaterole, rolcreatedb, rolcanlogin, rolreplication, rolbypassrls,
        rolconnlimit, rolvaliduntil = '2031-02-03 04:05:06+00', rolpassword, shobj_description(a.oid, 'pg_authid'),
        (select array_to_json(setconfig)::text from pg_db_role_setting where setrole = a.oid and setdatabase = 0),
        (select string_agg(roleid::regrole::text, ' ' order by roleid::regrole::text) from pg_auth_members where member = a.oid)
        from pg_authid a where rolname = 'provisioner_test_copy')");
    std::string flags;
    for (int i = 0; i < 9; ++i) flags += rows.text(0, i) + " ";
    CHECK(flags == "f f f t t f t 17 t ");
    CHECK(rows.text(0, 9) == kVerifier);
    CHECK(rows.text(0, 10) == fact.comment);
    CHECK(json::parse(rows.text(0, 11)).get<std::vector<std::string>>() == fact.settings);
    CHECK(rows.text(0, 12) == "pg_monitor provisioner_test_group");

    // A role that is there already stays as it is.
    orders[0].attributes.connection_limit = 3;
    orders[0].attributes.comment = "other";
    CHECK(value(server->run(provisioner->create_roles(who, *session, orders))).empty());
    CHECK(server->one("select rolconnlimit from pg_roles where rolname = 'provisioner_test_copy'") == "17");
    server->sweep();
  }
}

TEST_CASE("provisioner: when one role of a call can't be made, none is, and no verifier is shown") {
  for (auto& server : servers()) {
    INFO(server->spec().server);
    server->sweep();
    auto provisioner = make_shared_server_provisioner();
    auto session = server->open();
    std::vector<RoleOrder> orders{role("provisioner_test_a"), role("provisioner_test_b")};
    orders[0].verifier = Secret(kVerifier);
    orders[1].attributes.member_of = {"provisioner_test_absent"};
    auto made = server->run(provisioner->create_roles(who, *session, orders));
    REQUIRE_FALSE(made);
    CHECK(made.error().sqlstate == "42704");
    const std::string shown = describe(made.error()) + made.error().statement;
    CHECK(shown.find("provisioner_test_absent") != std::string::npos);
    CHECK(shown.find("SCRAM") == std::string::npos);
    CHECK(server->one("select count(*) from pg_roles where rolname ~ '^provisioner_test'") == "0");
    CHECK(value(server->run(session->query("select 1"))).text(0, 0) == "1");
    CHECK(server->one("select count(*) from pg_locks where locktype = 'advisory'") == "0");

    orders = {role("provisioner_test_a")};
    for (const char* clear : {"hunter2", "SCRAM-SHA-256$hunter2", "md5hunter2"}) {
      orders[0].verifier = Secret(clear);
      auto refused = server->run(provisioner->create_roles(who, *session, orders));
      REQUIRE_FALSE(refused);
      CHECK(refused.error().kind == ErrorKind::refused);
      CHECK(describe(refused.error()).find("hunter2") == std::string::npos);
    }
  }
}

TEST_CASE("provisioner: hostile names are ordinary names") {
  for (auto& server : servers()) {
    INFO(server->spec().server);
    server->sweep();
    auto provisioner = make_shared_server_provisioner();
    auto session = server->open();
    std::vector<RoleOrder> orders;
    for (const auto& name : kHostile) {
      orders.push_back(role(name));
      orders.back().attributes.comment = name;
      if (orders.size() > 1) orders.back().attributes.member_of = {kHostile.front()};
    }
    CHECK(value(server->run(provisioner->create_roles(who, *session, orders))) == kHostile);
    for (const auto& name : kHostile) {
      DatabaseOrder order;
      order.name = order.owner = order.comment = name;
      const auto oid = value(server->run(provisioner->create_database(who, *session, order)));
      CHECK(server->one("select datname || pg_get_userbyid(datdba) || shobj_description(oid, 'pg_database') from "
                        "pg_database where oid = $1::text::oid",
                        {std::to_string(oid)}) == name + name + name);
      value(server->run(session->query(
          alter_setting_sql("DATABASE " + quote_identifier(name), "search_path=\"" + std::string("x'; --") + "\""))));
      auto inside = server->open(name);
      CHECK(inside->usable());
      inside->close();
      REQUIRE(server->run(provisioner->drop_database(who, *session, name, oid, server->system_identifier())));
    }
    auto sorted = kHostile, dropped = value(server->run(provisioner->drop_roles(who, *session, kHostile)));
    std::sort(sorted.begin(), sorted.end());
    std::sort(dropped.begin(), dropped.end());
    CHECK(dropped == sorted);
  }
}

TEST_CASE("provisioner: a new database is closed to PUBLIC, has its locale, and its name can't be taken twice") {
  for (auto& server : servers()) {
    INFO(server->spec().server);
    server->sweep();
    auto provisioner = make_shared_server_provisioner();
    auto session = server->open();
    value(server->run(provisioner->create_roles(who, *session, {role("provisioner_test_owner")})));
    DatabaseOrder order;
    order.name = "provisioner_test_db";
    order.owner = "provisioner_test_owner";
    order.encoding = "LATIN1";
    order.collate = order.ctype = "C";
    value(server->run(provisioner->create_database(who, *session, order)));
    const auto rows = server->query(
        "select pg_encoding_to_char(encoding), datcollate, datctype, datacl::text, datallowconn, "
        "pg_get_userbyid(datdba)"
        " from pg_database where datname = 'provisioner_test_db'");
    CHECK(rows.text(0, 0) + rows.text(0, 1) + rows.text(0, 2) == "LATIN1CC");
    CHECK(rows.text(0, 3) == "{provisioner_test_owner=CTc/provisioner_test_owner}");
    CHECK(rows.truth(0, 4));
    CHECK(rows.text(0, 5) == "provisioner_test_owner");
    auto again = server->run(provisioner->create_database(who, *session, order));
    REQUIRE_FALSE(again);
    CHECK(again.error().kind == ErrorKind::conflict);
    order.name = "provisioner_test_db2";
    order.owner = "provisioner_test_absent";
    CHECK(server->run(provisioner->create_database(who, *session, order)).error().kind == ErrorKind::not_found);
    server->sweep();
  }
}

TEST_CASE("provisioner: exactly the database that was meant is dropped, sessions in it or not") {
  for (auto& server : servers()) {
    INFO(server->spec().server);
    server->sweep();
    auto provisioner = make_shared_server_provisioner();
    auto session = server->open();
    const std::string system = server->system_identifier();
    DatabaseOrder order;
    order.name = "provisioner_test_db";
    order.owner = "postgres";
    const auto oid = value(server->run(provisioner->create_database(who, *session, order)));
    auto wrong_oid = server->run(provisioner->drop_database(who, *session, order.name, oid + 1, system));
    REQUIRE_FALSE(wrong_oid);
    CHECK(wrong_oid.error().kind == ErrorKind::conflict);
    auto wrong_server = server->run(provisioner->drop_database(who, *session, order.name, oid, "7"));
    REQUIRE_FALSE(wrong_server);
    CHECK(wrong_server.error().kind == ErrorKind::conflict);
    auto renamed = server->run(provisioner->drop_database(who, *session, "provisioner_test_other", oid, system));
    REQUIRE_FALSE(renamed);
    CHECK(renamed.error().kind == ErrorKind::conflict);
    auto inside = server->open(order.name);
    REQUIRE(server->run(provisioner->drop_database(who, *session, order.name, oid, system)));
    CHECK(server->one("select count(*) from pg_database where datname = 'provisioner_test_db'") == "0");
    REQUIRE(server->run(provisioner->drop_database(who, *session, order.name, oid, system)));
  }
}

TEST_CASE("provisioner: only roles on which nothing and nobody depends are dropped") {
  for (auto& server : servers()) {
    INFO(server->spec().server);
    server->sweep();
    auto provisioner = make_shared_server_provisioner();
    auto session = server->open();
    std::vector<RoleOrder> orders;
    for (const char* name : {"free", "owner", "group", "member_of_group", "granted", "member_of_owner"})
      orders.push_back(role(std::string("provisioner_test_") + name));
    orders[3].attributes.member_of = {"provisioner_test_group"};
    orders[5].attributes.member_of = {"provisioner_test_owner"};
    value(server->run(provisioner->create_roles(who, *session, orders)));
    auto database = server->run(session->query("create database provisioner_test_db owner provisioner_test_owner"));
    REQUIRE(database);
    REQUIRE(server->run(session->query("create role provisioner_test_stranger in role provisioner_test_granted")));
    const std::vector<std::string> names{"provisioner_test_free",
                                         "provisioner_test_owner",
                                         "provisioner_test_group",
                                         "provisioner_test_member_of_group",
                                         "provisioner_test_granted",
                                         "provisioner_test_absent",
                                         "postgres",
                                         "pg_monitor",
                                         "provisioner_test_member_of_owner"};
    // A member of a role that stays is a login of whoever uses that one.
    CHECK(value(server->run(provisioner->drop_roles(who, *session, names))) ==
          std::vector<std::string>{"provisioner_test_free", "provisioner_test_group", "provisioner_test_member_of_group"});
    CHECK(value(server->run(provisioner->drop_roles(who, *session, names))).empty());
    CHECK(server->one("select count(*) from pg_roles where rolname in ('provisioner_test_owner', "
                      "'provisioner_test_granted', 'postgres')") == "3");
    server->sweep();
  }
}

#include "engine/fleet/discover.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <catch2/catch.hpp>

#include "engine/fleet/file.hpp"
#include "engine/fleet/schema.hpp"
#include "engine/fleet/target.hpp"

using namespace pgconvoy;
using Catch::Matchers::Contains;

namespace {

// Answers every query with the rows that the test put in.
class FakeSession final : public Session {
 public:
  Rows rows;

  Task<Result<Rows>> query(std::string, std::vector<Value>, std::optional<Seconds>) override { co_return rows; }
  Task<Result<std::vector<Rows>>> script(std::string, std::optional<Seconds>) override {
    co_return Error(ErrorKind::internal, "not asked for");
  }
  Task<Result<void>> copy_out(std::string, CopySink, std::optional<Seconds>) override {
    co_return Error(ErrorKind::internal, "not asked for");
  }
  std::string quote_identifier(const std::string& name) const override { return name; }
  std::string quote_literal(const std::string& value) const override { return value; }
  Result<Secret> encrypt_password(const Secret&, const std::string&) const override { return Secret(); }
  int server_version() const override { return 130023; }
  int backend_pid() const override { return 1; }
  bool usable() const override { return true; }
  const std::string& server() const override { return server_; }
  void close() override {}

 private:
  std::string server_ = "eu-pg13";
};

Result<std::vector<DiscoveredDatabase>> discover(FakeSession& session, std::string glob) {
  asio::io_context context;
  std::optional<Result<std::vector<DiscoveredDatabase>>> value;
  asio::co_spawn(context, discover_databases(session, std::move(glob)),
                 [&](std::exception_ptr failure, Result<std::vector<DiscoveredDatabase>> result) {
                   if (failure) std::rethrow_exception(failure);
                   value.emplace(std::move(result));
                 });
  context.run();
  return std::move(value.value());
}

Fleet fleet_with_server() {
  Fleet fleet;
  fleet.regions["EU.west"].id = "EU.west";
  fleet.servers["pg13"] = {"pg13", "EU.west", "postgresql-database-13", "host=h", {}};
  return fleet;
}

}  // namespace

TEST_CASE("discover: rows become databases, the glob is on the name") {
  FakeSession session;
  session.rows.rows = {{"blog", "anna", "8000000", "t", "1"}, {"shop", "berta", "9", "f", "2"}};
  const auto all = discover(session, "*");
  REQUIRE(all.has_value());
  REQUIRE(all->size() == 2);
  CHECK((*all)[0].database == "blog");
  CHECK((*all)[0].owner == "anna");
  CHECK((*all)[0].bytes == 8'000'000);
  CHECK_FALSE((*all)[1].allows_connections);
  CHECK(discover(session, "s*")->size() == 1);
  CHECK(discover(session, "x*")->empty());
  CHECK(discover(session, "").error().kind == ErrorKind::usage);
}

TEST_CASE("discover: a name that isn't UTF-8 is refused unless the glob leaves it out") {
  FakeSession session;
  session.rows.rows = {{"caf\xE9", "anna", "1", "t", "4711"}, {"shop", "berta", "9", "t", "2"}};
  CHECK(discover(session, "shop")->size() == 1);
  const auto refused = discover(session, "*");
  REQUIRE_FALSE(refused.has_value());
  CHECK_THAT(describe(refused.error()), Contains("oid 4711") && Contains("eu-pg13"));
}

TEST_CASE("discovered databases become a valid fleet whose every database is a target") {
  Fleet fleet = fleet_with_server();
  const std::string hostile = "\"; drop\n\xF0\x9F\x98\x80";
  add_discovered(fleet, fleet.servers.at("pg13"),
                 {{"Shop", "o", 1, true},
                  {"shop", "o", 1, true},
                  {hostile, "r\"", 1, true},
                  {"\xF0\x9F\x98\x80", "o", 1, true},
                  {"shop_2", "o", 1, true},
                  {"closed", "o", 1, false}});
  CHECK(fleet.instances.at("eu-west-shop").database == "Shop");
  CHECK(fleet.instances.at("eu-west-shop-2").database == "shop");
  CHECK(fleet.instances.at("eu-west-shop-2-2").database == "shop_2");
  CHECK(fleet.instances.at("eu-west-drop").database == hostile);
  CHECK(fleet.instances.at("eu-west-database").database == "\xF0\x9F\x98\x80");
  CHECK(fleet.instances.at("eu-west-closed").state == "closed");
  CHECK(fleet.environments.at("eu-west-drop").controller.kind == "none");
  for (const auto& [id, instance] : fleet.instances) CHECK(is_id(id));
  CHECK(group_targets(fleet).size() == 6);
  const LoadedFleet loaded = parse_fleet(fleet_to_yaml(fleet), "/");
  CHECK(format_problems("f", loaded.problems) == "");
  CHECK(loaded.fleet == fleet);
}

TEST_CASE("discovering again adds only what is new") {
  Fleet fleet = fleet_with_server();
  const Server server = fleet.servers.at("pg13");
  add_discovered(fleet, server, {{"shop", "o", 1, true}});
  const Fleet before = fleet;
  add_discovered(fleet, server, {{"shop", "o", 1, true}});
  CHECK(fleet == before);
  add_discovered(fleet, server, {{"blog", "o", 1, true}, {"shop", "o", 1, true}});
  CHECK(fleet.instances.size() == 2);
}

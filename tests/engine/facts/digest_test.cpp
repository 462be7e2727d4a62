#include <set>

#include "engine/facts/gather.hpp"
#include "tests/support/catch.hpp"

using namespace pgconvoy;

namespace {

TargetFacts shop() {
  TargetFacts facts;
  facts.target = "shop-live";
  DatabaseFacts& database = facts.databases["shop-db"];
  database.instance = "shop-db";
  database.server = "pg13";
  database.database = "shop";
  database.exists = true;
  database.owner = "shop";
  database.roles = {"shop"};
  database.bytes = 1000;
  for (const char* name : {"pg13", "pg15"}) {
    ServerFacts& server = facts.servers[name];
    server.server = name;
    server.reachable = true;
    server.free_bytes = 5000;
  }
  RoleFact role;
  role.name = "shop";
  role.member_of = {"staff"};
  facts.servers["pg13"].roles["shop"] = role;
  facts.servers["pg13"].roles["staff"].name = "staff";
  facts.servers["pg13"].roles["other"].name = "other";
  facts.role_of["shop-db"] = "shop";
  facts.applications["shop-live"].running = true;
  return facts;
}

}  // namespace

TEST_CASE("facts digest: what changes all the time is left out") {
  const std::string before = digest(shop());
  TargetFacts later = shop();
  DatabaseFacts& database = later.databases["shop-db"];
  database.bytes = 2000;
  database.table_bytes = 7;
  database.index_bytes = 7;
  database.large_object_bytes = 7;
  database.large_objects = 3;
  database.sessions = 12;
  database.superuser_sessions = {"postgres (psql)"};
  later.servers["pg13"].free_bytes = std::nullopt;
  later.host.backup_free_bytes = 17;
  later.applications["shop-live"].healthy = true;
  later.applications["shop-live"].detail = "200 OK in 12 ms";
  CHECK(digest(later) == before);
  CHECK(before.size() == 64);
}

TEST_CASE("facts digest: other targets of the run on the same servers do not change it") {
  const std::string before = digest(shop());
  TargetFacts later = shop();
  later.servers["pg15"].databases["blog"] = "blog";
  later.servers["pg15"].roles["blog"].name = "blog";
  later.servers["pg13"].roles["other"].superuser = true;
  CHECK(digest(later) == before);
}

TEST_CASE("facts digest: what a plan depends on changes it") {
  const std::string before = digest(shop());
  std::set<std::string> seen{before};
  const auto changed = [&](auto change) {
    TargetFacts later = shop();
    change(later);
    return seen.insert(digest(later)).second;
  };
  CHECK(changed([](TargetFacts& facts) { facts.databases["shop-db"].owner = "staff"; }));
  CHECK(changed([](TargetFacts& facts) { facts.databases["shop-db"].oid = 16400; }));
  CHECK(changed([](TargetFacts& facts) {
    facts.databases["shop-db"].extensions.push_back({"citext", "1.6", "public"});
  }));
  CHECK(changed([](TargetFacts& facts) { facts.databases["shop-db"].settings = {"work_mem=64MB"}; }));
  CHECK(changed([](TargetFacts& facts) { facts.servers["pg13"].roles["shop"].verifier = "md5"; }));
  CHECK(changed([](TargetFacts& facts) { facts.servers["pg13"].roles["staff"].create_role = true; }));
  CHECK(changed([](TargetFacts& facts) { facts.servers["pg15"].extensions["citext"] = {"1.6"}; }));
  CHECK(changed([](TargetFacts& facts) { facts.servers["pg15"].timeline = 2; }));
  CHECK(changed([](TargetFacts& facts) { facts.target_server["shop-db"] = "pg15"; }));
}

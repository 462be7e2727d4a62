#include "engine/facts/access_rules.hpp"

#include "tests/support/catch.hpp"

using namespace pgconvoy;

namespace {

using Methods = std::vector<std::string>;

AccessRule access_rule(std::string method, std::vector<std::string> databases = {"all"}, std::vector<std::string> roles = {"all"},
                       std::string address = "all", std::string netmask = "", std::string type = "host") {
  AccessRule made;
  made.method = std::move(method);
  made.databases = std::move(databases);
  made.roles = std::move(roles);
  made.address = std::move(address);
  made.netmask = std::move(netmask);
  made.type = std::move(type);
  return made;
}

Methods asked_of(std::vector<AccessRule> rules, std::string address = "10.0.0.9", bool tls = false) {
  AccessRules all;
  all.rules = std::move(rules);
  return methods_for(all, {"shop", "shop_app", {"apps"}, std::move(address), tls});
}

}  // namespace

TEST_CASE("access rules: the first line that matches decides") {
  CHECK(asked_of({access_rule("md5"), access_rule("scram-sha-256")}) == Methods{"md5"});
  CHECK(asked_of({access_rule("scram-sha-256", {"other"}), access_rule("md5", {"shop", "x"})}) == Methods{"md5"});
  CHECK(asked_of({access_rule("scram-sha-256", {"all"}, {"admin"}), access_rule("md5", {"all"}, {"shop_app"})}) == Methods{"md5"});
  CHECK(asked_of({access_rule("reject", {"replication"}), access_rule("trust")}) == Methods{"trust"});
  CHECK(asked_of({access_rule("md5", {"other"})}).empty());
  CHECK(asked_of({}).empty());
}

TEST_CASE("access rules: groups, sameuser and samerole") {
  CHECK(asked_of({access_rule("md5", {"all"}, {"+apps"}), access_rule("reject")}) == Methods{"md5"});
  CHECK(asked_of({access_rule("md5", {"all"}, {"+shop_app"}), access_rule("reject")}) == Methods{"md5"});
  CHECK(asked_of({access_rule("md5", {"all"}, {"+others"}), access_rule("reject")}) == Methods{"reject"});
  CHECK(asked_of({access_rule("md5", {"sameuser"}), access_rule("reject")}) == Methods{"reject"});
  AccessRules all;
  all.rules = {access_rule("md5", {"samerole"}), access_rule("reject")};
  CHECK(methods_for(all, {"apps", "shop_app", {"apps"}, "10.0.0.9", false}) == Methods{"md5"});
}

TEST_CASE("access rules: networks and ways to connect") {
  const auto inside = access_rule("md5", {"all"}, {"all"}, "10.0.0.0", "255.255.255.0");
  CHECK(asked_of({inside, access_rule("scram-sha-256")}) == Methods{"md5"});
  CHECK(asked_of({inside, access_rule("scram-sha-256")}, "10.0.1.9") == Methods{"scram-sha-256"});
  CHECK(asked_of({inside, access_rule("scram-sha-256")}, "fd00::1") == Methods{"scram-sha-256"});
  const auto six = access_rule("md5", {"all"}, {"all"}, "fd00::", "ffff::");
  CHECK(asked_of({six, access_rule("scram-sha-256")}, "fd00::1") == Methods{"md5"});
  CHECK(asked_of({access_rule("md5", {"all"}, {"all"}, "all", "", "hostssl"), access_rule("reject")}) == Methods{"reject"});
  CHECK(asked_of({access_rule("md5", {"all"}, {"all"}, "all", "", "hostssl"), access_rule("reject")}, "10.0.0.9", true) == Methods{"md5"});
  CHECK(asked_of({access_rule("md5", {"all"}, {"all"}, "", "", "local"), access_rule("trust")}) == Methods{"trust"});
  CHECK(asked_of({access_rule("md5"), access_rule("trust", {"all"}, {"all"}, "", "", "local")}, "") == Methods{"trust"});
}

TEST_CASE("access rules: where the line can't be told, every one that may decide is named") {
  CHECK(asked_of({access_rule("md5", {"all"}, {"all"}, "samenet"), access_rule("scram-sha-256")}) == Methods{"md5", "scram-sha-256"});
  CHECK(asked_of({access_rule("md5", {"all"}, {"all"}, "app.example.org")}) == Methods{"md5", "reject"});
  CHECK(asked_of({access_rule("md5", {"/^shop"}), access_rule("md5")}) == Methods{"md5"});
}

TEST_CASE("access rules: they ask all alike when none tells databases or roles apart") {
  const auto alike = [](std::vector<AccessRule> rules, std::string client = "10.0.0.9") {
    AccessRules all;
    all.client = std::move(client);
    all.rules = std::move(rules);
    return asks_all_alike(all);
  };
  CHECK(alike({access_rule("scram-sha-256")}));
  CHECK(alike({}));
  CHECK(alike({access_rule("md5", {"replication"}, {"standby"}), access_rule("md5"), access_rule("reject")}));
  CHECK_FALSE(alike({access_rule("md5", {"shop"}), access_rule("scram-sha-256")}));
  CHECK_FALSE(alike({access_rule("md5", {"all"}, {"+old_clients"}), access_rule("scram-sha-256")}));
  CHECK_FALSE(alike({access_rule("md5", {"all", "shop"})}));
  CHECK_FALSE(alike({access_rule("cert")}));
  CHECK_FALSE(alike({access_rule("trust")}));  // who doesn't exist is refused
  CHECK_FALSE(alike({access_rule("ident")}));
  CHECK_FALSE(alike({access_rule("ldap")}));
  // By a socket only the local rules count, and else none of them.
  const AccessRule by_peer = access_rule("peer", {"all"}, {"postgres"}, "", "", "local");
  CHECK(alike({by_peer, access_rule("md5")}));
  CHECK_FALSE(alike({by_peer, access_rule("md5")}, ""));
  CHECK(alike({access_rule("md5", {"shop"}), access_rule("md5", {"all"}, {"all"}, "", "", "local")}, ""));
  AccessRules damaged;
  damaged.errors = 1;
  CHECK_FALSE(asks_all_alike(damaged));
  damaged = {};
  damaged.left_out = 3;
  CHECK_FALSE(asks_all_alike(damaged));
}

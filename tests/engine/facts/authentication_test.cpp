// Which roles share what one of them was asked for.
#include "engine/facts/authentication.hpp"

#include <catch2/catch.hpp>

#include "engine/facts/access_rules.hpp"

using namespace pgconvoy;

namespace {

ServerFacts server_with_rule(const std::string& method) {
  ServerFacts server;
  server.server = "db1";
  AccessRules rules;
  rules.client = "10.0.0.9";
  rules.rules = {{1, "host", {"all"}, {"all"}, "all", "", method}};
  server.parts[kAccessRulesPart] = json(rules);
  const auto add = [&server](const std::string& name, const std::string& verifier, const std::string& valid_until = "") {
    RoleFact role;
    role.name = name;
    role.verifier = verifier;
    role.valid_until = valid_until;
    server.roles[name] = role;
  };
  add("shop", "scram-sha-256");
  add("billing", "scram-sha-256", "infinity");
  add("legacy", "md5");
  add("passing", "scram-sha-256", "2031-01-01 00:00:00+00");
  add("hidden", "unreadable");
  return server;
}

}  // namespace

TEST_CASE("authentication: roles of one kind share an answer, where the server makes no difference") {
  const ServerFacts server = server_with_rule("md5");
  CHECK_FALSE(shared_answer_key(server, "shop").empty());
  CHECK(shared_answer_key(server, "shop") == shared_answer_key(server, "billing"));
  CHECK(shared_answer_key(server, "shop") != shared_answer_key(server, "legacy"));
  CHECK(shared_answer_key(server, "absent") == shared_answer_key(server, "neither"));
  CHECK(shared_answer_key(server, "shop") != shared_answer_key(server, "absent"));
  ServerFacts other = server;
  other.server = "db2";
  CHECK(shared_answer_key(server, "shop") != shared_answer_key(other, "shop"));
  CHECK(shared_answer_key(server_with_rule("ldap"), "shop").empty());
}

TEST_CASE("authentication: a role whose kind isn't known, or is another when its password has expired, is asked itself") {
  const ServerFacts server = server_with_rule("md5");
  CHECK(shared_answer_key(server, "hidden").empty());
  CHECK(shared_answer_key(server, "passing").empty());
}

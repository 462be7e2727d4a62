#include <catch2/catch.hpp>

#include "tests/engine/fleet/example.hpp"

using namespace pgconvoy;
using namespace pgconvoy::testing;
using Catch::Matchers::Contains;

namespace {

struct Fault {
  const char* from;
  const char* to;
  const char* problem;
};

}  // namespace

TEST_CASE("fleet file: each single fault is found, with its place and nothing else") {
  const std::vector<Fault> faults{
      {"pgconvoy: 1", "pgconvoy: 2", "1:11: the file is of format 2; this pgconvoy reads format 1"},
      {"pgconvoy: 1", "pgconvoy: yes", "1:11: pgconvoy must be 1, the number of the file's format"},
      {"pgconvoy: 1\n", "\n",
       "2:1: missing key \"pgconvoy\": a fleet file begins with `pgconvoy: 1`, the number of its format"},
      {"instances:", "instances:\n  x: {server: eu-west-pg13, database: x, role: r, sate: y}",
       "31:51: instance \"x\": unknown key \"sate\" (did you mean \"state\"?)"},
      {"    role:", "    <<: {}\n    role:", "34:5: instance \"shop-live-db\": unknown key \"<<\""},
      {"concurrency: 2", "concurrency: 0",
       "3:26: region \"eu-west\": concurrency must be a whole number of at least 1"},
      {"concurrency: 2", "concurrency: \"2\"",
       "3:26: region \"eu-west\": concurrency must be a whole number of at least 1"},
      {"concurrency: 2", "concurrency: 2.5",
       "3:26: region \"eu-west\": concurrency must be a whole number of at least 1"},
      {"concurrency: 2", "concurrency: 99999999999",
       "3:26: region \"eu-west\": concurrency must be a whole number of at least 1"},
      {"concurrency: 2", "concurrency: [2]",
       "3:26: region \"eu-west\": concurrency must be a whole number of at least 1"},
      {"concurrency: 2", "time_zone: berlin",
       "3:24: region \"eu-west\": there is no time zone \"berlin\"; did you mean Europe/Berlin?"},
      {"concurrency: 2", "windows: [1-5]",
       "3:22: region \"eu-west\": \"1-5\" is no window: it has no time from and to, each of two digits, a colon and two digits; one is written as 01:00-05:00 or mon-fri 22:00-06:00"},
      {"instances:", "hooks:\n  chat: {webhook: \"https://example.org/s3cret\"}\ninstances:",
       "31:19: hook \"chat\": webhook says where the webhook is, never what it is: write {env: NAME}, {file: PATH} or {command: [...]}"},
      {"instances:", "hooks:\n  chat: {webhook: {env: CHAT}, command: [x]}\ninstances:",
       "31:41: hook \"chat\": a hook has a command or a webhook; command has no meaning beside webhook"},
      {"instances:", "hooks:\n  chat: {command: [x], format: slack}\ninstances:",
       "31:32: hook \"chat\": format has no meaning without webhook"},
      {"  us-east:", "  us-east: 3", "4:12: region \"us-east\" must be a mapping, not text"},
      {"  us-east:", "  us east:",
       "4:3: regions: \"us east\" is no id; an id is made of A-Z a-z 0-9 . _ - only, at most 128 of them"},
      {"  us-east:", "  ..:",
       "4:3: regions: \"..\" is no id; an id is made of A-Z a-z 0-9 . _ - only, at most 128 of them"},
      {"  us-east:", "  null:", "4:3: fleet: regions: a key must be text, not nothing (put null and ~ in quotes)"},
      {"  us-east:", "  [a]:", "4:3: fleet: regions: a key must be text, not a list"},
      {"  us-east:", "  eu-west:", "4:3: fleet: regions: duplicate key \"eu-west\" (it is on line 3 already)"},
      {"    stage: live", "    region: eu-west",
       "15:5: environment \"shop-live\": duplicate key \"region\" (it is on line 13 already)"},
      {"url: postgresql://postgres@127.0.0.1:5433/postgres", "url: [a]",
       "9:10: server \"eu-west-pg13\": url must be text, not a list"},
      {"    region: eu-west\n    service", "    region: eu-wset\n    service",
       "7:13: server \"eu-west-pg13\": there is no region \"eu-wset\" (did you mean \"eu-west\"?)"},
      {"    region: eu-west\n    application", "    region: mars\n    application",
       "13:13: environment \"shop-live\": there is no region \"mars\""},
      {"    region: eu-west\n    application", "    region: us-east\n    application",
       "28:19: environment \"shop-live\" is in region \"us-east\", but instance \"shop-live-db\" is on server "
       "\"eu-west-pg13\" in region \"eu-west\""},
      {"instance: shop-live-db", "instance: shop-live-bd",
       "28:19: environment \"shop-live\": there is no instance \"shop-live-bd\" (did you mean \"shop-live-db\"?)"},
      {"server: eu-west-pg13", "server: eu-west-pg14",
       "32:13: instance \"shop-live-db\": there is no server \"eu-west-pg14\" (did you mean \"eu-west-pg13\"?)"},
      {"application: shop", "application:", "14:5: environment \"shop-live\": application is empty"},
      {"application: shop", "application: ''", "14:18: environment \"shop-live\": application is empty"},
      {"application: shop", "application: {}",
       "14:18: environment \"shop-live\": application must be text, not a mapping"},
      {"application: shop", "application: \"a\\0b\"",
       "14:18: environment \"shop-live\": application must not contain a zero byte"},
      {"application: shop", "application: !!int 3", "14:18: tags (!...) have no meaning here"},
      {"downtime_budget: 5m", "downtime_budget: 5",
       "16:22: environment \"shop-live\": \"5\" is not a duration; write 90s, 5m or 1h30m"},
      {"kind: local", "kind: docker",
       "18:13: environment \"shop-live\": controller: kind is \"docker\"; it must be one of local, exec, none"},
      {"      start: [./run]\n", "", "18:7: environment \"shop-live\": controller: missing key \"start\""},
      {"start: [./run]", "start: ./run",
       "20:14: environment \"shop-live\": controller: start must be a list, not text"},
      {"start: [./run]", "start: []", "20:14: environment \"shop-live\": controller: start is empty"},
      {"start: [./run]", "start: [./run, {}]",
       "20:22: environment \"shop-live\": controller: item 2 of start must be text, not a mapping"},
      {"health_url: http:", "health_url: ftp:",
       "25:19: environment \"shop-live\": controller: health_url must begin with http:// or https://"},
      {"{DATABASE_URL: url}", "{DATABASE_URL: uri}",
       "29:35: environment \"shop-live\": binding 1: variable \"DATABASE_URL\" holds \"uri\"; it must be one of url, "
       "host, port, user, password, database (did you mean \"url\"?)"},
      {"{DATABASE_URL: url}", "{DATABASE-URL: url}",
       "29:21: environment \"shop-live\": binding 1: variable \"DATABASE-URL\": a variable's name is made of letters, "
       "digits and _, no digit first"},
      {"{DATABASE_URL: url}", "{}",
       "29:20: environment \"shop-live\": binding 1: variables names none: nothing would lead the application to the "
       "new database"},
      {"\n        variables: {DATABASE_URL: url}", "",
       "28:9: environment \"shop-live\": binding 1: missing key \"variables\""},
      {"    bindings:\n", "    bindings:\n      - nonsense\n",
       "28:9: environment \"shop-live\": binding 1 must be a mapping, not text"},
      {"    bindings:\n", "    bindings:\n      - {instance: shop-live-db, variables: {OTHER: url}}\n",
       "29:19: environment \"shop-live\": instance \"shop-live-db\" is bound twice; one binding lists all of its "
       "variables"},
      {"instances:\n", "instances:\n  b: {server: eu-west-pg13, database: shop_live, role: r}\n",
       "34:15: instance \"shop-live-db\": database \"shop_live\" of server \"eu-west-pg13\" is instance \"b\" already; "
       "an application that shares a database binds the same instance"},
      {"instances:\n", "instances:\n  shop-live: {server: eu-west-pg13, database: x, role: r}\n",
       "31:3: instance \"shop-live\": an environment that doesn't bind it has the same id, and each would be a target "
       "of that name; rename one"},
      {"role: shop_live", "role: a123456789b123456789c123456789d123456789e123456789f123456789g123",
       "34:11: instance \"shop-live-db\": role is 64 bytes long; a name in PostgreSQL has at most 63"},
      {"{passfile: secrets/admin.passfile}", "{}",
       "10:15: server \"eu-west-pg13\": password needs exactly one of env, file, passfile and command"},
      {"{passfile: secrets/admin.passfile}", "{env: A, file: b}",
       "10:15: server \"eu-west-pg13\": password needs exactly one of env, file, passfile and command"},
      {"{passfile: secrets/admin.passfile}", "{env: A=b}",
       "10:21: server \"eu-west-pg13\": password: env is the name of an environment variable"},
      {"{passfile: secrets/admin.passfile}", "{command: pass show x}",
       "10:25: server \"eu-west-pg13\": password: command must be a list, not text"},
  };
  for (const Fault& fault : faults) {
    CAPTURE(fault.from, fault.to);
    CHECK(problem_of(changed(fault.from, fault.to)) == fault.problem);
  }
}

TEST_CASE("fleet file: one variable that two bindings fill is a problem") {
  std::string yaml =
      changed("    bindings:\n", "    bindings:\n      - {instance: b, variables: {DATABASE_URL: url}}\n");
  yaml += "  b: {server: eu-west-pg13, database: b, role: shop_live}\n";
  CHECK(problem_of(yaml) ==
        "30:21: environment \"shop-live\": variable \"DATABASE_URL\" is bound twice, to instance \"b\" too; it can "
        "hold one "
        "database");
}

TEST_CASE("fleet file: with controller none there is nothing to start, and bindings need no variables") {
  const auto start = kExample.find("      directory:");
  const auto end = kExample.find("    bindings:");
  std::string yaml = kExample;
  yaml.erase(start, end - start);
  yaml.replace(yaml.find("kind: local"), 11, "kind: none");
  CHECK(problems_of(yaml).empty());
  yaml.erase(yaml.find("        variables"), std::string("        variables: {DATABASE_URL: url}\n").size());
  CHECK(problems_of(yaml).empty());
  CHECK_THAT(problems_of(changed("kind: local", "kind: none")).front(), Contains("has no meaning with kind: none"));
}

TEST_CASE("fleet file: columns count characters, not bytes") {
  CHECK(problem_of(changed("labels: {team: a}", "labels: {\"\xC3\xA9\xF0\x9F\x98\x80\": [], team: a}")) ==
        "36:20: instance \"shop-live-db\": label \"\xC3\xA9\xF0\x9F\x98\x80\" must be text, not a list");
}

TEST_CASE("fleet file: a password that stands in it is refused and not repeated") {
  const std::string secret = "hunter2";
  const std::vector<std::pair<const char*, std::string>> places{
      {"postgres@127", "postgres:" + secret + "@127"},
      {"5433/postgres", "5433/postgres?password=" + secret},
      {"5433/postgres", "5433/postgres?sslpassword=" + secret},
      {"postgresql://postgres@127.0.0.1:5433/postgres", "host=h password=" + secret},
      {"postgresql://postgres@127.0.0.1:5433/postgres", "postgresql://u:" + secret + "@[::1/postgres"},
      {"{passfile: secrets/admin.passfile}", secret},
      {"{passfile: secrets/admin.passfile}", "[" + secret + "]"},
      {"{passfile: secrets/admin.passfile}", "{env: {x: " + secret + "}}"},
      {"http://127.0.0.1:8081", "http://u:" + secret + "@127.0.0.1:8081"},
      {"http://127.0.0.1:8080", "http://" + secret + "@127.0.0.1:8080"},
  };
  for (const auto& [from, to] : places) {
    CAPTURE(from, to);
    const std::string problem = problem_of(changed(from, to));
    CHECK_THAT(problem, !Contains(secret));
  }
  for (const char* way : {"env", "file", "passfile", "command"}) {
    CHECK_THAT(problem_of(changed("postgres@127", "postgres:x@127")), Contains(way));
    CHECK_THAT(problem_of(changed("{passfile: secrets/admin.passfile}", secret)), Contains(way));
  }
}

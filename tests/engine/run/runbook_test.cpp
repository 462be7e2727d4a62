#include "engine/run/runbook.hpp"

#include <catch2/catch.hpp>

#include <set>

using namespace pgconvoy;
using Catch::Contains;

namespace {

Runbook example() {
  using Type = Parameter::Type;
  Runbook runbook;
  runbook.name = "move";
  runbook.summary = "Moves";
  runbook.parameters = {{"from", Type::text, nullptr, "where from"},
                        {"retention", Type::duration, "7d", "how long"},
                        {"jobs", Type::number, 2, "how many"},
                        {"deep", Type::boolean, true, "whether"}};
  runbook.preconditions = {{"has_service_instance", {{"service", "${from}"}}, {}}};
  runbook.operations = {
      {"collect", {{"service", "${from}"}, {"note", "from ${from} by ${jobs}, ${deep}"}}, {}},
      {"bracket", {{"pause", "${deep}"}}, {{"restore", {{"jobs", "${jobs}"}, {"plain", "$5 {x}"}}, {}}}},
      {"deprovision", {{"retention", "${retention}"}}, {}}};
  return runbook;
}

}  // namespace

TEST_CASE("runbook: comes back from JSON with the same digest") {
  const Runbook runbook = example();
  const auto read = json::parse(json(runbook).dump()).get<Runbook>();
  CHECK(json(read) == json(runbook));
  CHECK(digest(read) == digest(runbook));
  CHECK(read.parameters.at(0).fallback.is_null());
  CHECK(read.parameters.at(1).type == Parameter::Type::duration);
  CHECK(read.operations.at(1).children.at(0).name == "restore");
  CHECK(digest(runbook).size() == 64);
}

TEST_CASE("runbook: whatever changes what it does changes its digest") {
  std::vector<Runbook> variants(8, example());
  variants[1].operations[0].arguments["service"] = "other";
  variants[2].operations[1].children[0].arguments["jobs"] = 3;
  variants[3].operations.pop_back();
  std::swap(variants[4].operations[0], variants[4].operations[2]);
  variants[5].preconditions.clear();
  variants[6].parameters[1].fallback = "8d";
  variants[7].operations[2].children = variants[7].operations[1].children;
  std::set<std::string> digests;
  for (const Runbook& variant : variants) digests.insert(digest(variant));
  CHECK(digests.size() == variants.size());
}

TEST_CASE("runbook: a whole reference takes the value with its type, one inside of text its text") {
  const auto done = with_parameters(example(), {{"from", "postgresql-database-13"}, {"jobs", "4"}});
  REQUIRE(done.has_value());
  CHECK(done->preconditions[0].arguments == json{{"service", "postgresql-database-13"}});
  CHECK(done->operations[0].arguments.at("note") == "from postgresql-database-13 by 4, true");
  CHECK(done->operations[1].arguments == json{{"pause", true}});
  CHECK(done->operations[1].children[0].arguments == json{{"jobs", 4}, {"plain", "$5 {x}"}});
  CHECK(done->operations[2].arguments == json{{"retention", 604800.0}});
  CHECK(done->parameters.empty());
}

TEST_CASE("runbook: putting parameters into one that has them already changes nothing") {
  const auto once = with_parameters(example(), {{"from", "a"}});
  REQUIRE(once.has_value());
  const auto twice = with_parameters(*once, json::object());
  REQUIRE(twice.has_value());
  CHECK(digest(*twice) == digest(*once));
}

TEST_CASE("runbook: different values are different runbooks, a default given is not") {
  const auto digest_with = [](const json& values) { return digest(with_parameters(example(), values).value()); };
  CHECK(digest_with({{"from", "a"}}) != digest_with({{"from", "b"}}));
  CHECK(digest_with({{"from", "a"}}) == digest_with({{"from", "a"}, {"retention", "168h"}}));
}

TEST_CASE("runbook: bad values and references are refused by name") {
  const auto message = [](Runbook runbook, const json& values) {
    const auto done = with_parameters(std::move(runbook), values);
    REQUIRE_FALSE(done.has_value());
    CHECK(done.error().kind == ErrorKind::usage);
    return done.error().message;
  };
  CHECK_THAT(message(example(), json::object()), Contains("runbook move") && Contains("\"from\" is missing"));
  CHECK_THAT(message(example(), {{"from", "a"}, {"form", "b"}}), Contains("\"form\""));
  CHECK_THAT(message(example(), {{"from", "a"}, {"retention", "soon"}}), Contains("retention"));
  CHECK_THAT(message(example(), {{"from", "${jobs}"}}), Contains("from"));

  Runbook unknown = example();
  unknown.operations[1].children[0].arguments["jobs"] = "${job}";
  CHECK_THAT(message(unknown, {{"from", "a"}}), Contains("restore") && Contains("${job}") && Contains("jobs"));
  Runbook open = example();
  open.operations[0].arguments["note"] = "${from";
  CHECK_THAT(message(open, {{"from", "a"}}), Contains("collect") && Contains("without"));
}

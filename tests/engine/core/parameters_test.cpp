#include "engine/core/parameters.hpp"
#include "tests/support/catch.hpp"

using namespace pgconvoy;

namespace {
const std::vector<Parameter> kParameters{
    {"service", Parameter::Type::text, nullptr, "the service to move from"},
    {"state", Parameter::Type::text, "provisioned", "the state it must be in"},
    {"retention", Parameter::Type::duration, "7d", "how long the source is kept"},
    {"rounds", Parameter::Type::number, 3, "how often"},
    {"pause", Parameter::Type::boolean, true, "whether to stop the app"},
};
}

TEST_CASE("parameters: defaults are filled in and durations become seconds") {
  auto complete = complete_arguments("thing", kParameters, json{{"service", "postgresql-database-13"}});
  REQUIRE(complete);
  CHECK(*complete == json{{"service", "postgresql-database-13"},
                          {"state", "provisioned"},
                          {"retention", 604800.0},
                          {"rounds", 3},
                          {"pause", true}});
}

TEST_CASE("parameters: text from --set becomes what the type says") {
  auto complete = complete_arguments("thing", kParameters,
                                     json{{"service", "13"}, {"rounds", "12"}, {"pause", "false"}, {"retention", "0"}});
  REQUIRE(complete);
  CHECK(complete->at("service") == "13");
  CHECK(complete->at("rounds") == 12);
  CHECK(complete->at("rounds").is_number_integer());
  CHECK(complete->at("pause") == false);
  CHECK(complete->at("retention") == 0.0);
}

TEST_CASE("parameters: all problems are named in one error") {
  auto complete = complete_arguments("with_maintenance_page", kParameters,
                                     json{{"servce", "x"}, {"rounds", "many"}, {"pause", 1}, {"retention", "soon"}});
  REQUIRE_FALSE(complete);
  CHECK(complete.error().kind == ErrorKind::usage);
  using Catch::Matchers::Contains;
  CHECK_THAT(complete.error().message,
             Contains("with_maintenance_page") && Contains("unknown parameter \"servce\"") &&
                 Contains("\"service\" is missing") && Contains("\"rounds\" must be a number") &&
                 Contains("\"pause\" must be true or false") && Contains("\"retention\" must be a duration"));
}

TEST_CASE("parameters: none given is an empty object, a list is an error") {
  CHECK(complete_arguments("thing", {}, nullptr).value() == json::object());
  CHECK_FALSE(complete_arguments("thing", {}, json::array({1})));
  CHECK_FALSE(complete_arguments("thing", kParameters, json{{"service", 13}}));
  CHECK_FALSE(complete_arguments("thing", kParameters, json{{"service", nullptr}}));
}

TEST_CASE("parameters: durations") {
  const auto seconds = [](const char* text) {
    auto parsed = parse_duration(text);
    return parsed ? *parsed : -1.0;
  };
  CHECK(seconds("45") == 45);
  CHECK(seconds("90s") == 90);
  CHECK(seconds("5m") == 300);
  CHECK(seconds("1h30m") == 5400);
  CHECK(seconds("7d") == 604800);
  CHECK(seconds("250ms") == Approx(0.25));
  CHECK(seconds("1m250ms") == Approx(60.25));
  CHECK(seconds("1.5h") == 5400);
  CHECK(seconds("0") == 0);
  for (const char* bad :
       {"", "m", "5x", "5 m", "-5m", "+5", "5m5m", "30m1h", "1h30", "nan", "inf", "1e300d", "5.5.5s", "9999999d"})
    CHECK(seconds(bad) == -1.0);
}

#include "engine/fleet/prices.hpp"

#include <catch2/catch.hpp>

using namespace pgconvoy;

TEST_CASE("prices: a book is read, and a region takes from default what it leaves out") {
  const LoadedPrices loaded = parse_prices(R"(
pgconvoy_prices: 1
currency: EUR
engineers: 0.5
regions:
  default: {instance_hour: 0.48, engineer_hour: 85}
  eu: {instance_hour: 0, storage_gb_month: 0.1}
downtime_minute: {business: 2.5}
)");
  REQUIRE(loaded.problems.empty());
  CHECK(loaded.book.currency == "EUR");
  CHECK(loaded.book.engineers == 0.5);
  CHECK(loaded.book.of_region("eu").instance_hour == 0.0);
  CHECK(loaded.book.of_region("eu").engineer_hour == 85.0);
  CHECK(loaded.book.of_region("us").instance_hour == 0.48);
  CHECK_FALSE(loaded.book.of_region("us").storage_gb_month);
  CHECK(loaded.book.downtime_of("business") == 2.5);
  CHECK_FALSE(loaded.book.downtime_of("free"));
}

TEST_CASE("prices: everything that is wrong is said at once, with its place") {
  const LoadedPrices loaded = parse_prices(
      "pgconvoy_prices: 1\n"
      "currency: EUR\n"
      "regions:\n"
      "  eu:\n"
      "    instance_hours: 1\n"
      "    storage_gb_month: -1\n"
      "    transfer_gb: \"0\"\n"
      "downtime_minute: {business: much}\n");
  REQUIRE(loaded.problems.size() == 4);
  CHECK(loaded.problems[0].line == 5);
  CHECK(loaded.problems[0].message.find("did you mean \"instance_hour\"?") != std::string::npos);
  CHECK(loaded.problems[1].line == 6);
  CHECK(loaded.problems[1].column == 23);
  CHECK(loaded.problems[2].message.find("transfer_gb must be a number") != std::string::npos);
  CHECK(loaded.problems[3].line == 8);
  for (const char* text : {"", "[]", "currency: EUR\n", "pgconvoy_prices: 2\ncurrency: EUR\n", "pgconvoy_prices: 1\n", "pgconvoy_prices: 1\ncurrency: E\ncurrency: U\n",
                           "pgconvoy_prices: 1\ncurrency: E\nregions: {eu: {engineer_hour: .nan}}\n", "pgconvoy_prices: 1\ncurrency: E\nengineers: 1e999\n"}) {
    INFO(text);
    CHECK_FALSE(parse_prices(text).problems.empty());
  }
  CHECK_FALSE(load_prices("/nowhere/prices.yaml").problems.empty());
}

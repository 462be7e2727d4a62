#include "engine/fleet/select.hpp"

#include <unistd.h>

#include <catch2/catch.hpp>

#include <cstdio>
#include <fstream>

using namespace pgconvoy;
using Catch::Matchers::Contains;

namespace {

const std::vector<Target> kTargets{{"blog", "us", {"blog", "blog-test"}, {"blog-db"}},
                                   {"shop-live", "eu", {"shop-live"}, {"shop-live-db"}},
                                   {"shop-test", "eu", {"shop-test"}, {"shop-test-db"}}};

Fleet regions() {
  Fleet fleet;
  for (const char* id : {"eu", "us", "empty"}) fleet.regions[id].id = id;
  return fleet;
}

std::string ids(const Selection& selection) {
  const auto selected = select_targets(regions(), kTargets, selection);
  if (!selected) return "error: " + describe(selected.error());
  std::string text;
  for (const Target& target : *selected) text += target.id + " ";
  return text;
}

// A file with that content, for the time of a test.
struct ListFile {
  std::string name = "/tmp/pgconvoy-select-XXXXXX";
  explicit ListFile(const std::string& text) {
    close(mkstemp(name.data()));
    std::ofstream(name) << text;
  }
  ~ListFile() { std::remove(name.c_str()); }
};

}  // namespace

TEST_CASE("selection: no wish is everything, in the order given") { CHECK(ids({}) == "blog shop-live shop-test "); }

TEST_CASE("selection: regions, limits and exclusions narrow it down") {
  CHECK(ids({{"eu"}, {}, {}}) == "shop-live shop-test ");
  CHECK(ids({{"eu", "us"}, {}, {}}) == "blog shop-live shop-test ");
  CHECK(ids({{}, {"shop-*"}, {}}) == "shop-live shop-test ");
  CHECK(ids({{}, {"blog", "*-live"}, {}}) == "blog shop-live ");
  CHECK(ids({{}, {}, {"*-test"}}) == "shop-live ");
  CHECK(ids({{"eu"}, {"shop-*"}, {"shop-test"}}) == "shop-live ");
}

TEST_CASE("selection: a match on any environment or instance takes the whole target") {
  CHECK(ids({{}, {"blog-test"}, {}}) == "blog ");
  CHECK(ids({{}, {"shop-live-db"}, {}}) == "shop-live ");
  CHECK(ids({{}, {}, {"blog-db"}}) == "shop-live shop-test ");
}

TEST_CASE("selection: an unknown region is an error that lists the regions") {
  CHECK_THAT(ids({{"ue"}, {}, {}}), Contains("there is no region \"ue\"") && Contains("there are: empty, eu, us"));
}

TEST_CASE("selection: a limit that matches nothing is an error, beside others that match too") {
  CHECK_THAT(ids({{}, {"blog", "shop-lvie"}, {}}),
             Contains("--limit: \"shop-lvie\" matches no target (did you mean \"shop-live\"?)") &&
                 Contains("there are: blog, shop-live, shop-test"));
  CHECK_THAT(ids({{}, {""}, {}}), Contains("--limit is empty"));
}

TEST_CASE("selection: a misspelled exclusion is an error, a glob that excludes nothing is not") {
  CHECK_THAT(ids({{}, {}, {"shop-lvie"}}), Contains("--exclude: \"shop-lvie\" matches no target"));
  CHECK(ids({{}, {}, {"old-*"}}) == "blog shop-live shop-test ");
}

TEST_CASE("selection: nothing left is an error, never everything") {
  CHECK_THAT(ids({{"empty"}, {}, {}}), Contains("the selection is empty"));
  CHECK_THAT(ids({{"us"}, {"shop-*"}, {}}), Contains("of 3 targets 1 are in the selected regions, 0 of these match"));
  CHECK_THAT(ids({{}, {}, {"*"}}), Contains("the selection is empty"));
  const auto none = select_targets(regions(), {}, {});
  REQUIRE_FALSE(none.has_value());
  CHECK(none.error().kind == ErrorKind::usage);
}

TEST_CASE("selection: at most ten targets are listed") {
  std::vector<Target> many;
  for (int number = 0; number < 25; ++number) many.push_back({"t" + std::to_string(100 + number), "eu", {}, {}});
  const auto selected = select_targets(regions(), many, {{}, {"nothing"}, {}});
  REQUIRE_FALSE(selected.has_value());
  CHECK_THAT(selected.error().remedy, Contains("t109 and 15 more") && !Contains("t110"));
}

TEST_CASE("selection: a file of globs, with comments") {
  const ListFile file("# first wave\r\n\n  blog \nshop-t*");
  CHECK(ids({{}, {"@" + file.name}, {}}) == "blog shop-test ");
  CHECK(ids({{}, {}, {"@" + file.name}}) == "shop-live ");
  const ListFile wrong("blog\nnobody\n");
  CHECK_THAT(ids({{}, {"@" + wrong.name}, {}}), Contains(wrong.name + ":2: \"nobody\" matches no target"));
  const ListFile empty("# nothing\n");
  CHECK_THAT(ids({{}, {"@" + empty.name}, {}}), Contains("names no target"));
  CHECK_THAT(ids({{}, {"@/nowhere/x"}, {}}), Contains("cannot be opened"));
  CHECK_THAT(ids({{}, {"@/tmp"}, {}}), Contains("cannot be read"));
}

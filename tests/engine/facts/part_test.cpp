#include "engine/facts/part.hpp"

#include <catch2/catch.hpp>

#include "engine/facts/operators.hpp"

using namespace pgconvoy;

TEST_CASE("part: what was not read, could not be read or is of another form is none, and never throws") {
  using Operators = std::vector<OperatorFact>;
  Parts parts;
  CHECK_FALSE(part<Operators>(parts, kOperatorsPart));
  CHECK(unreadable(parts, kOperatorsPart) == "it was not read");
  parts[kOperatorsPart] = json{{"unreadable_because", "permission denied"}};
  CHECK_FALSE(part<Operators>(parts, kOperatorsPart));
  CHECK(unreadable(parts, kOperatorsPart) == "permission denied");
  parts[kOperatorsPart] = json::array({{{"name", nullptr}}});
  CHECK_FALSE(part<Operators>(parts, kOperatorsPart));
  parts[kOperatorsPart] = json::array({{{"name", "public.#(NONE,integer)"}}});
  REQUIRE(part<Operators>(parts, kOperatorsPart));
  CHECK(part<Operators>(parts, kOperatorsPart)->at(0).name == "public.#(NONE,integer)");
  CHECK(unreadable(parts, kOperatorsPart).empty());
}

TEST_CASE("parts: a document is decoded once for all that ask, and one that was changed is another one") {
  using Operators = std::vector<OperatorFact>;
  Parts parts;
  CHECK_FALSE(shared_part<Operators>(parts, kOperatorsPart));
  parts[kOperatorsPart] = json{{"unreadable_because", "permission denied"}};
  CHECK_FALSE(shared_part<Operators>(parts, kOperatorsPart));
  parts[kOperatorsPart] = json::array({{{"name", "public.#(NONE,integer)"}}});
  const auto first = shared_part<Operators>(parts, kOperatorsPart);
  REQUIRE(first);
  Parts copy = parts;
  CHECK(shared_part<Operators>(copy, kOperatorsPart) == first);
  copy[kOperatorsPart].edit().at(0)["name"] = "public.+(NONE,integer)";
  REQUIRE(shared_part<Operators>(copy, kOperatorsPart));
  CHECK(shared_part<Operators>(copy, kOperatorsPart)->at(0).name == "public.+(NONE,integer)");
  CHECK(shared_part<Operators>(parts, kOperatorsPart) == first);
  for (int more = 0; more < 20; ++more) {
    Parts other;
    other[kOperatorsPart] = json::array({{{"name", std::to_string(more)}}});
    REQUIRE(shared_part<Operators>(other, kOperatorsPart));
    CHECK(shared_part<Operators>(other, kOperatorsPart)->at(0).name == std::to_string(more));
  }
  CHECK(shared_part<Operators>(parts, kOperatorsPart)->at(0).name == "public.#(NONE,integer)");
}

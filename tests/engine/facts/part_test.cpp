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

#include "engine/journal/step_path.hpp"

#include "tests/support/catch.hpp"

using namespace pgconvoy;

TEST_CASE("step path: operation and subject of every form") {
  CHECK(operation_of("with_maintenance_page/redeploy#2@shop-live") == "redeploy");
  CHECK(subject_of("with_maintenance_page/redeploy#2@shop-live") == "shop-live");
  CHECK(operation_of("drop_source") == "drop_source");
  CHECK(subject_of("drop_source") == "");
  CHECK(operation_of("a/b/page_on#3") == "page_on");
  CHECK(operation_of("page_on@odd/name#1@x") == "page_on");
  CHECK(subject_of("page_on@odd/name#1@x") == "odd/name#1@x");
}

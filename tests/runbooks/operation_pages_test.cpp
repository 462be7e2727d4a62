#include "engine/report/operation_pages.hpp"

#include <catch2/catch.hpp>

#include <fstream>
#include <sstream>

#include "runbooks/registry.hpp"

using namespace pgconvoy;
using Catch::Matchers::Contains;

namespace {

OperationRegistry every_operation() {
  OperationRegistry operations;
  ConditionRegistry conditions;
  register_all(operations, conditions);
  return operations;
}

}  // namespace

TEST_CASE("operations: docs/operations.md is what the program writes") {
  std::ostringstream page;
  page << std::ifstream(std::string(PGCONVOY_SOURCE_DIR) + "/docs/operations.md").rdbuf();
  CHECK(page.str() == report::operation_pages_markdown(every_operation()));
}

TEST_CASE("operations: each is there once, with its parameters, and those of brackets say so") {
  const OperationRegistry operations = every_operation();
  const json document = report::operation_pages_json(operations);
  CHECK(document.at("operations").size() == operations.all().size());
  const std::string text = report::operation_pages_text(operations, {}, 100);
  for (const json& operation : document.at("operations")) {
    CHECK_THAT(text, Contains(operation.at("name").get<std::string>()));
    for (const json& parameter : operation.at("parameters")) CHECK_FALSE(parameter.at("summary").get<std::string>().empty());
    if (operation.at("name") == "page_on") CHECK(operation.at("brackets") == json{"with_application_stopped", "with_maintenance_page"});
    if (operation.at("name") == "update_extensions") CHECK(operation.at("brackets").empty());
  }
}

#include "engine/report/step_pages.hpp"

#include <catch2/catch.hpp>

#include <fstream>
#include <sstream>

#include "runbooks/catalogue.hpp"
#include "runbooks/registry.hpp"

using namespace pgconvoy;
using namespace pgconvoy::report;
using Catch::Matchers::Contains;

namespace {

struct ExplainedRunbook {
  ExplainedRunbook() {
    register_all(operations, conditions);
    runbook = *find_runbook("postgres-13-to-15");
    pages = step_pages(runbook, operations);
  }
  const StepPage& of(const std::string& operation) const {
    for (const StepPage& page : pages)
      if (page.operation == operation) return page;
    FAIL(operation);
    return pages.front();
  }
  OperationRegistry operations;
  ConditionRegistry conditions;
  Runbook runbook;
  std::vector<StepPage> pages;
};

}  // namespace

TEST_CASE("steps explained: the state follows the page, the fence and the pivot") {
  const ExplainedRunbook explained;
  CHECK_THAT(explained.of("reprovision_collected_instances").now, Contains("notices nothing"));
  CHECK_THAT(explained.of("stop_app").now, Contains("under its own name"));
  CHECK_THAT(explained.of("verify_restored_services").now, Contains("it is fenced"));
  CHECK_THAT(explained.of("redeploy").now, Contains("Until the pivot is journaled"));
  CHECK_THAT(explained.of("page_off").now, Contains("was started on the new database"));
  CHECK_THAT(explained.of("page_off").way_out, Contains("--accept-data-loss"));
  CHECK_THAT(explained.of("close_source").now, Contains("The page is off"));
  CHECK(explained.of("transfer_to_prepared_services").ways == std::vector<std::string>{"short-pause"});
  CHECK(explained.of("fence_source").ways.empty());
}

TEST_CASE("steps explained: a runbook that moves nothing has no old and no new database") {
  ExplainedRunbook explained;
  Runbook runbook;
  runbook.name = "restart";
  runbook.operations = {{"with_application_stopped", json::object(), {{"run_site_program", {{"program", "rotate"}}, {}}}}};
  explained.pages = step_pages(runbook, explained.operations);
  for (const StepPage& page : explained.pages)
    for (const std::string* text : {&page.now, &page.then, &page.way_out}) CHECK_THAT(*text, !Contains("old") && !Contains("new database"));
  CHECK_THAT(explained.of("run_site_program").now, Contains("The page is on"));
  CHECK_THAT(explained.of("start_app").then, Contains("the page goes off last"));
}

TEST_CASE("steps explained: docs/steps.md is what the program writes") {
  const ExplainedRunbook explained;
  std::ostringstream page;
  page << std::ifstream(std::string(PGCONVOY_SOURCE_DIR) + "/docs/steps.md").rdbuf();
  CHECK(page.str() == step_pages_markdown(explained.runbook, explained.pages));
}

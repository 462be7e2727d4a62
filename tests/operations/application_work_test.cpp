#include "operations/application_work.hpp"

#include <catch2/catch.hpp>

#include "engine/plan/estimate.hpp"

using namespace pgconvoy;

TEST_CASE("estimate: to stop and to start an application that isn't ours takes no time") {
  TargetFacts facts;
  facts.applications["ours"].controller = "local";
  facts.applications["theirs"].controller = "none";
  const json arguments = json::object();
  const auto work = [&](const char* environment) { return work_of("redeploy", work_on_application({facts, environment, arguments}, 1.5)); };
  CHECK(work("ours") == WorkByTerm{{term::kFixed, 1}});
  CHECK(work("theirs") == WorkByTerm{{term::kFixed, 0}});
  CHECK(work("nobody asked") == WorkByTerm{{term::kFixed, 1}});
}

// How a large run stands is said by counting what ended; it must be what holding every target says.
#include "engine/report/status_report.hpp"
#include "tests/engine/web/example.hpp"

using namespace pgconvoy;
using namespace pgconvoy::test;
using Catch::Matchers::Contains;

TEST_CASE("status of a large run: counted and held say the same") {
  WebExample example;
  for (const bool alive : {true, false}) {
    const WallTime now = noon() + std::chrono::minutes(30);
    const auto held = must(report::read_brief(*example.journal, 1, now));
    const auto counted = must(report::read_standing(*example.journal, 1, now));
    CHECK(held.targets.size() == 5);
    CHECK(counted.targets.size() == 1);  // the one in flight
    const report::RunSummary of_held = report::summarize(held), of_counted = report::summarize(counted);
    const report::ReportView held_view{of_held, "", 100, false}, counted_view{of_counted, "", 100, false};
    const std::string text = report::status_text(counted_view, alive, report::Style{});
    CHECK(text == report::status_text(held_view, alive, report::Style{}));
    CHECK(report::status_json(counted_view, alive) == report::status_json(held_view, alive));
    CHECK_THAT(text, Contains("5 targets: 1 succeeded, 1 failed, 3 left"));
    CHECK((text.find("next:") == std::string::npos) == alive);
  }
}

TEST_CASE("status of a large run: who was rolled back as asked, and who was cancelled, is neither failed nor to be retried") {
  WebExample example;
  example.write.target = 5;
  example.write.epoch = 0;
  const json asked{{"error", {{"kind", "cancelled"}, {"message", "asked for"}}}};
  append(*example.journal, {example.write(EventKind::target_skipped, {}, asked)});
  const auto now = noon() + std::chrono::minutes(30);
  const report::RunSummary counted = report::summarize(must(report::read_standing(*example.journal, 1, now)));
  const report::RunSummary held = report::summarize(must(report::read_brief(*example.journal, 1, now)));
  CHECK(counted.totals.cancelled == 1);
  CHECK(counted.totals.skipped == 1);
  CHECK(counted.regions.at("south").skipped == 1);
  CHECK(counted.regions.at("north").in_flight == 1);
  CHECK(report::commands_for_run({counted, "", 0, false}) == report::commands_for_run({held, "", 0, false}));
}

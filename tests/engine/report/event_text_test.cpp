#include "engine/report/event_text.hpp"

#include <catch2/catch.hpp>

using namespace pgconvoy;
using namespace pgconvoy::report;

namespace {

Event event(EventKind kind, json data = json::object(), const std::string& step = "with_maintenance_page/fence_source@shop-db") {
  Event made;
  made.run = 7;
  made.target = 3;
  made.sequence = 42;
  made.kind = kind;
  made.step = step;
  made.attempt = 1;
  made.epoch = 2;
  made.at = parse_utc("2026-11-22T21:49:03.120Z");
  made.data = std::move(data);
  return made;
}

}  // namespace

TEST_CASE("events: one line each, in words") {
  CHECK(event_line(event(EventKind::step_succeeded, {{"seconds", 0.31}}), Style{}, false) == "fence_source@shop-db: done in 310 ms");
  CHECK(event_line(event(EventKind::step_probed, {{"verdict", "done"}, {"detail", "it is gone"}}), Style{}, false) ==
        "fence_source@shop-db: probed, done: it is gone");
  CHECK(event_line(event(EventKind::target_stuck, {{"reason", "why"}}), Style{}, false) == "stuck: why");
  CHECK(event_line(event(EventKind::note, {{"text", "left as it is"}}, ""), Style{}, false) == "left as it is");
  CHECK(event_line(event(EventKind::run_ended, {{"state", "halted"}, {"reason", ""}}, ""), Style{}, false) == "run ended, halted");
}

TEST_CASE("events: errors name server and SQLSTATE, and no control character passes") {
  const json error{{"message", "oops\x1b]0;title\x07"}, {"server", "eu-pg15"}, {"sqlstate", "42501"}};
  CHECK(event_line(event(EventKind::step_failed, {{"error", error}}), Style{}, false) ==
        "fence_source@shop-db: failed: oops ]0;title (server eu-pg15) [SQLSTATE 42501]");
}

TEST_CASE("events: every kind has a line, whatever its data are") {
  for (int kind = 0; kind <= static_cast<int>(EventKind::note); ++kind)
    for (const json& data : {json::object(), json({{"error", nullptr}, {"findings", 3}, {"text", {1, 2}}, {"seconds", "x"}})}) {
      const Event made = event(static_cast<EventKind>(kind), data);
      INFO(to_string(made.kind));
      CHECK_FALSE(event_line(made, Style{}, true).empty());
    }
}

TEST_CASE("events: JSON has all fields of the journal") {
  const json line = event_json(event(EventKind::step_started, {{"intent", {{"oid", 5}}}}), "shop-live");
  CHECK(line["version"] == 1);
  CHECK(line["run"] == "r7");
  CHECK(line["target_id"] == "shop-live");
  CHECK(line["sequence"] == 42);
  CHECK(line["at"] == "2026-11-22T21:49:03.120Z");
  CHECK(line["data"]["intent"]["oid"] == 5);
}

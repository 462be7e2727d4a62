// A run in memory: targets brought into their state by events, as a journal would.
#pragma once

#include <catch2/catch.hpp>

#include "engine/report/run_summary.hpp"

namespace pgconvoy::testing {

inline WallTime at(int second) { return parse_utc("2026-11-22T21:00:00.000Z") + std::chrono::seconds(second); }

class ExampleRun {
 public:
  ExampleRun() {
    input.run.id = 7;
    input.run.name = "r7";
    input.run.runbook = "postgres-13-to-15";
    input.run.runbook_digest = "0123456789abcdef";
    input.run.created = at(0);
    input.run.started = at(1);
    input.run.state = RunState::running;
    input.run.plan = {{"options", {{"seed", 4711}, {"backup_directory", "/backups"}}}};
    input.now = at(100);
  }

  int add(const std::string& id, const std::string& region = "eu", std::int64_t bytes = 8 << 20) {
    PlannedTarget planned;
    planned.number = static_cast<int>(input.planned.size()) + 1;
    planned.target.id = id;
    planned.target.region = region;
    planned.placements[id + "-db"] = {region + "-pg13", region + "-pg15"};
    planned.bytes = bytes;
    planned.seconds = 10;
    input.planned.push_back(planned);
    input.targets.emplace_back();
    happen(planned.number, EventKind::target_planned, 0, "", json(planned));
    return planned.number;
  }

  Event happen(int target, EventKind kind, int second, const std::string& step = "", json data = json::object()) {
    TargetRecord& record = input.targets.at(target - 1);
    Event event;
    event.run = 7;
    event.target = target;
    event.kind = kind;
    event.step = step;
    event.at = at(second);
    event.epoch = kind == EventKind::target_claimed ? record.epoch + 1 : record.epoch;
    const bool is_step = !step.empty() && kind != EventKind::target_rolling_back && kind != EventKind::target_stuck;
    if (is_step) event.attempt = kind == EventKind::step_started ? record.steps[step].attempt + 1 : record.steps[step].attempt;
    event.data = std::move(data);
    const std::string problem = apply(record, event);
    INFO(problem);
    REQUIRE(problem.empty());
    events.push_back(event);
    return event;
  }

  void step(int target, const std::string& path, int from, int to, json intent = json::object(), json outcome = json::object()) {
    happen(target, EventKind::step_started, from, path, {{"intent", std::move(intent)}});
    happen(target, EventKind::step_succeeded, to, path, {{"outcome", std::move(outcome)}, {"seconds", to - from}});
  }

  void succeed(int target, int from, int pause) {
    const std::string id = input.targets.at(target - 1).id;
    happen(target, EventKind::target_claimed, from);
    step(target, "with_maintenance_page/page_on@" + id, from + 1, from + 1);
    step(target, "with_maintenance_page/fence_source@" + id + "-db", from + 1, from + 1,
         {{"server", "eu-pg13"}, {"name", "shop"}, {"fenced_name", "pgconvoy_abc_r7_t1_i1_e1_old"}});
    step(target, "with_maintenance_page/verify_restored_services@" + id + "-db", from + 2, from + 2, json::object(),
         {{"rows", 1500}, {"bytes", 4 << 20}});
    step(target, "with_maintenance_page/page_off@" + id, from + 1 + pause, from + 1 + pause);
    happen(target, EventKind::target_succeeded, from + 2 + pause);
  }

  void roll_back(int target, int from, const std::string& message) {
    const std::string id = input.targets.at(target - 1).id;
    happen(target, EventKind::target_claimed, from);
    happen(target, EventKind::step_started, from + 1, "reprovision_collected_instances@" + id + "-db", {{"intent", json::object()}});
    const json error{{"kind", "sql"}, {"message", message}, {"server", "eu-pg15"}, {"sqlstate", "54000"}, {"remedy", "drop that index"}};
    happen(target, EventKind::step_failed, from + 2, "reprovision_collected_instances@" + id + "-db", {{"error", error}});
    happen(target, EventKind::target_rolling_back, from + 2, "reprovision_collected_instances@" + id + "-db",
           {{"error", error}, {"step", "reprovision_collected_instances@" + id + "-db"}});
    happen(target, EventKind::undo_started, from + 3, "reprovision_collected_instances@" + id + "-db");
    happen(target, EventKind::step_undone, from + 3, "reprovision_collected_instances@" + id + "-db", {{"detail", "dropped"}});
    happen(target, EventKind::target_rolled_back, from + 4);
  }

  report::SummaryInput input;
  std::vector<Event> events;
};

}  // namespace pgconvoy::testing

#include "engine/journal/fold.hpp"

#include "engine/journal/left_out.hpp"

#include "tests/engine/journal/fixtures.hpp"

using namespace pgconvoy;
using namespace pgconvoy::test;
using K = EventKind;

namespace {

// A target in the state that a list of events leads to. Each must be possible.
struct Folded {
  TargetRecord target;
  Writer write;
  std::int64_t sequence = 0;

  Folded() {
    target.run = 1;
    Event planned = write(K::target_planned, {}, a_target(1));
    planned.epoch = 0;
    REQUIRE(add(planned).empty());
  }
  std::string add(Event event) {
    event.sequence = ++sequence;
    return apply(target, event);
  }
  Folded& then(const Event& event) {
    const auto refusal = add(event);
    INFO(to_string(event.kind) << " " << event.step << ": " << refusal);
    REQUIRE(refusal.empty());
    return *this;
  }
  StepStatus status(const std::string& step) { return target.steps.at(step).status; }
};

// The status that a step named "s" is brought into.
Folded with_step(StepStatus status) {
  Folded f;
  f.then(f.write.claim());
  if (status == StepStatus::none) return f;
  f.then(f.write.start("s"));
  switch (status) {
    case StepStatus::succeeded:
      return f.then(f.write.succeed("s"));
    case StepStatus::failed:
      return f.then(f.write.fail("s"));
    case StepStatus::unknown:
      return f.then(f.write(K::step_probed, "s", {{"verdict", "unknown"}}));
    case StepStatus::undo_started:
      return f.then(f.write(K::undo_started, "s"));
    case StepStatus::undone:
      return f.then(f.write(K::undo_started, "s")).then(f.write(K::step_undone, "s"));
    case StepStatus::undo_failed:
      return f.then(f.write(K::undo_started, "s")).then(f.write(K::undo_failed, "s"));
    default:
      return f;
  }
}

Folded ended(TargetState state) {
  Folded f;
  f.then(f.write.claim());
  if (state == TargetState::rolled_back) f.then(f.write(K::target_rolling_back));
  const std::map<TargetState, K> by{{TargetState::succeeded, K::target_succeeded},
                                    {TargetState::skipped, K::target_skipped},
                                    {TargetState::rolled_back, K::target_rolled_back},
                                    {TargetState::stuck, K::target_stuck}};
  return f.then(f.write(by.at(state)));
}

}  // namespace

TEST_CASE("fold: which event may follow which status of a step") {
  using S = StepStatus;
  const std::vector<S> all{S::none,    S::started,      S::succeeded, S::failed,
                           S::unknown, S::undo_started, S::undone,    S::undo_failed};
  struct Row {
    K kind;
    std::map<S, S> allowed;  // status before -> after; any other is refused
  };
  const auto row = GENERATE(values<Row>({
      {K::step_started,
       {{S::none, S::started}, {S::failed, S::started}, {S::unknown, S::started}, {S::undone, S::started}}},
      {K::step_succeeded, {{S::started, S::succeeded}}},
      {K::step_failed, {{S::started, S::failed}}},
      {K::undo_started,
       {{S::started, S::undo_started},
        {S::succeeded, S::undo_started},
        {S::failed, S::undo_started},
        {S::unknown, S::undo_started},
        {S::undo_started, S::undo_started},
        {S::undo_failed, S::undo_started}}},
      {K::step_undone, {{S::undo_started, S::undone}}},
      {K::undo_failed, {{S::undo_started, S::undo_failed}}},
  }));
  for (const S before : all) {
    auto f = with_step(before);
    const int attempt = row.kind == K::step_started ? 2 : 1;
    const auto refusal = f.add(f.write(row.kind, "s", json::object(), attempt));
    INFO(to_string(row.kind) << " after " << to_string(before) << ": " << refusal);
    const auto after = row.allowed.find(before);
    CHECK(refusal.empty() == (after != row.allowed.end()));
    if (after != row.allowed.end()) CHECK(f.status("s") == after->second);
  }
}

TEST_CASE("fold: the verdict of a probe decides about a step whose fate is open, and only about that") {
  using S = StepStatus;
  const auto [verdict, after] = GENERATE(table<std::string, S>(
      {{"done", S::started}, {"absent", S::none}, {"partial", S::unknown}, {"unknown", S::unknown}}));
  for (const S before : {S::started, S::unknown, S::failed, S::undo_started, S::undo_failed}) {
    auto f = with_step(before);
    f.then(f.write(K::step_probed, "s", {{"verdict", verdict}}));
    CHECK(f.status("s") == after);
  }
  for (const S before : {S::succeeded, S::undone}) {
    auto f = with_step(before);
    f.then(f.write(K::step_probed, "s", {{"verdict", verdict}}));
    CHECK(f.status("s") == before);
  }
  auto f = with_step(S::started);
  CHECK_FALSE(f.add(f.write(K::step_probed, "s", {{"verdict", "maybe"}})).empty());
  CHECK_FALSE(f.add(f.write(K::step_probed, "s")).empty());
}

TEST_CASE("fold: an ended target takes no step, pivot or second end, until a claim reopens it") {
  const auto state =
      GENERATE(TargetState::succeeded, TargetState::skipped, TargetState::rolled_back, TargetState::stuck);
  for (const K kind : {K::step_started, K::undo_started, K::pivot, K::target_succeeded, K::target_skipped,
                       K::target_stuck, K::target_rolled_back, K::target_rolling_back}) {
    auto f = ended(state);
    INFO(to_string(kind) << " after " << to_string(state));
    CHECK_FALSE(f.add(f.write(kind, "s", json::object(), 1)).empty());
    CHECK(f.target.state == state);
  }
  auto f = ended(state);
  CHECK(f.target.ended);
  f.then(f.write(K::note));
  f.write.epoch = 2;
  f.then(f.write.claim()).then(f.write.start("s"));
  CHECK(f.target.state == TargetState::running);
  CHECK_FALSE(f.target.ended);
}

TEST_CASE("fold: a target does not end over a step whose fate is open") {
  using S = StepStatus;
  for (const S open : {S::started, S::unknown, S::undo_started, S::undo_failed}) {
    for (const K kind : {K::target_succeeded, K::target_skipped}) {
      auto f = with_step(open);
      CHECK_FALSE(f.add(f.write(kind)).empty());
    }
    auto f = with_step(open);
    f.then(f.write(K::target_rolling_back));
    CHECK_FALSE(f.add(f.write(K::target_rolled_back)).empty());
    f.then(f.write(K::target_stuck, {}, {{"reason", "why"}}));
    CHECK(f.target.reason == json{{"reason", "why"}});
  }
  auto failed = with_step(S::failed);
  CHECK_FALSE(failed.add(failed.write(K::target_succeeded)).empty());
  auto done = with_step(S::succeeded);
  CHECK(done.add(done.write(K::target_succeeded)).empty());
}

TEST_CASE("fold: epochs only rise, and only by a claim") {
  Folded f;
  CHECK_FALSE(f.add(f.write.start("s")).empty());  // nobody claimed epoch 1
  f.then(f.write.claim());
  CHECK_FALSE(f.add(f.write.claim()).empty());
  Writer second{.epoch = 2};
  CHECK_FALSE(f.add(second.start("s")).empty());
  f.then(second.claim()).then(second.start("s"));
  for (const Event& late : {f.write.succeed("s"), f.write(K::note), f.write(K::obligation_made), f.write.claim()})
    CHECK_THAT(f.add(late), Catch::Contains("epoch"));
  CHECK(f.target.epoch == 2);
  CHECK(f.target.steps.at("s").epoch == 2);
}

TEST_CASE("fold: a claim of a target that rolls back goes on rolling back") {
  auto f = with_step(StepStatus::failed);
  f.then(f.write(K::target_rolling_back, {}, {{"step", "s"}}));
  f.write.epoch = 2;
  f.then(f.write.claim());
  CHECK(f.target.state == TargetState::rolling_back);
  CHECK_FALSE(f.add(f.write.start("t")).empty());
  CHECK_FALSE(f.add(f.write(K::target_succeeded)).empty());
  f.then(f.write(K::undo_started, "s")).then(f.write(K::step_undone, "s")).then(f.write(K::target_rolled_back));
  CHECK(f.target.reason == json{{"step", "s"}});
}

TEST_CASE("fold: attempts rise, and an outcome belongs to the attempt that was started") {
  auto f = with_step(StepStatus::failed);
  CHECK_FALSE(f.add(f.write.start("s", 1)).empty());
  f.then(f.write.start("s", 2));
  CHECK_FALSE(f.add(f.write.succeed("s", 1)).empty());
  f.then(f.write.succeed("s", 2));
  CHECK(f.target.steps.at("s").error.is_null());
  CHECK_FALSE(f.add(f.write.succeed("never")).empty());
  CHECK_FALSE(f.add(f.write.start("", 1)).empty());
}

TEST_CASE("fold: undo order is the order of starts since the last undo, with and without sequences") {
  const bool numbered = GENERATE(true, false);
  Folded f;
  const auto then = [&](Event event) {
    if (numbered) {
      f.then(event);
    } else {
      REQUIRE(apply(f.target, event).empty());
    }
  };
  then(f.write.claim());
  for (const auto* step : {"z", "b", "m"}) {
    then(f.write.start(step));
    then(f.write.fail(step));
  }
  then(f.write.start("z", 2));  // what its first attempt left behind is still the oldest
  const auto paths = [&] {
    std::string text;
    for (const auto* step : f.target.in_order()) text += step->path;
    return text;
  };
  CHECK(paths() == "zbm");
  then(f.write(K::undo_started, "z"));
  then(f.write(K::step_undone, "z"));
  then(f.write.start("z", 3));
  CHECK(paths() == "bmz");
}

TEST_CASE("fold: the pivot happens once, and a rollback takes it back") {
  Folded f;
  f.then(f.write.claim()).then(f.write(K::pivot));
  CHECK(f.target.pivoted);
  CHECK_FALSE(f.add(f.write(K::pivot)).empty());
  f.then(f.write(K::target_rolling_back)).then(f.write(K::target_rolled_back));
  CHECK_FALSE(f.target.pivoted);
}

TEST_CASE("fold: a target is paused from the first page that may be on to the last one that is off") {
  Folded f;
  const std::string on = "with_maintenance_page/page_on@a", off = "with_maintenance_page/page_off@a";
  const std::string on2 = "with_maintenance_page/page_on@b/c", off2 = "with_maintenance_page/page_off@b/c";
  f.then(f.write.claim()).then(f.write.start("x/page_one")).then(f.write.succeed("x/page_one"));
  CHECK_FALSE(f.target.paused_at);
  f.then(f.write.start(on));
  const auto paused = f.target.paused_at;
  REQUIRE(paused);
  f.then(f.write.succeed(on)).then(f.write.start(on2)).then(f.write.succeed(on2));
  CHECK(f.target.paused_at == paused);
  SECTION("off by its step") {
    f.then(f.write.start(off)).then(f.write.succeed(off));
    CHECK_FALSE(f.target.resumed_at);
    f.then(f.write.start(off2));
    CHECK_FALSE(f.target.resumed_at);
    const auto last = f.write.succeed(off2);
    f.then(last);
    CHECK(f.target.resumed_at == last.at);
    const auto again = f.write(K::undo_started, off2);
    f.then(again);
    CHECK(f.target.paused_at == again.at);
    CHECK_FALSE(f.target.resumed_at);
  }
  SECTION("off by undo") {
    f.then(f.write(K::target_rolling_back)).then(f.write(K::undo_started, on2)).then(f.write(K::step_undone, on2));
    CHECK_FALSE(f.target.resumed_at);
    f.then(f.write(K::undo_started, on)).then(f.write(K::undo_failed, on));
    CHECK_FALSE(f.target.resumed_at);
    f.then(f.write(K::undo_started, on)).then(f.write(K::step_undone, on));
    CHECK(f.target.resumed_at);
  }
}

TEST_CASE("fold: resolving sets what a person decided about a step") {
  const auto [as, status] = GENERATE(table<std::string, StepStatus>({{"done", StepStatus::succeeded},
                                                                     {"absent", StepStatus::undone},
                                                                     {"skip", StepStatus::undone},
                                                                     {"undone", StepStatus::undone}}));
  const StepStatus before = GENERATE(StepStatus::started, StepStatus::failed, StepStatus::unknown, StepStatus::undo_started,
                                     StepStatus::undo_failed);
  auto f = with_step(before);
  f.then(f.write(K::target_stuck));
  f.then(f.write(K::target_resolved, {}, {{"step", "s"}, {"as", as}, {"reason", "looked"}}));
  CHECK(f.status("s") == status);
  // Decided once: what comes after it is another matter.
  CHECK_FALSE(f.add(f.write(K::target_resolved, {}, {{"step", "s"}, {"as", "done"}})).empty());
}

TEST_CASE("fold: what a resolution can't be") {
  auto f = with_step(StepStatus::failed);
  f.then(f.write(K::target_stuck));
  for (const json& wrong : {json{{"step", "s"}, {"as", "fine"}}, json{{"step", "s"}}, json{{"step", "t"}, {"as", "done"}},
                            json{{"as", "done"}}, json{{"step", ""}, {"as", "done"}}})
    CHECK_FALSE(f.add(f.write(K::target_resolved, {}, wrong)).empty());
  CHECK(f.status("s") == StepStatus::failed);
}

TEST_CASE("fold: a step that isn't open is nobody's to resolve") {
  auto f = with_step(GENERATE(StepStatus::succeeded, StepStatus::undone));
  f.then(f.write(K::target_stuck));
  for (const char* as : {"done", "absent", "skip", "undone"})
    CHECK_FALSE(f.add(f.write(K::target_resolved, {}, {{"step", "s"}, {"as", as}})).empty());
}

TEST_CASE("fold: nothing of an ended target is resolved") {
  auto f = ended(GENERATE(TargetState::succeeded, TargetState::skipped, TargetState::rolled_back));
  CHECK_FALSE(f.add(f.write(K::target_resolved, {}, {{"step", "s"}, {"as", "done"}})).empty());
}

TEST_CASE("fold: done by a person's word keeps the outcome that is known, or takes the one that is given") {
  auto f = with_step(StepStatus::none);
  f.then(f.write.start("s")).then(f.write.succeed("s", 1, {{"oid", 7}}));
  f.then(f.write(K::undo_started, "s")).then(f.write(K::undo_failed, "s", {{"error", {{"message", "no"}}}}));
  json resolved{{"step", "s"}, {"as", "done"}, {"reason", "it stands"}};
  SECTION("kept") {
    f.then(f.write(K::target_resolved, {}, resolved));
    CHECK(f.target.steps.at("s").outcome == json{{"oid", 7}});
  }
  SECTION("given") {
    resolved["outcome"] = {{"oid", 8}};
    f.then(f.write(K::target_resolved, {}, resolved));
    CHECK(f.target.steps.at("s").outcome == json{{"oid", 8}});
  }
  CHECK(f.target.steps.at("s").error.is_null());
}

TEST_CASE("fold: a step that was left out is known as such until it is done anew or the leaving out is ended") {
  const bool undoing = GENERATE(false, true);
  auto f = with_step(undoing ? StepStatus::undo_failed : StepStatus::failed);
  f.then(f.write(K::target_stuck));
  f.then(f.write(K::target_resolved, {}, {{"step", "s"}, {"as", "skip"}, {"reason", "that server is gone"}}));
  const auto without = left_out(f.target.steps.at("s"));
  REQUIRE(without);
  CHECK(without->reason == "that server is gone");
  CHECK(without->undo == undoing);
  // Never undone.
  f.write.epoch = 2;
  f.then(f.write.claim());
  CHECK_FALSE(f.add(f.write(K::undo_started, "s")).empty());
  SECTION("done anew") { f.then(f.write.start("s", 2)); }
  SECTION("ended by a rollback") {
    f.then(f.write(K::target_rolling_back)).then(f.write(K::target_resolved, {}, {{"step", "s"}, {"as", "undone"}}));
    f.then(f.write(K::target_rolled_back));
  }
  CHECK_FALSE(left_out(f.target.steps.at("s")));
}

TEST_CASE("fold: a run starts, is paused, ends and starts again") {
  RunRecord run;
  Writer write;
  CHECK_FALSE(apply(run, write.of_run(K::run_started)).empty());
  REQUIRE(apply(run, write.of_run(K::run_planned, a_plan())).empty());
  CHECK_FALSE(apply(run, write.of_run(K::run_planned, a_plan())).empty());
  CHECK_FALSE(apply(run, write.of_run(K::run_ended, {{"state", "succeeded"}})).empty());
  REQUIRE(apply(run, write.of_run(K::run_started)).empty());
  REQUIRE(apply(run, write.of_run(K::run_intent, {{"intent", "cancel"}})).empty());
  CHECK(run.intent == RunIntent::cancel);
  for (const auto* wrong : {"planned", "running", "splendid"})
    CHECK_FALSE(apply(run, write.of_run(K::run_ended, {{"state", wrong}})).empty());
  for (const json& wrong : {json{{"intent", "stop"}}, json{{"intent", 3}}, json::object()})
    CHECK_FALSE(apply(run, write.of_run(K::run_intent, wrong)).empty());
  REQUIRE(apply(run, write.of_run(K::run_ended, {{"state", "halted"}})).empty());
  CHECK(run.ended);
  REQUIRE(apply(run, write.of_run(K::run_started)).empty());
  CHECK(run.state == RunState::running);
  CHECK_FALSE(run.ended);
  CHECK_FALSE(apply(run, write(K::note)).empty());
  CHECK_FALSE(apply(run, write.of_run(K::pivot)).empty());
}

TEST_CASE("events: every name leads back to its kind, and no other does") {
  for (int n = 0; n <= static_cast<int>(K::note); ++n) {
    const auto kind = static_cast<K>(n);
    CHECK(event_kind_from_string(to_string(kind)) == kind);
  }
  CHECK_FALSE(event_kind_from_string("pivoted"));
  CHECK(target_state_from_string("rolling_back") == TargetState::rolling_back);
  CHECK(target_state_from_string("splendid") == TargetState::stuck);
  CHECK(run_intent_from_string("cancel") == RunIntent::cancel);
  CHECK(step_status_from_string("undo_failed") == StepStatus::undo_failed);
  CHECK(run_state_from_string("finished_with_failures") == RunState::finished_with_failures);
}

TEST_CASE("fold: undoing what a person confirmed is no error, and a step that is done again may promise again") {
  std::optional<Obligation> confirm;
  const auto event = [](EventKind kind) {
    Event made;
    made.kind = kind;
    made.data = {{"id", "r1/t1/confirm"}, {"kind", "confirm_binding"}, {"due", "2026-11-23T00:00:00.000Z"}};
    return made;
  };
  CHECK_FALSE(pgconvoy::apply(confirm, event(EventKind::obligation_cancelled)).empty());
  CHECK(pgconvoy::apply(confirm, event(EventKind::obligation_made)).empty());
  CHECK(pgconvoy::apply(confirm, event(EventKind::obligation_done)).empty());
  CHECK(pgconvoy::apply(confirm, event(EventKind::obligation_cancelled)).empty());
  CHECK(confirm->state == "done");
  CHECK(pgconvoy::apply(confirm, event(EventKind::obligation_made)).empty());
  CHECK(confirm->state == "open");
  CHECK(pgconvoy::apply(confirm, event(EventKind::obligation_made)).empty());
  CHECK(confirm->state == "open");
  CHECK(pgconvoy::apply(confirm, event(EventKind::obligation_cancelled)).empty());
  CHECK(confirm->state == "cancelled");
  CHECK_FALSE(pgconvoy::apply(confirm, event(EventKind::obligation_done)).empty());
}

TEST_CASE("fold: waves and words change nothing of a run, and have what the format says") {
  RunRecord run;
  Writer write;
  REQUIRE(apply(run, write.of_run(EventKind::run_planned, a_plan())) == "");
  const RunState before = run.state;
  const std::pair<EventKind, json> good[] = {{EventKind::run_waits, {{"waits", json::array()}}},
                                             {EventKind::wave_opened, {{"wave", 2}, {"first", 2}, {"last", 3}}},
                                             {EventKind::wave_ended, {{"wave", 1}}},
                                             {EventKind::wave_approved, {{"wave", 2}}},
                                             {EventKind::limits_set, {{"changes", {{"concurrency", "8"}}}}},
                                             {EventKind::target_asked, {{"target", 1}, {"what", "skip"}}},
                                             {EventKind::app_unhealthy, {{"target", 1}, {"environment", "shop"}, {"detail", "500"}}},
                                             {EventKind::owner_notice, {{"target", 1}, {"when", "before"}, {"at", "2026-12-01T00:00:00.000Z"}}}};
  for (const auto& [kind, data] : good) {
    INFO(to_string(kind));
    CHECK(apply(run, write.of_run(kind, data)) == "");
    CHECK(apply(run, write.of_run(kind)) != "");
    TargetRecord target;
    Event about_target = write.of_run(kind, data);
    about_target.target = 1;
    CHECK(apply(target, about_target) != "");
  }
  CHECK(apply(run, write.of_run(EventKind::target_asked, {{"target", 1}, {"what", "move"}})) != "");
  CHECK(run.state == before);
}

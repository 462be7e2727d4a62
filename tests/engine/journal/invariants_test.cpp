#include "engine/journal/invariants.hpp"

#include <algorithm>
#include <map>
#include <tuple>

#include "tests/engine/journal/fixtures.hpp"

using namespace pgconvoy;
using namespace pgconvoy::test;
using K = EventKind;

namespace {

// Events of run 1, numbered as they come. Process 1 has begun it and has claimed target 1, whose plan is page_on, backup,
// deploy; its facts hold.
class Stream {
 public:
  Stream() {
    then(write.of_run(K::run_planned, a_plan()));
    for (int number : {1, 2}) {
      json planned = a_target(number);
      for (const char* path : {"page_on", "backup", "deploy"}) planned["steps"].push_back({{"path", path}});
      Event event = write.of_run(K::target_planned, planned);
      event.target = number;
      then(event);
    }
    begin(1).claim(1).facts(json::array());
  }

  Stream& then(Event event) {
    event.sequence = static_cast<std::int64_t>(events.size()) + 1;
    events.push_back(std::move(event));
    return *this;
  }
  Stream& begin(int pid) { return then(write.of_run(K::run_started, {{"pid", pid}})); }
  Stream& end(const char* state) { return then(write.of_run(K::run_ended, {{"state", state}})); }
  Stream& joins(const char* worker, int pid) { return then(write.of_run(K::run_started, {{"pid", pid}, {"worker", worker}})); }
  Stream& claims(const char* worker, int pid) { return then(write(K::target_claimed, {}, {{"host", "h"}, {"pid", pid}, {"worker", worker}})); }
  Stream& claim(int pid) { return then(write(K::target_claimed, {}, {{"host", "h"}, {"pid", pid}})); }
  Stream& facts(json findings) { return then(write(K::facts_gathered, {}, {{"findings", std::move(findings)}})); }
  Stream& done(const std::string& step, int attempt = 1) {
    return then(write.start(step, attempt)).then(write.succeed(step, attempt));
  }
  Stream& undone(const std::string& step) { return then(write(K::undo_started, step)).then(write(K::step_undone, step)); }
  Stream& owes(const std::string& step, const char* kind, const char* id, const char* waits_for = "") {
    return then(write(K::obligation_made, step, {{"id", id}, {"kind", kind}, {"waits_for", waits_for}}, 1));
  }
  Stream& all_done() { return done("page_on").done("backup").done("deploy"); }

  // What is found, one line each; the fold itself takes every event.
  std::vector<std::string> found() const {
    std::vector<std::string> lines;
    Invariants invariants([&](const Violation& violation) { lines.push_back(describe(violation)); });
    auto ordered = events;
    std::stable_sort(ordered.begin(), ordered.end(), [](const Event& left, const Event& right) {
      return std::tuple(left.target, left.sequence) < std::tuple(right.target, right.sequence);
    });
    RunRecord run;
    std::map<int, TargetRecord> targets;
    int last = 0;
    for (const Event& event : ordered) {
      if (event.target != last && last != 0) invariants.end(targets[last]);
      last = event.target;
      INFO(to_string(event.kind) << " " << event.sequence);
      if (event.target == 0) {
        invariants.next(run, event);
        CHECK(apply(run, event) == "");
      } else {
        invariants.next(targets[event.target], event);
        CHECK(apply(targets[event.target], event) == "");
      }
    }
    if (last != 0) invariants.end(targets[last]);
    return lines;
  }
  void sound() const { CHECK(found() == std::vector<std::string>()); }
  void broken(const std::string& says) const {
    const auto lines = found();
    REQUIRE(lines.size() == 1);
    CHECK_THAT(lines[0], Catch::Contains(says) && Catch::StartsWith("event ") && Catch::Contains(" of r1/t"));
  }

  Writer write;
  std::vector<Event> events;
};

}  // namespace

TEST_CASE("invariants: a run from its plan to its end is sound, and so is one that a second process resumes and undoes") {
  Stream whole;
  whole.done("page_on").done("backup").then(whole.write.start("deploy")).then(whole.write(K::pivot, "deploy", {}, 1));
  whole.then(whole.write.succeed("deploy")).owes("deploy", "confirm_binding", "c").owes("deploy", "drop_source", "d", "c");
  whole.then(whole.write(K::target_succeeded)).end("halted");
  whole.sound();
  whole.then(whole.write(K::obligation_done, {}, {{"id", "c"}})).then(whole.write(K::obligation_done, {}, {{"id", "d"}}));
  whole.owes("", "delete_backup", "b").then(whole.write(K::obligation_done, {}, {{"id", "b"}}));
  whole.sound();

  Stream back;
  back.done("page_on").then(back.write.start("backup"));
  back.write.epoch = 2;  // the first process was killed
  back.begin(2).claim(2).then(back.write(K::step_probed, "backup", {{"verdict", "done"}}, 1));
  back.then(back.write.succeed("backup")).then(back.write.start("deploy")).then(back.write.fail("deploy"));
  back.then(back.write(K::target_rolling_back)).undone("deploy").undone("backup").undone("page_on");
  back.then(back.write(K::target_rolled_back));
  back.write.target = 2;
  back.write.epoch = 1;
  back.claim(2).then(back.write(K::target_skipped)).end("finished_with_failures");
  back.sound();
}

TEST_CASE("invariants: every finding names run, target, step, event, what is wrong and what it means") {
  CHECK(describe(Violation{7, 42, "a/b@c", 99, "this is wrong", "that follows"}) ==
        "event 99 of r7/t42, step \"a/b@c\": this is wrong; that follows");
  CHECK(describe(Violation{7, 0, "", 99, "this", "that"}) == "event 99 of r7: this; that");
}

TEST_CASE("invariants: a target succeeded only with every planned step") {
  Stream stream;
  stream.done("page_on").done("backup");
  SECTION("all") { stream.done("deploy").then(stream.write(K::target_succeeded)).sound(); }
  SECTION("one is missing") { stream.then(stream.write(K::target_succeeded)).broken("planned step \"deploy\" is none"); }
  SECTION("one was undone") {
    stream.done("deploy").undone("deploy").then(stream.write(K::target_succeeded)).broken("\"deploy\" is undone");
  }
}

TEST_CASE("invariants: a target was rolled back only with every begun step undone") {
  Stream stream;
  stream.done("page_on").done("backup").then(stream.write(K::target_rolling_back)).undone("backup");
  SECTION("all") { stream.undone("page_on").then(stream.write(K::target_rolled_back)).sound(); }
  SECTION("one is left") { stream.then(stream.write(K::target_rolled_back)).broken("rolled back while its step \"page_on\""); }
}

TEST_CASE("invariants: a step found absent has nothing left to undo; one that failed may have") {
  Stream stream;
  stream.done("page_on").then(stream.write.start("backup")).then(stream.write.fail("backup"));
  SECTION("absent") {
    stream.then(stream.write(K::step_probed, "backup", {{"verdict", "absent"}}, 1));
    stream.then(stream.write(K::target_rolling_back)).undone("page_on").then(stream.write(K::target_rolled_back)).sound();
  }
  SECTION("failed") {
    stream.then(stream.write(K::target_rolling_back)).then(stream.write(K::undo_started, "page_on"));
    stream.broken("\"backup\", begun after it, was failed");
  }
}

TEST_CASE("invariants: undo goes backwards") {
  Stream stream;
  stream.all_done();
  SECTION("as a whole") { stream.then(stream.write(K::target_rolling_back)).undone("deploy").undone("backup").sound(); }
  SECTION("forward, one step may be taken back") { stream.undone("backup").done("backup", 2).sound(); }
  SECTION("not from the middle") {
    stream.then(stream.write(K::target_rolling_back)).undone("backup").broken("\"deploy\", begun after it");
  }
}

TEST_CASE("invariants: a target is skipped only while nothing is begun") {
  Stream stream;
  SECTION("nothing") { stream.then(stream.write(K::target_skipped)).sound(); }
  SECTION("undone") { stream.done("page_on").undone("page_on").then(stream.write(K::target_skipped)).sound(); }
  SECTION("begun") { stream.done("page_on").then(stream.write(K::target_skipped)).broken("skipped while its step"); }
}

TEST_CASE("invariants: steps are those of the plan, in its order") {
  Stream stream;
  SECTION("in order") { stream.all_done().sound(); }
  SECTION("no such step") { stream.done("drop_it_all").broken("has no such step"); }
  SECTION("too early") { stream.done("backup").broken("while the step \"page_on\", planned before it, was none"); }
  SECTION("what a person left out lies behind") {
    stream.then(stream.write.start("page_on")).then(stream.write.fail("page_on"));
    stream.then(stream.write(K::target_resolved, {}, {{"step", "page_on"}, {"as", "skip"}, {"reason", "seen"}}));
    stream.done("backup").done("deploy").then(stream.write(K::target_succeeded)).sound();
  }
  SECTION("what a person said is absent does not") {
    stream.then(stream.write.start("page_on")).then(stream.write.fail("page_on"));
    stream.then(stream.write(K::target_resolved, {}, {{"step", "page_on"}, {"as", "absent"}, {"reason", "seen"}}));
    stream.done("backup").broken("\"page_on\", planned before it, was undone");
  }
  SECTION("what was taken back is done again first") {
    stream.done("page_on").done("backup").undone("page_on").then(stream.write.start("deploy"));
    stream.broken("\"page_on\", planned before it, was undone");
  }
}

TEST_CASE("invariants: no step of a target that was not checked, or whose preconditions block") {
  const json blocks = {{{"severity", "warn"}, {"condition", "size"}}, {{"severity", "block"}, {"condition", "libpq"}}};
  Stream stream;
  SECTION("blocks") { stream.facts(blocks).done("page_on").broken("libpq blocks"); }
  SECTION("no longer") { stream.facts(blocks).facts({blocks[0]}).done("page_on").sound(); }
  SECTION("never checked") {
    stream.write.target = 2;
    stream.claim(1).done("page_on").broken("before the target's facts were gathered");
  }
}

TEST_CASE("invariants: the pivot comes with its step") {
  Stream stream;
  stream.done("page_on").done("backup");
  SECTION("without") { stream.then(stream.write(K::pivot, "deploy")).broken("without its step being started"); }
  SECTION("of none") { stream.then(stream.write(K::pivot)).broken("names no step"); }
  SECTION("of another") {
    stream.then(stream.write.start("deploy")).then(stream.write(K::pivot, "backup")).broken("without its step");
  }
}

TEST_CASE("invariants: what an earlier holder began is probed before its outcome is known") {
  Stream stream;
  stream.done("page_on").then(stream.write.start("backup"));
  stream.write.epoch = 2;
  stream.begin(2).claim(2);
  SECTION("probed") {
    stream.then(stream.write(K::step_probed, "backup", {{"verdict", "done"}}, 1)).then(stream.write.succeed("backup")).sound();
  }
  SECTION("succeeded") { stream.then(stream.write.succeed("backup")).broken("under epoch 2 of what was begun under epoch 1"); }
  SECTION("failed") { stream.then(stream.write.fail("backup")).broken("step_failed under epoch 2"); }
  SECTION("an undo") {
    stream.then(stream.write(K::undo_started, "backup"));
    stream.write.epoch = 3;
    stream.begin(3).claim(3).then(stream.write(K::step_undone, "backup")).broken("step_undone under epoch 3");
  }
}

TEST_CASE("invariants: one process at a time") {
  Stream stream;
  stream.done("page_on");
  SECTION("a claim by another than the one that executes the run") {
    stream.write.epoch = 2;
    stream.claim(2).broken("process 2 claimed the target while process 1 executed the run");
  }
  SECTION("an earlier process goes on") { stream.begin(2).then(stream.write.start("backup")).broken("older than the process"); }
  SECTION("after the end") { stream.end("halted").then(stream.write.start("backup")).broken("no process executed the run"); }
  SECTION("a person's word comes from elsewhere") {
    stream.then(stream.write.start("backup")).end("halted");
    stream.then(stream.write(K::target_resolved, {}, {{"step", "backup"}, {"as", "done"}, {"reason", "seen"}}));
    stream.then(stream.write(K::note)).sound();
  }
}

TEST_CASE("invariants: a run ends as its targets did") {
  Stream stream;
  SECTION("not all succeeded") {
    stream.all_done().then(stream.write(K::target_succeeded)).end("succeeded");
    stream.broken("the run ended as succeeded while this target was pending");
  }
  SECTION("not all ended") { stream.end("halted").begin(2).end("finished_with_failures"); CHECK(stream.found().size() == 2); }
  SECTION("what comes later is not counted") {
    stream.all_done().then(stream.write(K::target_succeeded)).end("halted").begin(2);
    stream.write.target = 2;
    stream.claim(2).facts(json::array()).all_done().then(stream.write(K::target_succeeded)).end("succeeded").begin(3);
    stream.write.epoch = 2;
    stream.claim(3).sound();
  }
}

TEST_CASE("invariants: obligations are made once by a success, and carried out after it") {
  Stream stream;
  stream.all_done().owes("deploy", "confirm_binding", "c").owes("deploy", "drop_source", "d", "c");
  SECTION("twice") { stream.owes("deploy", "drop_source", "d", "c").broken("made twice by one success"); }
  SECTION("again, by a second success") {
    stream.then(stream.write(K::undo_started, "deploy")).then(stream.write(K::undo_failed, "deploy"));
    stream.then(stream.write(K::step_probed, "deploy", {{"verdict", "done"}}, 1)).then(stream.write.succeed("deploy"));
    stream.owes("deploy", "confirm_binding", "c").owes("deploy", "drop_source", "d", "c").sound();
  }
  SECTION("of no step") { stream.owes("", "drop_source", "x").broken("comes from no step"); }
  SECTION("of a step that is not done") {
    stream.undone("deploy").owes("deploy", "drop_source", "x").broken("comes from a step that is undone");
  }
  SECTION("that waits for nothing") { stream.owes("deploy", "drop_source", "x", "y").broken("\"y\", which nobody made"); }
  SECTION("carried out before the target succeeded") {
    stream.then(stream.write(K::obligation_done, {}, {{"id", "c"}})).sound();
    stream.then(stream.write(K::obligation_done, {}, {{"id", "d"}})).broken("carried out while the target was running");
  }
  SECTION("carried out unconfirmed") {
    stream.then(stream.write(K::target_succeeded)).then(stream.write(K::obligation_done, {}, {{"id", "d"}}));
    stream.broken("which it waits for, was open");
  }
  SECTION("open after the target went back") {
    stream.then(stream.write(K::target_rolling_back)).undone("deploy").undone("backup").undone("page_on");
    stream.then(stream.write(K::obligation_cancelled, {}, {{"id", "c"}}));
    SECTION("one") { stream.then(stream.write(K::target_rolled_back)).broken("the obligation \"d\" is open"); }
    SECTION("none") {
      stream.then(stream.write(K::obligation_cancelled, {}, {{"id", "d"}})).then(stream.write(K::target_rolled_back)).sound();
    }
  }
}

TEST_CASE("invariants: the selection is frozen with the plan") {
  Stream stream;
  json planned = a_target(3);
  planned["steps"] = json::array();
  Event late = stream.write.of_run(K::target_planned, planned);
  late.target = 3;
  SECTION("planned later") { stream.then(late).broken("not planned together with its run"); }
  SECTION("another's number") {
    stream.events[2].data["number"] = 1;
    stream.broken("its plan says that it is target 1");
  }
}

TEST_CASE("invariants: a step that a person left out is passed over, one whose undo was left out is not") {
  Stream stream;
  stream.done("page_on").then(stream.write.start("backup")).then(stream.write.fail("backup"));
  const json skip{{"step", "backup"}, {"as", "skip"}, {"reason", "there is one"}};
  SECTION("left out") {
    stream.then(stream.write(K::target_stuck)).end("halted").then(stream.write(K::target_resolved, {}, skip));
    stream.write.epoch = 2;
    stream.begin(2).claim(2).done("deploy").then(stream.write(K::target_succeeded)).sound();
  }
  SECTION("its undo") {
    stream.then(stream.write(K::undo_started, "backup")).then(stream.write(K::undo_failed, "backup"));
    stream.then(stream.write(K::target_stuck)).end("halted").then(stream.write(K::target_resolved, {}, skip));
    stream.write.epoch = 2;
    stream.begin(2).claim(2).done("deploy").broken("\"backup\", planned before it, was undone");
  }
}

TEST_CASE("invariants: a cancelled run skips what nobody claimed, and leaves nothing under way") {
  Stream stream;
  stream.all_done().then(stream.write(K::target_succeeded));
  stream.then(stream.write.of_run(K::run_intent, {{"intent", "cancel"}}));
  SECTION("skipped") {
    stream.write.target = 2;
    stream.write.epoch = 0;
    stream.then(stream.write(K::target_skipped, {}, {{"reason", "cancelled"}})).end("cancelled").sound();
  }
  SECTION("left pending") { stream.end("cancelled").broken("the run ended as cancelled while this target was pending"); }
}

TEST_CASE("invariants: a target of a later wave begins only when that was opened, or when somebody named it") {
  Stream stream;
  stream.write.target = 2;
  SECTION("opened before") { stream.then(stream.write.of_run(K::wave_opened, {{"wave", 2}, {"first", 2}, {"last", 2}})).claim(1).sound(); }
  SECTION("opened after") {
    stream.claim(1).then(stream.write.of_run(K::wave_opened, {{"wave", 2}, {"first", 2}, {"last", 2}}));
    stream.broken("begun before its wave was opened");
  }
  SECTION("asked for") {
    stream.then(stream.write.of_run(K::target_asked, {{"target", 2}, {"what", "retry"}})).claim(1);
    stream.then(stream.write.of_run(K::wave_opened, {{"wave", 2}, {"first", 2}, {"last", 2}})).sound();
  }
  SECTION("a process for targets that were named") {
    stream.end("halted").then(stream.write.of_run(K::run_started, {{"pid", 1}, {"only", true}})).claim(1);
    stream.then(stream.write.of_run(K::wave_opened, {{"wave", 2}, {"first", 2}, {"last", 2}})).sound();
  }
}

TEST_CASE("invariants: workers are at work side by side, each under claims of its own") {
  Stream both;
  both.end("halted");
  both.joins("ann", 10).write.epoch = 2;
  both.claims("ann", 10).facts(json::array()).joins("bob", 20).done("page_on");
  Writer of_bob{.target = 2, .epoch = 1, .second = 500};
  both.then(of_bob(K::target_claimed, {}, {{"worker", "bob"}, {"pid", 20}}));
  both.then(of_bob(K::target_skipped)).done("backup");
  // Ann is gone; bob takes over what she had.
  both.write.epoch = 3;
  both.claims("bob", 20).done("deploy").then(both.write(K::target_succeeded)).end("finished_with_failures");
  both.sound();

  Stream unknown;
  unknown.end("halted").joins("ann", 10).write.epoch = 2;
  unknown.claims("bob", 20);
  unknown.broken("worker bob claimed the target without having joined the run");

  Stream other_process;
  other_process.end("halted").joins("ann", 10).write.epoch = 2;
  other_process.claims("ann", 11);
  other_process.broken("process 11 claimed the target while process 10 executed the run");

  // The end of a run is the end of all who carried it out.
  Stream late;
  late.end("halted").joins("ann", 10).joins("bob", 20).write.epoch = 2;
  late.claims("ann", 10).facts(json::array()).end("halted").then(late.write.start("page_on"));
  late.broken("step_started while no process executed the run");

  Stream after;
  after.end("halted").joins("ann", 10).end("halted").joins("bob", 20).write.epoch = 2;
  after.claims("ann", 10);
  after.broken("worker ann claimed the target without having joined the run");
}

TEST_CASE("invariants: a rehearsal has nothing to pivot, and doesn't move beside") {
  Stream pivoted;
  json planned = a_target(1);
  planned["steps"] = {{{"path", "backup"}, {"operation", "backup"}}, {{"path", "remove"}, {"operation", "remove_rehearsal"}}};
  pivoted.events.at(1).data = planned;
  pivoted.sound();
  pivoted.then(pivoted.write.start("backup")).then(pivoted.write(K::pivot, "backup", {}, 1)).then(pivoted.write.succeed("backup"));
  pivoted.broken("the target of a rehearsal pivoted");

  Stream both;
  planned["steps"].push_back({{"path", "fence"}, {"operation", "fence_source"}});
  both.events.at(1).data = planned;
  both.broken("its plan rehearses and moves at once");
}

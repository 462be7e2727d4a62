// Several runners and one journal on a real server; what they do is simulated.
#include <fmt/format.h>

#include <atomic>
#include <mutex>
#include <thread>

#include "engine/run/shared_run.hpp"
#include "engine/run/shared_schedule.hpp"
#include "tests/engine/run/fake_world.hpp"
#include "tests/server/engine/journal/journal_database.hpp"

using namespace pgconvoy;
using namespace pgconvoy::test;

namespace {

// One of several processes, as far as a journal can tell.
class Member {
 public:
  Member(const JournalDatabase& database, std::vector<std::string> operations, int targets, Seconds lease = Seconds(30))
      : world(std::move(operations), targets) {
    world.journal = must(open_journal(database.url(), OpenMode::create));
    world.plan.options.concurrency = 3;
    world.plan.options.concurrency_per_region = 3;
    SharedJournal& journal = *shared(*world.journal);
    auto identity = this_worker();
    keeper = journal.keep_leases(identity, lease, [this] {
      asio::post(world.loop, [this] {
        if (runner != nullptr) runner->look_again();
      });
    });
    part = std::make_unique<SharedRun>(SharedRun{journal, *keeper, identity, lease});
    part->may_start = true;
  }

  // `joined` is called between joining the run and the first look at it.
  Result<RunState> take_part(std::int64_t run, const std::function<void()>& joined = [] {}) {
    RunRequest request;
    request.run = run;
    request.first_delay = Seconds(0.01);
    request.shared = part.get();
    Runner taking({world.pool, world.clock, world.sessions, *world.processes, world.controllers, world.provisioners, world.poolers, world.credentials},
                  *world.journal, world.registry, world.conditions, {&world.heard});
    runner = &taking;
    SharedJournal& journal = *shared(*world.journal);
    must(journal.join_run(run));
    joined();
    auto state = testing::run_on(world.loop, taking.run(world.plan, std::move(request)));
    journal.leave_run(run);
    runner = nullptr;
    return state;
  }

  FakeWorld world;
  Runner* runner = nullptr;
  std::unique_ptr<LeaseKeeper> keeper;
  std::unique_ptr<SharedRun> part;
};

int times_applied(const std::vector<std::unique_ptr<Member>>& members, const std::string& call) {
  int count = 0;
  for (const auto& member : members) count += static_cast<int>(std::count(member->world.calls.begin(), member->world.calls.end(), call));
  return count;
}

}  // namespace

TEST_CASE("shared run: four workers do each target once, no more at a time than allowed, and one of them ends the run", "[shared-run]") {
  constexpr int kTargets = 30, kMembers = 4;
  const JournalDatabase database;
  std::atomic<int> at_work{0}, most{0};
  std::vector<std::unique_ptr<Member>> members;
  for (int number = 0; number < kMembers; ++number) {
    members.push_back(std::make_unique<Member>(database, std::vector<std::string>{"first", "second"}, kTargets));
    members.back()->world.scripts["first"].during = [&](StepContext&) { most = std::max(most.load(), ++at_work); };
    members.back()->world.scripts["second"].during = [&](StepContext&) { --at_work; };
  }
  const auto run = members[0]->world.run_id();
  std::vector<std::thread> threads;
  std::mutex lock;
  std::vector<RunState> states;
  for (auto& member : members)
    threads.emplace_back([&] {
      auto state = member->take_part(run);
      const std::scoped_lock held(lock);
      states.push_back(state ? *state : RunState::planned);
    });
  for (std::thread& thread : threads) thread.join();
  CHECK(states == std::vector<RunState>(kMembers, RunState::succeeded));
  CHECK(most <= 3);
  for (int number = 1; number <= kTargets; ++number)
    CHECK(times_applied(members, fmt::format("apply second@shop-{}", number)) + (number == 1 ? times_applied(members, "apply second") : 0) == 1);
  int ends = 0;
  must(members[0]->world.journal->own_events(run, 0, [&](const Event& event) {
    ends += event.kind == EventKind::run_ended;
    return true;
  }));
  CHECK(ends == 1);
  CHECK(must(members[0]->world.journal->verify()) == std::vector<std::string>());
}

TEST_CASE("shared run: what a worker left in the middle is another's when its lease has ended", "[shared-run]") {
  const JournalDatabase database;
  Member gone(database, {"first", "second"}, 2, Seconds(1)), stays(database, {"first", "second"}, 2, Seconds(1));
  const auto run = gone.world.run_id();
  gone.world.plan.options.concurrency = 1;
  stays.world.plan.options.concurrency = 1;
  gone.world.scripts["second"].throws = true;
  REQUIRE_FALSE(gone.take_part(run));
  gone.keeper.reset();
  CHECK(must(stays.take_part(run)) == RunState::succeeded);
  const auto target = must(stays.world.journal->target(run, 1));
  CHECK(target.epoch == 2);
  CHECK(target.steps.at("second@shop-1").attempt == 2);
  CHECK(std::count(stays.world.calls.begin(), stays.world.calls.end(), "probe second") == 1);
  CHECK(must(stays.world.journal->verify()) == std::vector<std::string>());
}

namespace {

// One host from which no server can be reached, and another that joins while it does its second step.
struct TwoHosts {
  JournalDatabase database;
  Member cut_off{database, {"first", "second"}, 1}, reaches{database, {"first", "second"}, 1};
  std::int64_t run = cut_off.world.run_id();

  // `joined`: what the other one does before it looks for the first time.
  TargetRecord end(Error failure, std::function<void()> joined = [] {}) {
    std::thread other;
    cut_off.world.scripts["second"].during = [&](StepContext&) {
      if (other.joinable()) return;  // the second time
      other = std::thread([&] { (void)reaches.take_part(run, joined); });
      SharedJournal& journal = *shared(*cut_off.world.journal);
      for (int n = 0; n < 500 && must(journal.members(run)) == 0; ++n) std::this_thread::sleep_for(std::chrono::milliseconds(20));
    };
    cut_off.world.scripts["second"].fails = {std::move(failure)};
    (void)cut_off.take_part(run);
    other.join();
    CHECK(must(reaches.world.journal->verify()) == std::vector<std::string>());
    return must(reaches.world.journal->target(run, 1));
  }
  bool is_let_go_of() {
    const auto watching = must(open_journal(database.url(), OpenMode::read_only));
    bool let_go = false;
    must(watching->target_events(run, 1, 0, [&](const Event& event) {
      let_go |= event.kind == EventKind::note && event.data.contains("error");
      return true;
    }));
    return let_go;
  }
  static long times(const Member& member, const std::string& call) {
    return std::count(member.world.calls.begin(), member.world.calls.end(), call);
  }
};

}  // namespace

TEST_CASE("shared run: what can't be taken back from one host is taken back from another", "[shared-run]") {
  TwoHosts hosts;
  const Error away(ErrorKind::unreachable, "no route to host");
  hosts.cut_off.world.scripts["second"].undo_fails = {away, away, away, away, away};
  const auto target = hosts.end(Error(ErrorKind::conflict, "not as it was left"));
  CHECK(target.state == TargetState::rolled_back);
  CHECK(target.epoch == 2);
  CHECK(TwoHosts::times(hosts.cut_off, "undo first") == 0);
  CHECK(TwoHosts::times(hosts.reaches, "undo first") == 1);
}

TEST_CASE("shared run: a step that failed since its servers are out of reach is gone on with by another host", "[shared-run]") {
  TwoHosts hosts;
  const auto target = hosts.end(Error(ErrorKind::unreachable, "no route to host"));
  CHECK(target.state == TargetState::succeeded);
  CHECK(target.epoch == 2);
  CHECK(TwoHosts::times(hosts.cut_off, "undo second") == 0);
  CHECK(TwoHosts::times(hosts.reaches, "undo second") == 0);
  CHECK(TwoHosts::times(hosts.reaches, "apply first") == 0);
  CHECK(TwoHosts::times(hosts.reaches, "apply second") == 1);
}

TEST_CASE("shared run: a worker that keeps to a region leaves nothing to others, who may keep to another one", "[shared-run]") {
  TwoHosts hosts;
  hosts.cut_off.part->regions = {hosts.cut_off.world.plan.targets.front().target.region};
  const auto target = hosts.end(Error(ErrorKind::unreachable, "no route to host"));
  CHECK(target.state == TargetState::rolled_back);
  CHECK(target.epoch == 1);
  CHECK(TwoHosts::times(hosts.cut_off, "undo first") == 1);
}

TEST_CASE("shared run: the run doesn't end because its last target was let go of, before another looked", "[shared-run]") {
  TwoHosts hosts;
  const auto target = hosts.end(Error(ErrorKind::unreachable, "no route to host"), [&hosts] {
    for (int n = 0; n < 500 && !hosts.is_let_go_of(); ++n) std::this_thread::sleep_for(std::chrono::milliseconds(20));
    std::this_thread::sleep_for(std::chrono::seconds(1));
  });
  CHECK(target.state == TargetState::succeeded);
  CHECK(must(hosts.reaches.world.journal->run(hosts.run)).state == RunState::succeeded);
}

TEST_CASE("shared run: what was handed over and nobody took is taken up again by who let go of it", "[shared-run]") {
  TwoHosts hosts;
  hosts.reaches.part->regions = {"another one"};
  hosts.cut_off.part->left_alone = Seconds(2);
  const auto begun = std::chrono::steady_clock::now();
  const auto target = hosts.end(Error(ErrorKind::unreachable, "no route to host"));
  CHECK(target.state == TargetState::succeeded);
  CHECK(target.epoch == 2);
  CHECK(TwoHosts::times(hosts.cut_off, "apply second") == 2);
  CHECK(TwoHosts::times(hosts.reaches, "apply second") == 0);
  CHECK(std::chrono::steady_clock::now() - begun > std::chrono::seconds(2));
  CHECK(must(hosts.reaches.world.journal->run(hosts.run)).state == RunState::succeeded);
}

TEST_CASE("shared run: what can't be taken up again yet, since its server is still out of reach, is later", "[shared-run]") {
  TwoHosts hosts;
  hosts.reaches.part->regions = {"another one"};
  hosts.cut_off.part->left_alone = Seconds(1);
  FakeWorld& world = hosts.cut_off.world;
  world.plan.fleet.servers["db"].id = "db";
  world.plan.fleet.servers["db"].url = "postgresql://admin@127.0.0.1:1/postgres";
  // No condition asks for facts of it; whoever takes the target up needs the server.
  world.plan.fleet.instances["shop"].id = "shop";
  world.plan.fleet.instances["shop"].server = "db";
  world.plan.targets.front().placements["shop"] = Placement{"db", "db"};
  const auto watching = must(open_journal(hosts.database.url(), OpenMode::read_only));
  world.sessions.reaches = [&] { return must(watching->target(hosts.run, 1)).epoch > 3; };
  const auto target = hosts.end(Error(ErrorKind::unreachable, "no route to host"));
  CHECK(target.state == TargetState::succeeded);
  CHECK(target.epoch == 4);
  CHECK(TwoHosts::times(hosts.cut_off, "apply second") == 2);
  CHECK(TwoHosts::times(hosts.cut_off, "undo first") == 0);
  CHECK(must(hosts.reaches.world.journal->run(hosts.run)).state == RunState::succeeded);
}

TEST_CASE("shared run: what can't be taken up is tried again by the only worker there is, and not for ever", "[shared-run]") {
  const JournalDatabase database;
  Member gone(database, {"first", "second"}, 1, Seconds(1)), alone(database, {"first", "second"}, 1, Seconds(1));
  const std::int64_t run = gone.world.run_id();
  gone.world.scripts["second"].throws = true;
  REQUIRE_FALSE(gone.take_part(run));
  gone.keeper.reset();
  alone.part->left_alone = Seconds(0.01);
  FakeWorld& world = alone.world;
  world.plan.fleet.servers["db"].id = "db";
  world.plan.fleet.servers["db"].url = "postgresql://admin@127.0.0.1:1/postgres";
  world.plan.targets.front().placements["shop"] = Placement{"db", "db"};
  CHECK(must(alone.take_part(run)) == RunState::halted);
  const auto target = must(world.journal->target(run, 1));
  CHECK(target.state == TargetState::running);
  CHECK(target.epoch > 10);
  CHECK(target.epoch < 100);
  CHECK(world.calls.empty());
  world.sessions.reaches = [] { return true; };
  alone.part->may_start = true;
  CHECK(must(alone.take_part(run)) == RunState::succeeded);
}

TEST_CASE("shared run: a worker whose lease is another's begins nothing more and writes nothing", "[shared-run]") {
  const JournalDatabase database;
  Member slow(database, {"first", "second", "third"}, 1, Seconds(2));
  const auto run = slow.world.run_id();
  slow.world.scripts["second"].during = [&](StepContext&) {
    // As if it had stood still: another has claimed meanwhile, and its keeper has been told.
    database.sql("update pgconvoy.leases set worker = 'another', epoch = 2, until = clock_timestamp() + interval '1 h'");
    database.sql("update pgconvoy.runs set intent = 'pause'");
    for (int n = 0; n < 500 && slow.keeper->until(run, 1); ++n) std::this_thread::sleep_for(std::chrono::milliseconds(20));
    database.sql("delete from pgconvoy.leases");
  };
  (void)slow.take_part(run);
  CHECK(std::count(slow.world.calls.begin(), slow.world.calls.end(), "apply third") == 0);
  CHECK(must(slow.world.journal->target(run, 1)).steps.at("second@shop-1").status == StepStatus::started);
}

TEST_CASE("shared run: a pause that somebody else writes holds all workers, and ends the run when nobody is at work", "[shared-run]") {
  const JournalDatabase database;
  std::vector<std::unique_ptr<Member>> members;
  for (int number = 0; number < 2; ++number) members.push_back(std::make_unique<Member>(database, std::vector<std::string>{"only"}, 40));
  const auto run = members[0]->world.run_id();
  std::atomic<int> done{0};
  std::atomic<bool> said{false};
  for (auto& member : members)
    member->world.scripts["only"].during = [&](StepContext&) {
      if (++done < 6 || said.exchange(true)) return;
      auto other = must(open_journal(database.url(), OpenMode::read_write));
      Event pause;
      pause.run = run;
      pause.kind = EventKind::run_intent;
      pause.at = noon();
      pause.data = {{"intent", "pause"}};
      std::vector<Event> events{pause};
      must(other->append(events));
    };
  std::vector<std::thread> threads;
  std::atomic<int> halted{0};
  for (auto& member : members)
    threads.emplace_back([&] {
      auto state = member->take_part(run);
      if (state && *state == RunState::halted) ++halted;
    });
  for (std::thread& thread : threads) thread.join();
  CHECK(halted == 2);
  CHECK(done < 14);
  CHECK(must(members[0]->world.journal->run(run)).state == RunState::halted);
  CHECK(must(members[0]->world.journal->verify()) == std::vector<std::string>());
}

TEST_CASE("shared run: each worker keeps its own limit on pauses, and its targets begin them one after the other", "[shared-run]") {
  constexpr int kTargets = 24, kMembers = 2;
  const JournalDatabase database;
  std::vector<std::unique_ptr<Member>> members;
  for (int number = 0; number < kMembers; ++number) {
    members.push_back(std::make_unique<Member>(database, std::vector<std::string>{"prepare", "page_on", "move", "page_off"}, kTargets));
    members.back()->world.plan.options.concurrency = members.back()->world.plan.options.concurrency_per_region = 8;
    members.back()->world.plan.options.max_paused = 1;
  }
  const auto run = members[0]->world.run_id();
  std::atomic<int> succeeded{0};
  std::vector<std::thread> threads;
  for (auto& member : members)
    threads.emplace_back([&] {
      auto state = member->take_part(run);
      if (state && *state == RunState::succeeded) ++succeeded;
    });
  for (std::thread& thread : threads) thread.join();
  CHECK(succeeded == kMembers);
  int waited = 0, pauses = 0;
  for (const auto& member : members) {
    std::set<int> paused;
    for (const Event& event : member->world.heard.events) {
      waited += event.kind == EventKind::note && event.data.value("waits", "") == "pause";
      if (event.kind == EventKind::step_started && event.step.starts_with("page_on")) paused.insert(event.target), ++pauses;
      if (event.kind == EventKind::step_succeeded && event.step.starts_with("page_off")) paused.erase(event.target);
      CHECK(paused.size() <= 1);
    }
  }
  CHECK(pauses == kTargets);
  CHECK(waited > 0);
  CHECK(must(members[0]->world.journal->verify()) == std::vector<std::string>());
}

TEST_CASE("shared run: a pause of the run leaves those that wait for theirs as they are, and another worker goes on with them", "[shared-run]") {
  const JournalDatabase database;
  const std::vector<std::string> steps{"prepare", "page_on", "move", "page_off"};
  Member first(database, steps, 3);
  first.world.plan.options.max_paused = 1;
  const auto run = first.world.run_id();
  const auto say = [&](const char* intent) {
    auto other = must(open_journal(database.url(), OpenMode::read_write));
    Event event;
    event.run = run;
    event.kind = EventKind::run_intent;
    event.at = noon();
    event.data = {{"intent", intent}};
    std::vector<Event> events{event};
    must(other->append(events));
  };
  Gate gate(first.world.loop);
  first.world.scripts["move"].waits_for = [&](int) { return gate.pass(); };
  int waiting = 0, left = 0;
  first.world.heard.react = [&](const Event& event) {
    if (event.kind != EventKind::note) return;
    if (event.data.value("waits", "") == "pause" && ++waiting == 2) {
      say("pause");
      asio::post(first.world.loop, [&] { first.runner->look_again(); });
    }
    // The one that is paused ends only after that.
    if (event.data.contains("error") && ++left == 2) gate.open();
  };
  CHECK(must(first.take_part(run)) == RunState::halted);
  CHECK(left == 2);
  CHECK(must(first.world.journal->run(run)).counts[TargetState::succeeded] == 1);
  CHECK(must(first.world.journal->run(run)).counts[TargetState::running] == 2);
  say("none");
  Member second(database, steps, 3);
  second.world.plan.options.max_paused = 1;
  CHECK(must(second.take_part(run)) == RunState::succeeded);
  CHECK(std::count(second.world.calls.begin(), second.world.calls.end(), "apply prepare") == 0);
  CHECK(must(second.world.journal->verify()) == std::vector<std::string>());
}

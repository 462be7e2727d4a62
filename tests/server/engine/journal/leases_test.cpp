// Claims and leases on a real server.
#include <algorithm>
#include <atomic>
#include <thread>

#include "engine/journal/shared_journal.hpp"
#include "tests/server/engine/journal/journal_database.hpp"

using namespace pgconvoy;
using namespace pgconvoy::test;

namespace {

// A journal of its own with a run of some targets, opened as often as wanted.
struct Shop {
  explicit Shop(int targets) { must(must(open_journal(database.url(), OpenMode::create))->create_run(a_plan(), some_targets(targets), noon())); }
  std::unique_ptr<Journal> open() const { return must(open_journal(database.url(), OpenMode::read_write)); }

  JournalDatabase database;
};

WorkerIdentity somebody(const std::string& name) { return {name, "host-of-" + name, 7}; }

std::function<ClaimChoice(const ClaimView&)> these(std::vector<int> numbers) {
  return [numbers = std::move(numbers)](const ClaimView&) {
    ClaimChoice choice;
    choice.start = numbers;
    return choice;
  };
}

std::vector<int> numbers_of(const ClaimAnswer& answer) {
  std::vector<int> numbers;
  for (const Claimed& claimed : answer.claimed) numbers.push_back(claimed.number);
  return numbers;
}

void wait_until(const std::function<bool()>& holds) {
  for (int n = 0; n < 500 && !holds(); ++n) std::this_thread::sleep_for(std::chrono::milliseconds(20));
  REQUIRE(holds());
}

}  // namespace

TEST_CASE("claim: raises the epoch, takes a lease, and tells what others did", "[journal][leases]") {
  const Shop shop(3);
  auto one = shop.open(), two = shop.open();
  const auto first = must(shared(*one)->claim(1, somebody("ann"), Seconds(30), 0, these({1, 3})));
  CHECK(numbers_of(first) == std::vector<int>{1, 3});
  CHECK(first.claimed[0].epoch == 1);
  CHECK(first.claimed[0].before == TargetState::pending);
  CHECK(first.claimed[0].until > std::chrono::steady_clock::now() + std::chrono::seconds(25));
  REQUIRE(first.events.size() == 3);
  CHECK(first.events[0].kind == EventKind::run_started);
  CHECK(first.events[0].data["worker"] == "ann");
  CHECK(must(one->run(1)).state == RunState::running);

  ClaimView seen;
  const auto second = must(shared(*two)->claim(1, somebody("bob"), Seconds(30), 0, [&](const ClaimView& view) {
    seen = view;
    ClaimChoice choice;
    choice.start = {2};
    return choice;
  }));
  CHECK(seen.leased == std::set<int>{1, 3});
  REQUIRE(seen.changed.size() == 2);
  CHECK(seen.changed[0].state == TargetState::running);
  REQUIRE(seen.own_events.size() == 1);
  REQUIRE(seen.next_end);
  CHECK(seen.next_end->count() > 25);
  CHECK(numbers_of(second) == std::vector<int>{2});
  // Once joined, no second run_started; what was seen isn't told again.
  const auto third = must(shared(*one)->claim(1, somebody("ann"), Seconds(30), second.view.seen, [&](const ClaimView& view) {
    seen = view;
    return ClaimChoice();
  }));
  CHECK(third.events.empty());
  REQUIRE(seen.changed.size() == 1);
  CHECK(seen.changed[0].number == 2);
  const auto leases = must(shared(*one)->leases(1));
  REQUIRE(leases.size() == 3);
  CHECK(leases[1].worker == "bob");
  CHECK(leases[1].valid);
  CHECK(must(one->verify()).empty());
}

TEST_CASE("claim: two that choose at once never take more than there is room for", "[journal][leases]") {
  constexpr int kTargets = 24, kCap = 3, kWorkers = 6;
  const Shop shop(kTargets);
  std::atomic<int> at_work{0}, most{0}, done{0};
  std::vector<std::thread> workers;
  for (int number = 0; number < kWorkers; ++number)
    workers.emplace_back([&, number] {
      auto journal = shop.open();
      const auto me = somebody("worker" + std::to_string(number));
      auto keeper = shared(*journal)->keep_leases(me, Seconds(30), [] {});
      while (done < kTargets) {
        std::vector<TargetRecord> targets = must(journal->targets(1, false));
        const auto answer = must(shared(*journal)->claim(1, me, Seconds(30), 0, [&](const ClaimView& view) {
          ClaimChoice choice;
          std::set<int> open;
          for (int each = 1; each <= kTargets; ++each) open.insert(each);
          for (const TargetRecord& target : view.changed) open.erase(target.number);
          for (const int each : open)
            if (static_cast<int>(view.leased.size() + choice.start.size()) < kCap) choice.start.push_back(each);
          return choice;
        }));
        for (const Claimed& claimed : answer.claimed) keeper->hold(1, claimed);
        most = std::max(most.load(), at_work += static_cast<int>(answer.claimed.size()));
        for (const Claimed& claimed : answer.claimed) {
          Writer write{.target = claimed.number, .epoch = claimed.epoch};
          std::vector<Event> end{write(EventKind::target_succeeded)};
          --at_work;
          if (!journal->append(end)) ++most;
          keeper->release(1, claimed.number);
          ++done;
        }
      }
    });
  for (std::thread& worker : workers) worker.join();
  CHECK(done == kTargets);
  CHECK(most <= kCap);
  auto journal = shop.open();
  CHECK(must(journal->run(1)).counts.at(TargetState::succeeded) == kTargets);
  CHECK(must(journal->verify()).empty());
  CHECK(shop.database.value("select count(*) from pgconvoy.leases") == "0");
}

TEST_CASE("claim: a target that ends during the look is not taken for abandoned", "[journal][leases]") {
  const Shop shop(1);
  auto one = shop.open(), two = shop.open();
  REQUIRE(must(shared(*one)->claim(1, somebody("ann"), Seconds(30), 0, these({1}))).claimed.size() == 1);
  // Whoever looks has to wait for the leases; until then the target succeeds and its lease is given back.
  PostgresDatabase locker(shop.database.connection());
  must(locker.connect());
  must(locker.execute("begin; lock table pgconvoy.leases in access exclusive mode"));
  std::optional<TargetState> state;
  bool leased = true;
  std::thread looking([&] {
    must(shared(*two)->claim(1, somebody("bob"), Seconds(30), 0, [&](const ClaimView& view) {
      leased = view.leased.contains(1);
      for (const TargetRecord& target : view.changed) state = target.state;
      return ClaimChoice();
    }));
  });
  wait_until([&] { return shop.database.value("select count(*) from pg_locks where not granted and locktype = 'relation'") == "1"; });
  Writer write{.epoch = 1};
  std::vector<Event> end{write(EventKind::target_succeeded)};
  must(one->append(end));
  must(locker.execute("delete from pgconvoy.leases; commit"));
  looking.join();
  CHECK_FALSE(leased);
  CHECK(state == TargetState::succeeded);
}

TEST_CASE("claim: a lease that has ended is another's to take, and the old holder writes nothing any more", "[journal][leases]") {
  const Shop shop(1);
  auto one = shop.open(), two = shop.open();
  const auto first = must(shared(*one)->claim(1, somebody("ann"), Seconds(0.2), 0, these({1})));
  REQUIRE(first.claimed.size() == 1);
  wait_until([&] { return !must(shared(*two)->leases(1)).at(0).valid; });
  const auto second = must(shared(*two)->claim(1, somebody("bob"), Seconds(30), 0, [](const ClaimView& view) {
    ClaimChoice choice;
    if (view.leased.empty()) choice.start = {1};
    return choice;
  }));
  REQUIRE(second.claimed.size() == 1);
  CHECK(second.claimed[0].epoch == 2);
  CHECK(second.claimed[0].before == TargetState::running);
  Writer late{.epoch = 1};
  std::vector<Event> started{late.start("fence")};
  CHECK(must_fail(one->append(started)).kind == ErrorKind::conflict);
  CHECK(must(two->target(1, 1)).steps.empty());
}

TEST_CASE("lease: renewed as long as its keeper lives, lost when another has claimed, let go at once", "[journal][leases]") {
  const Shop shop(2);
  auto one = shop.open(), two = shop.open();
  std::atomic<int> told{0};
  auto listening = shared(*two)->keep_leases(somebody("bob"), Seconds(30), [&] { ++told; });
  auto keeper = shared(*one)->keep_leases(somebody("ann"), Seconds(0.6), [] {});
  const auto claimed = must(shared(*one)->claim(1, somebody("ann"), Seconds(0.6), 0, these({1, 2})));
  for (const Claimed& each : claimed.claimed) keeper->hold(1, each);
  // Past twice its life.
  const auto then = std::chrono::steady_clock::now() + std::chrono::milliseconds(1300);
  wait_until([&] { return keeper->until(1, 1) && *keeper->until(1, 1) > then; });
  for (const Lease& lease : must(shared(*two)->leases(1))) CHECK(lease.valid);

  shop.database.sql("update pgconvoy.leases set worker = 'bob', epoch = 2 where target = 1");
  wait_until([&] { return !keeper->until(1, 1); });
  CHECK(keeper->until(1, 2));

  wait_until([&] { return told > 0; });  // it has begun to listen
  const int before = told;
  keeper->release(1, 2);
  wait_until([&] { return told > before; });
  CHECK(must(shared(*two)->leases(1)).size() == 1);
}

TEST_CASE("lease: outlives a lost connection, and its end is known when the server stays away", "[journal][leases]") {
  const Shop shop(1);
  auto one = shop.open();
  auto keeper = shared(*one)->keep_leases(somebody("ann"), Seconds(1), [] {});
  const auto claimed = must(shared(*one)->claim(1, somebody("ann"), Seconds(1), 0, these({1})));
  keeper->hold(1, claimed.claimed[0]);
  const auto first = *keeper->until(1, 1);
  shop.database.value("select count(pg_terminate_backend(pid)) from pg_stat_activity where application_name like 'pgconvoy leases%' and datname = current_database()");
  wait_until([&] { return *keeper->until(1, 1) > first; });
  shop.database.sql("alter table pgconvoy.leases rename to away");
  // It passes, and stays known: nobody has said that another has it.
  wait_until([&] { return keeper->until(1, 1) && std::chrono::steady_clock::now() > *keeper->until(1, 1); });
}

TEST_CASE("run's lock: workers share it, who wants the run for himself waits for them and for their leases", "[journal][leases]") {
  const Shop shop(1);
  auto one = shop.open(), two = shop.open(), alone = shop.open();
  must(shared(*one)->join_run(1));
  must(shared(*two)->join_run(1));
  CHECK(must_fail(alone->lock_run(1)).kind == ErrorKind::refused);
  shared(*two)->leave_run(1);
  const auto claimed = must(shared(*one)->claim(1, somebody("ann"), Seconds(30), 0, these({1})));
  shared(*one)->leave_run(1);
  const auto held = must_fail(alone->lock_run(1));
  CHECK(held.kind == ErrorKind::refused);
  CHECK_THAT(held.message, Catch::Contains("host-of-ann") && Catch::Contains("lease"));
  shop.database.sql("update pgconvoy.leases set until = clock_timestamp() - interval '1 s'");
  must(alone->lock_run(1));
  CHECK(must_fail(shared(*one)->join_run(1)).kind == ErrorKind::refused);
}

#include "engine/journal/writer.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <future>
#include <mutex>

#include "tests/engine/journal/fixtures.hpp"

using namespace pgconvoy;
using namespace pgconvoy::test;

namespace {

// A journal in memory, as far as the writer needs one: it counts commits, holds them up, and breaks when told to.
class FakeJournal final : public Journal {
 public:
  std::string token() const override { return "aaaaaa"; }
  Result<void> append(std::vector<Event>& events) override {
    if (first_may_go.valid()) first_may_go.wait();
    const std::scoped_lock lock(mutex);
    ++commits;
    if (breaks_at == commits) return Error(ErrorKind::io, "the disk is full");
    for (const Event& event : events)
      if (event.data.contains("bad")) return Error(ErrorKind::conflict, "impossible");
    for (Event& event : events) {
      event.sequence = static_cast<std::int64_t>(written.size()) + 1;
      written.push_back(event);
    }
    return {};
  }
  Result<std::int64_t> create_run(json, PlannedTargets, WallTime) override { return no(); }
  Result<std::vector<RunRecord>> runs() override { return no(); }
  Result<RunRecord> run(std::int64_t) override { return no(); }
  Result<std::int64_t> latest_run() override { return no(); }
  Result<std::vector<TargetRecord>> targets(std::int64_t, bool) override { return no(); }
  Result<TargetRecord> target(std::int64_t, int) override { return no(); }
  Result<json> planned_target(std::int64_t, int) override { return no(); }
  Result<void> events(std::int64_t, std::int64_t, const std::function<bool(const Event&)>&) override { return no(); }
  Result<std::vector<Obligation>> obligations(bool) override { return no(); }
  Result<std::vector<BackupRecord>> backups() override { return no(); }
  Result<std::vector<std::string>> verify() override { return no(); }
  Result<void> lock_run(std::int64_t) override { return no(); }

  std::mutex mutex;
  int commits = 0;
  int breaks_at = 0;  // which commit fails for good
  std::vector<Event> written;
  std::shared_future<void> first_may_go;

 private:
  static Error no() { return {ErrorKind::internal, "not in this fake"}; }
};

Event noted(int number, bool bad = false) {
  Event event = Writer()(EventKind::note, {}, {{"n", number}});
  if (bad) event.data["bad"] = true;
  return event;
}

// Everything a test looks at afterwards.
struct Seen {
  std::map<int, Result<void>> results;
  std::vector<int> heard;
  std::vector<std::int64_t> sequences;
};

Task<void> hand_in(JournalWriter& writer, Seen& seen, int number, bool bad) {
  auto result = co_await writer.append(noted(number, bad));
  seen.results.insert_or_assign(number, result);
}

struct Stage {
  asio::io_context loop;
  asio::thread_pool pool{3};
  FakeJournal journal;
  Seen seen;
  std::promise<void> go;
  std::unique_ptr<JournalWriter> writer = std::make_unique<JournalWriter>(journal, pool, [this](const Event& event) {
    seen.heard.push_back(event.data.at("n").get<int>());
    seen.sequences.push_back(event.sequence);
  });

  void spawn(int number, bool bad = false) {
    asio::co_spawn(loop, hand_in(*writer, seen, number, bad), asio::detached);
  }
  // All are handed in while the first commit is held up.
  void hold() { journal.first_may_go = go.get_future().share(); }
  void run_all() {
    asio::post(loop, [this] { asio::post(loop, [this] { go.set_value(); }); });
    loop.run();
  }
};

}  // namespace

TEST_CASE("writer: what waits during a commit is committed together with the next") {
  Stage stage;
  stage.hold();
  for (int n = 1; n <= 50; ++n) stage.spawn(n);
  stage.run_all();
  CHECK(stage.journal.commits == 2);
  CHECK(stage.seen.results.size() == 50);
  for (const auto& [n, result] : stage.seen.results) CHECK(result);
  std::vector<int> in_order(50);
  for (int n = 1; n <= 50; ++n) in_order[n - 1] = n;
  CHECK(stage.seen.heard == in_order);
  CHECK(stage.seen.sequences.front() == 1);
  CHECK(stage.seen.sequences.back() == 50);
}

TEST_CASE("writer: an impossible event fails alone") {
  Stage stage;
  stage.hold();
  for (int n = 1; n <= 9; ++n) stage.spawn(n, n == 5);
  stage.run_all();
  for (const auto& [n, result] : stage.seen.results) CHECK(result.has_value() == (n != 5));
  CHECK(stage.seen.results.at(5).error().kind == ErrorKind::conflict);
  CHECK(stage.seen.heard == std::vector<int>{1, 2, 3, 4, 6, 7, 8, 9});
  CHECK(stage.journal.written.size() == 8);
}

TEST_CASE("writer: after a failed write everything is refused, whichever commit it was") {
  const int breaks_at = GENERATE(1, 2, 3, 4, 5, 6);
  Stage stage;
  stage.hold();
  stage.journal.breaks_at = breaks_at;
  // Commit 1: the first; 2: the others together; 3 to 6: each alone, because of the bad one.
  for (int n = 1; n <= 5; ++n) stage.spawn(n, n == 3);
  stage.run_all();
  REQUIRE(stage.seen.results.size() == 5);
  std::vector<int> durable;
  for (const Event& event : stage.journal.written) durable.push_back(event.data.at("n").get<int>());
  CHECK(stage.seen.heard == durable);
  for (const auto& [n, result] : stage.seen.results) {
    const bool is_durable = std::find(durable.begin(), durable.end(), n) != durable.end();
    CHECK(result.has_value() == is_durable);
  }
  const int commits = stage.journal.commits;
  CHECK(commits == breaks_at);
  stage.loop.restart();
  stage.spawn(6);
  stage.loop.run();
  CHECK(stage.journal.commits == commits);
  REQUIRE_FALSE(stage.seen.results.at(6));
  CHECK(stage.seen.results.at(6).error().kind == ErrorKind::io);
  CHECK_THAT(stage.seen.results.at(6).error().message, Catch::Contains("disk is full"));
}

TEST_CASE("writer: it goes away cleanly with a write in flight and others waiting") {
  Stage stage;
  stage.hold();
  for (int n = 1; n <= 3; ++n) stage.spawn(n);
  stage.loop.poll();
  stage.go.set_value();
  stage.writer.reset();
  CHECK(stage.journal.written.size() == 1);
  stage.loop.poll();
  CHECK(stage.seen.results.empty());
}

TEST_CASE("writer: no events are no commit") {
  Stage stage;
  bool done = false;
  asio::co_spawn(stage.loop, stage.writer->append(std::vector<Event>()),
                 [&](std::exception_ptr, Result<void> result) { done = result.has_value(); });
  stage.loop.run();
  CHECK(done);
  CHECK(stage.journal.commits == 0);
}

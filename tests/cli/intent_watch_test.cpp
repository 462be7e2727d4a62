#include "cli/intent_watch.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>

#include "tests/engine/journal/fixtures.hpp"
#include "tests/support/loop.hpp"

using namespace pgconvoy;
using namespace pgconvoy::cli;
using namespace pgconvoy::test;

namespace {

// A run as its own process sees it, and a second journal on the same file: somebody else's process.
struct Watched {
  TemporaryDirectory directory;
  std::string path = (directory / "journal.db").string();
  asio::io_context loop{1};
  asio::thread_pool pool{2};
  std::unique_ptr<Journal> ours, theirs;
  std::vector<JournaledIntent> told;
  asio::steady_timer news{loop};
  std::unique_ptr<IntentWatch> watch;
  test::Writer write;

  Watched() {
    ours = must(open_journal(path, OpenMode::create));
    must(ours->create_run(a_plan(), some_targets(2), noon()));
    theirs = must(open_journal("sqlite:" + path, OpenMode::read_write));
    watch = std::make_unique<IntentWatch>(loop, pool, *ours, "sqlite:" + path, 1, [this](const JournaledIntent& intent) {
      told.push_back(intent);
      news.cancel();
    });
  }
  // Of our own process: the watch is told of it.
  void own(Event event) {
    for (const Event& written : append(*ours, {std::move(event)})) watch->journaled(written);
  }
  void others(json intent) { append(*theirs, {write.of_run(EventKind::run_intent, std::move(intent))}); }

  // Until somebody was told something, or that long.
  void wait(Seconds seconds) { testing::run_on(loop, wait_for_news(seconds)); }
  Task<bool> wait_for_news(Seconds seconds) {
    news.expires_after(std::chrono::duration_cast<std::chrono::milliseconds>(seconds));
    boost::system::error_code cut_short;
    co_await news.async_wait(asio::redirect_error(asio::use_awaitable, cut_short));
    loop.stop();
    co_return bool(cut_short);
  }
  void finish() { must(testing::run_on(loop, watch->finish())); }
};

}  // namespace

TEST_CASE("intent watch: what another process journals is noticed at once, with its mode and who said it") {
  Watched run;
  run.own(run.write.of_run(EventKind::run_started, {{"pid", 1}}));
  run.wait(Seconds(0.3));  // the first look finds nothing
  CHECK(run.told.empty());
  run.others({{"intent", "cancel"}, {"mode", "rollback"}, {"by", "ann@host"}});
  const auto began = std::chrono::steady_clock::now();
  run.wait(Seconds(20));
  REQUIRE(run.told.size() == 1);
  CHECK(run.told[0].intent == RunIntent::cancel);
  CHECK(run.told[0].mode == CancelMode::rollback);
  CHECK(run.told[0].by == "ann@host");
  CHECK(std::chrono::steady_clock::now() - began < std::chrono::seconds(4));  // the kernel said so, not the slow timer
  run.finish();
}

TEST_CASE("intent watch: one that came between the look at the run and its start is noticed too") {
  Watched run;
  run.others({{"intent", "pause"}});
  run.own(run.write.of_run(EventKind::run_started, {{"pid", 1}}));
  run.wait(Seconds(20));
  REQUIRE(run.told.size() == 1);
  CHECK(run.told[0].intent == RunIntent::pause);
  run.finish();
}

TEST_CASE("intent watch: a pause that was taken off before the start is none") {
  Watched run;
  run.others({{"intent", "pause"}});
  run.own(run.write.of_run(EventKind::run_intent, {{"intent", "none"}}));
  run.own(run.write.of_run(EventKind::run_started, {{"pid", 1}}));
  run.wait(Seconds(20));
  REQUIRE(run.told.size() == 1);
  CHECK(run.told[0].intent == RunIntent::none);
  run.finish();
}

TEST_CASE("intent watch: events of others between ours hide nothing, and nothing is told twice") {
  Watched run;
  run.own(run.write.of_run(EventKind::run_started, {{"pid", 1}}));
  run.others({{"intent", "pause"}});
  run.own(run.write.of_run(EventKind::note, {{"text", "ours"}}));
  run.wait(Seconds(20));
  REQUIRE(run.told.size() == 1);
  run.own(run.write.of_run(EventKind::note, {{"text", "ours"}}));
  run.wait(Seconds(0.5));
  CHECK(run.told.size() == 1);
  run.finish();
}

TEST_CASE("intent watch: after its end nobody is told anything") {
  Watched run;
  run.own(run.write.of_run(EventKind::run_started, {{"pid", 1}}));
  run.finish();
  run.others({{"intent", "cancel"}});
  run.wait(Seconds(0.3));
  CHECK(run.told.empty());
}

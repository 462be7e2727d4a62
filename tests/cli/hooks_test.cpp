#include "cli/hooks.hpp"

#include "tests/engine/platform/temporary_directory.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/loop.hpp"

using namespace pgconvoy;
using namespace pgconvoy::cli;
using Catch::Contains;

namespace {

struct Told {
  testing::TemporaryDirectory directory;
  std::unique_ptr<ProcessLauncher> launcher = make_process_launcher();
  asio::io_context loop{1};
  std::vector<std::string> warnings;
  std::unique_ptr<Hooks> hooks;

  explicit Told(const std::string& script, std::vector<std::string> events = {}, Seconds limit = Seconds(20)) {
    directory.write("hook", "#!/bin/sh\ncd '" + directory.path.string() + "'\n" + script + "\n", std::filesystem::perms::owner_all);
    Fleet fleet;
    Hook hook;
    hook.id = "chat";
    hook.program.command = {directory / "hook"};
    hook.program.limit = limit;
    hook.events = std::move(events);
    fleet.hooks["chat"] = hook;
    hooks = std::make_unique<Hooks>(loop.get_executor(), *launcher, fleet, std::vector<std::string>{"shop-live"}, ProgramLog(),
                                    [this](const std::string& warning) { warnings.push_back(warning); });
  }
  void happens(EventKind kind, int sequence) {
    Event event;
    event.run = 7;
    event.target = 1;
    event.sequence = sequence;
    event.kind = kind;
    hooks->journaled(event);
  }
  bool finish() { return testing::run_on(loop, hooks->finish()); }
};

}  // namespace

TEST_CASE("hooks: a program is told the events it asked for, in their order, one at a time") {
  Told told("[ $1 = event ] && cat >> seen; echo this is no JSON", {"target_stuck", "pivot"});
  told.happens(EventKind::step_started, 1);
  told.happens(EventKind::pivot, 2);
  told.happens(EventKind::target_stuck, 3);
  told.happens(EventKind::note, 4);
  CHECK_FALSE(told.directory.has("seen"));  // nothing ran while the events came
  CHECK(told.finish());
  CHECK(told.warnings.empty());
  std::istringstream lines(told.directory.read("seen"));
  std::vector<std::string> kinds;
  for (std::string line; std::getline(lines, line);) {
    const json document = json::parse(line);
    CHECK(document["event"]["target_id"] == "shop-live");
    CHECK(document["event"]["run"] == "r7");
    kinds.push_back(document["event"]["kind"]);
  }
  CHECK(kinds == std::vector<std::string>{"pivot", "target_stuck"});
}

TEST_CASE("hooks: one that fails is a warning for each event, and the next is told all the same") {
  Told told("echo x >> calls; echo no chat today >&2; exit 1");
  told.happens(EventKind::run_started, 1);
  told.happens(EventKind::run_ended, 2);
  CHECK(told.finish());
  REQUIRE(told.warnings.size() == 2);
  CHECK_THAT(told.warnings[0], Contains("hook chat: hook event") && Contains("no chat today") && Contains("run_started"));
  CHECK(told.directory.read("calls") == "x\nx\n");
}

TEST_CASE("hooks: one that hangs holds the end up for its limit at most") {
  Told told("exec sleep 300", {}, Seconds(0.5));
  for (int i = 1; i <= 5; ++i) told.happens(EventKind::note, i);
  const auto began = std::chrono::steady_clock::now();
  CHECK_FALSE(told.finish());
  CHECK(std::chrono::steady_clock::now() - began < std::chrono::seconds(10));
  CHECK_THAT(told.warnings.back(), Contains("not told"));
  CHECK_FALSE(told.directory.has("calls"));
}

TEST_CASE("hooks: more than can wait are left out and counted") {
  Told told("exit 0", {}, Seconds(0.2));
  for (std::size_t i = 0; i < Hooks::kMostWaiting + 20; ++i) told.happens(EventKind::note, static_cast<int>(i));
  told.finish();
  REQUIRE(!told.warnings.empty());
  CHECK_THAT(told.warnings.back(), Contains("not told"));
}

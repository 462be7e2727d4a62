#include "engine/run/interrupt.hpp"

#include <boost/asio/experimental/awaitable_operators.hpp>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include "engine/core/clock.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/loop.hpp"
#include "tests/support/silent_session.hpp"

using namespace pgconvoy;

namespace {

// Answers every statement, and counts them.
class Answering final : public testing::SilentSession {
 public:
  explicit Answering(int& statements) : SilentSession("eu-pg15"), statements_(statements) {}
  Task<Result<Rows>> query(std::string, std::vector<Value>, std::optional<Seconds>) override {
    ++statements_;
    co_return Rows();
  }
  Task<Result<std::vector<Rows>>> script(std::string, std::optional<Seconds>) override {
    ++statements_;
    co_return std::vector<Rows>();
  }
  Task<Result<void>> copy_out(std::string, CopySink, std::optional<Seconds>) override {
    ++statements_;
    co_return Result<void>();
  }

 private:
  int& statements_;
};

class Factory final : public SessionFactory {
 public:
  int statements = 0, opened = 0;
  Task<Result<SessionPtr>> open(ConnectionSpec, SessionOptions) override {
    ++opened;
    SessionPtr session = std::make_unique<Answering>(statements);
    co_return session;
  }
};

struct InterruptedWorld {
  asio::io_context loop{1};
  asio::thread_pool pool{1};
  SystemClock clock;
  Factory sessions;
  std::unique_ptr<ProcessLauncher> processes = make_process_launcher();
  AppControllers controllers;
  Provisioners provisioners{nullptr};
  PoolerControllers poolers;
  Credentials credentials{*processes};
  Interruptible interruptible{Services{pool, clock, sessions, *processes, controllers, provisioners, poolers, credentials}};

  SessionPtr open() {
    auto opened = testing::run_on(loop, interruptible.services().sessions.open(ConnectionSpec(), SessionOptions()));
    REQUIRE(opened);
    return *std::move(opened);
  }
};

const Error kAsked(ErrorKind::cancelled, "the run was cancelled");

Task<bool> interrupt_after(InterruptedWorld& world, Seconds delay) {
  co_await sleep_for(delay);
  world.interruptible.interrupt(kAsked);
  co_return true;
}

Task<Result<ProcessResult>> interrupt_soon(InterruptedWorld& world, ProcessSpec spec) {
  using namespace asio::experimental::awaitable_operators;
  auto running = world.interruptible.services().processes.run(std::move(spec));
  auto stopping = interrupt_after(world, Seconds(0.2));
  auto both = co_await (std::move(running) && std::move(stopping));
  co_return std::get<0>(std::move(both));
}

}  // namespace

// A process of the group that isn't dead; whoever collects dead ones may never do it.
static bool runs_any_of(int group) {
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    std::ifstream file(entry.path() / "stat");
    std::string text;
    if (!std::getline(file, text) || text.rfind(')') == std::string::npos) continue;
    std::istringstream fields(text.substr(text.rfind(')') + 1));
    char state = 0;
    int parent = 0, of = 0;
    fields >> state >> parent >> of;
    if (of == group && state != 'Z' && state != 'X') return true;
  }
  return false;
}

TEST_CASE("interrupt: statements and new sessions are refused, until it goes on") {
  InterruptedWorld world;
  SessionPtr session = world.open();
  CHECK(world.interruptible.backends() == std::set<std::pair<std::string, int>>{{"eu-pg15", 4711}});
  CHECK(testing::run_on(world.loop, session->query("select 1")));
  CHECK(world.sessions.statements == 1);

  world.interruptible.interrupt(kAsked);
  const auto query = testing::run_on(world.loop, session->query("select 1"));
  REQUIRE_FALSE(query);
  CHECK(query.error().kind == ErrorKind::cancelled);
  CHECK_FALSE(testing::run_on(world.loop, session->script("select 1")));
  CHECK_FALSE(testing::run_on(world.loop, session->copy_out("copy t to stdout", CopySink())));
  CHECK_FALSE(testing::run_on(world.loop, world.interruptible.services().sessions.open(ConnectionSpec(), SessionOptions())));
  CHECK(world.sessions.statements == 1);
  CHECK(world.sessions.opened == 1);
  // Those who end what is in flight are not refused.
  CHECK(testing::run_on(world.loop, world.interruptible.plain().sessions.open(ConnectionSpec(), SessionOptions())));

  world.interruptible.go_on();
  CHECK(testing::run_on(world.loop, session->script("select 1")));
  session.reset();
  CHECK(world.interruptible.backends().empty());
}

TEST_CASE("interrupt: a program that runs is killed with its group, and none is started") {
  InterruptedWorld world;
  ProcessSpec spec;
  spec.argv = {"sh", "-c", "sleep 60 & wait"};
  int pid = 0;
  spec.started = [&](int started) { pid = started; };
  const ProcessSpec again = spec;
  const auto began = std::chrono::steady_clock::now();
  const auto ended = testing::run_on(world.loop, interrupt_soon(world, std::move(spec)));
  REQUIRE_FALSE(ended);
  CHECK(ended.error().kind == ErrorKind::cancelled);
  CHECK(std::chrono::steady_clock::now() - began < std::chrono::seconds(10));
  REQUIRE(pid > 0);
  for (int n = 0; n < 200 && runs_any_of(pid); ++n) std::this_thread::sleep_for(std::chrono::milliseconds(25));
  CHECK_FALSE(runs_any_of(pid));

  pid = 0;
  CHECK_FALSE(testing::run_on(world.loop, world.interruptible.services().processes.run(again)));
  CHECK(pid == 0);
  world.interruptible.go_on();
  ProcessSpec quick;
  quick.argv = {"true"};
  CHECK(testing::run_on(world.loop, world.interruptible.services().processes.run(quick)));
}

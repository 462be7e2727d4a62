#include "cli/hooks.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/streambuf.hpp>
#include <boost/asio/write.hpp>
#include <thread>

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
  asio::thread_pool pool{1};
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
    hooks = std::make_unique<Hooks>(loop.get_executor(), pool, *launcher, fleet, std::vector<std::string>{"shop-live"}, ProgramLog(),
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

TEST_CASE("hooks: what is told of a rehearsal says so") {
  Told move("cat >> seen"), rehearsal("cat >> seen");
  rehearsal.hooks->of_rehearsal();
  for (Told* told : {&move, &rehearsal}) {
    told->happens(EventKind::target_succeeded, 1);
    CHECK(told->finish());
  }
  CHECK_THAT(rehearsal.directory.read("seen"), Contains("\"rehearsal\":true"));
  CHECK_THAT(move.directory.read("seen"), !Contains("rehearsal"));
}

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

namespace {

// A web server on loopback that answers each call with a status and remembers what it was sent.
class Web {
 public:
  explicit Web(int calls, std::string status = "200 OK") : acceptor_(context_, {asio::ip::make_address("127.0.0.1"), 0}) {
    thread_ = std::thread([this, calls, status] {
      for (int call = 0; call < calls; ++call) answer(status);
    });
  }
  ~Web() { join(); }
  void join() {
    if (thread_.joinable()) thread_.join();
  }
  std::string address() const { return fmt::format("http://127.0.0.1:{}/in/s3cret-path", acceptor_.local_endpoint().port()); }
  std::vector<std::string> heads, bodies;  // after join()

 private:
  void answer(const std::string& status) {
    asio::ip::tcp::socket socket(context_);
    acceptor_.accept(socket);
    asio::streambuf received;
    const std::size_t size = asio::read_until(socket, received, "\r\n\r\n");
    std::string text(asio::buffers_begin(received.data()), asio::buffers_end(received.data()));
    heads.push_back(text.substr(0, size));
    const std::size_t length = std::stoul(heads.back().substr(heads.back().find("Content-Length: ") + 16));
    std::string body = text.substr(size);
    const std::size_t had = body.size();
    body.resize(length);
    asio::read(socket, asio::buffer(body.data() + had, length - had));
    bodies.push_back(body);
    asio::write(socket, asio::buffer("HTTP/1.1 " + status + "\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"));
  }
  asio::io_context context_;
  asio::ip::tcp::acceptor acceptor_;
  std::thread thread_;
};

// Hooks with one webhook, whose address stands in a file.
struct ToldByWeb {
  testing::TemporaryDirectory directory;
  std::unique_ptr<ProcessLauncher> launcher = make_process_launcher();
  asio::io_context loop{1};
  asio::thread_pool pool{1};
  std::vector<std::string> warnings;
  std::unique_ptr<Hooks> hooks;

  ToldByWeb(const std::string& address, const std::string& format) {
    directory.write("address", address + "\n", std::filesystem::perms::owner_read);
    Fleet fleet;
    Hook hook;
    hook.id = "chat";
    hook.webhook.file = directory / "address";
    hook.format = format;
    hook.program.limit = Seconds(5);
    fleet.hooks["chat"] = hook;
    hooks = std::make_unique<Hooks>(loop.get_executor(), pool, *launcher, fleet, std::vector<std::string>{"shop-live"}, ProgramLog(),
                                    [this](const std::string& warning) { warnings.push_back(warning); });
    Event event;
    event.run = 7;
    event.target = 1;
    event.sequence = 12;
    event.kind = EventKind::target_stuck;
    event.data = {{"reason", "the page can't be taken off"}};
    hooks->journaled(event);
  }
};

}  // namespace

TEST_CASE("hooks: a webhook gets the event, a chat gets a sentence") {
  Web web(2);
  for (const char* format : {"json", "slack"}) {
    ToldByWeb told(web.address(), format);
    CHECK(testing::run_on(told.loop, told.hooks->finish()));
    CHECK(told.warnings.empty());
  }
  web.join();
  REQUIRE(web.bodies.size() == 2);
  CHECK_THAT(web.heads[0], Catch::StartsWith("POST /in/s3cret-path ") && Contains("Content-Type: application/json"));
  CHECK(json::parse(web.bodies[0])["sequence"] == 12);
  CHECK(json::parse(web.bodies[0])["target_id"] == "shop-live");
  CHECK(json::parse(web.bodies[1]) == json{{"text", "pgconvoy r7 shop-live: stuck: the page can't be taken off"}});
}

TEST_CASE("hooks: a webhook that fails is a warning without its address") {
  const auto warning_of = [](const std::string& address) {
    ToldByWeb told(address, "json");
    testing::run_on(told.loop, told.hooks->finish());
    REQUIRE(told.warnings.size() == 1);
    CHECK_THAT(told.warnings[0], Contains("hook chat: ") && Contains("target_stuck") && !Contains("s3cret-path"));
    return told.warnings[0];
  };
  std::string gone;
  {
    Web web(1, "302 Found\r\nLocation: http://127.0.0.1:1/s3cret-path");
    CHECK_THAT(warning_of(web.address()), Contains("status 302"));
    gone = web.address();
  }
  CHECK_THAT(warning_of(gone), Contains("connect"));
  CHECK_THAT(warning_of("ftp://127.0.0.1/s3cret-path"), Contains("https://"));
}

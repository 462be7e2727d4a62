#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/platform/local_process.hpp"
#include "engine/platform/platform.hpp"
#include "tests/engine/platform/temporary_directory.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/loop.hpp"

using namespace pgconvoy;
namespace fs = std::filesystem;

namespace {

constexpr auto kSecret = fs::perms::owner_read | fs::perms::owner_write;
const std::string kEnv = "# the app\nDATABASE_URL=postgres://app:old@127.0.0.1:5413/shop?sslmode=disable\nPORT=8080\n";

// An application that waits, in a directory of its own; whatever happens, its processes are gone afterwards.
struct App {
  testing::TemporaryDirectory directory;
  asio::io_context loop{1};
  asio::thread_pool pool{2};  // goes first: its threads wake the loop
  std::unique_ptr<AppController> controller = make_local_controller(pool);
  Environment environment;
  CallIdentity who{"k3x9aq-r1", 4, "step", 1};

  explicit App(const std::string& script = "#!/bin/sh\nenv > seen\nexec sleep 300\n") {
    directory.write("run", script, fs::perms::owner_all);
    directory.write("env", kEnv, kSecret);
    fs::create_directory(directory / "pages");
    environment.id = "shop-live";
    ControllerSpec& spec = environment.controller;
    spec.kind = "local";
    spec.directory = directory.path.string();
    spec.start = {"./run"};
    spec.env_file = directory / "env";
    spec.pid_file = directory / "app.pid";
    spec.log_file = directory / "app.log";
    spec.maintenance_file = directory / "pages/shop-live";
    spec.health_url = "http://127.0.0.1:1/";
    environment.bindings = {{"shop-db", {{"DATABASE_URL", "url"}}}};
  }
  ~App() {
    for (const pid_t pid : find_family(environment.controller, 0)) ::kill(pid, SIGKILL);
  }

  template <class T>
  T run(Task<T> task) {
    return testing::run_on(loop, std::move(task));
  }
  Result<void> start() { return run(controller->start(who, environment)); }
  Result<void> stop() { return run(controller->stop(who, environment)); }
  bool runs() { return run(controller->is_running(environment)).value(); }
  pid_t pid() { return std::stoi(directory.read("app.pid")); }
  void wait_for(const std::string& file) {
    for (int i = 0; i < 500 && !directory.has(file); ++i) ::usleep(10'000);
    REQUIRE(directory.has(file));
  }
  CallIdentity at(int epoch, std::string run = "k3x9aq-r1") { return {std::move(run), 4, "step", epoch}; }
};

// One that ended and that nobody has collected yet is not.
bool alive(pid_t pid) { return fs::exists("/proc/" + std::to_string(pid) + "/exe"); }

}  // namespace

TEST_CASE("local: an application starts once, stops, and both may be repeated") {
  App app;
  CHECK_FALSE(app.runs());
  REQUIRE(app.stop());
  REQUIRE(app.start());
  const pid_t pid = app.pid();
  CHECK(app.runs());
  REQUIRE(app.start());
  CHECK(app.pid() == pid);
  REQUIRE(app.stop());
  CHECK_FALSE(alive(pid));
  CHECK_FALSE(app.runs());
  CHECK_FALSE(app.directory.has("app.pid"));
  REQUIRE(app.stop());
}

TEST_CASE("local: the application gets none of our secrets") {
  App app("#!/bin/sh\nenv > new; mv new seen; exec sleep 300\n");
  ::setenv("PGCONVOY_TEST_PASSWORD", "s3cret", 1);
  REQUIRE(app.start());
  ::unsetenv("PGCONVOY_TEST_PASSWORD");
  app.wait_for("seen");
  CHECK(app.directory.read("seen").find("s3cret") == std::string::npos);
  CHECK(app.directory.read("seen").find("PATH=") != std::string::npos);
}

TEST_CASE("local: an application whose start was interrupted before its pid was written down is found and stopped") {
  App app;
  REQUIRE(app.start());
  const pid_t pid = app.pid();
  fs::remove(app.directory / "app.pid");
  CHECK(app.runs());
  REQUIRE(app.start());
  CHECK(app.pid() == pid);
  fs::remove(app.directory / "app.pid");
  REQUIRE(app.stop());
  CHECK_FALSE(alive(pid));
}

TEST_CASE("local: a recycled pid is not the application, and is not signalled") {
  App app;
  const pid_t other = ::fork();
  if (other == 0) {
    ::execl("/bin/sleep", "sleep", "300", nullptr);
    ::_exit(127);
  }
  app.directory.write("app.pid", std::to_string(other) + "\n", kSecret);
  CHECK_FALSE(app.runs());
  CHECK(app.stop());
  CHECK(alive(other));
  CHECK_FALSE(app.directory.has("app.pid"));
  ::kill(other, SIGKILL);
  ::waitpid(other, nullptr, 0);
}

TEST_CASE("local: an application that somebody else started in the directory is stopped by its pid file") {
  App app;
  const pid_t other = ::fork();
  if (other == 0) {
    if (::chdir(app.environment.controller.directory.c_str()) == 0) ::execl("/bin/sleep", "sleep", "300", nullptr);
    ::_exit(127);
  }
  for (int i = 0; i < 500 && fs::read_symlink("/proc/" + std::to_string(other) + "/cwd") != app.directory.path; ++i)
    ::usleep(1000);
  app.directory.write("app.pid", std::to_string(other), kSecret);
  CHECK(app.runs());
  CHECK(app.stop());
  int status = 0;
  REQUIRE(::waitpid(other, &status, WNOHANG) == other);
  CHECK(WTERMSIG(status) == SIGTERM);
}

TEST_CASE("local: what ignores SIGTERM is killed, its children too") {
  App app("#!/bin/sh\ntrap '' TERM\nsleep 300 & echo $! > new; mv new child\nwhile :; do sleep 1; done\n");
  REQUIRE(app.start());
  app.wait_for("child");
  const pid_t child = std::stoi(app.directory.read("child")), parent = app.pid();
  REQUIRE(app.run(end_application(app.pool, app.environment.controller, Seconds(0.3))));
  CHECK_FALSE(alive(parent));
  CHECK_FALSE(app.runs());
  CHECK(find_family(app.environment.controller, parent).empty());
  CHECK_FALSE(alive(child));
}

TEST_CASE("local: a nonsense pid file is no application") {
  App app;
  for (const char* text : {"", "x", "-1", "0", "1", "99999999999999", "12 34"}) {
    app.directory.write("app.pid", text, kSecret);
    CHECK_FALSE(app.runs());
  }
}

TEST_CASE("local: a program that isn't there is an error at the start") {
  App app;
  for (const std::string program : {"./absent", "no-such-program", "./env", "A=b"}) {
    app.environment.controller.start = {program};
    auto started = app.start();
    REQUIRE_FALSE(started);
    CHECK(started.error().message.find("environment shop-live: can't start the application") == 0);
    CHECK_FALSE(app.directory.has("app.pid"));
  }
}

TEST_CASE("local: the page is a file; both ways may be repeated, and its folder must exist") {
  App app;
  for (int twice = 0; twice < 2; ++twice) REQUIRE(app.run(app.controller->page_on(app.who, app.environment)));
  CHECK(app.run(app.controller->page_is_on(app.environment)).value());
  CHECK(app.directory.has("pages/shop-live"));
  for (int twice = 0; twice < 2; ++twice) REQUIRE(app.run(app.controller->page_off(app.who, app.environment)));
  CHECK_FALSE(app.run(app.controller->page_is_on(app.environment)).value());
  app.environment.controller.maintenance_file = app.directory / "absent/page";
  auto on = app.run(app.controller->page_on(app.who, app.environment));
  REQUIRE_FALSE(on);
  CHECK(on.error().kind == ErrorKind::not_found);
  CHECK_FALSE(on.error().remedy.empty());
}

TEST_CASE("local: a binding is written whole, owner kept, never wider than 0600") {
  App app;
  const Binding binding = app.environment.bindings[0];
  auto before = app.run(app.controller->read_binding(app.environment, binding));
  REQUIRE(before);
  CHECK(before->password.reveal() == "old");
  fs::permissions(app.directory / "env",
                  fs::perms::owner_read | fs::perms::owner_write | fs::perms::group_read | fs::perms::others_read);
  const bool root = ::geteuid() == 0;
  if (root) REQUIRE(::chown((app.directory / "env").c_str(), 1234, 5678) == 0);
  ConnectionSpec moved = *before;
  moved.keywords["port"] = "5415";
  REQUIRE(app.run(app.controller->write_binding(app.who, app.environment, binding, moved)));
  CHECK(app.directory.read("env") ==
        "# the app\nDATABASE_URL=postgres://app:old@127.0.0.1:5415/shop?sslmode=disable\nPORT=8080\n");
  struct stat seen {};
  REQUIRE(::stat((app.directory / "env").c_str(), &seen) == 0);
  CHECK((seen.st_mode & 0777) == 0600);
  if (root) CHECK((seen.st_uid == 1234 && seen.st_gid == 5678));
  REQUIRE(app.run(app.controller->write_binding(app.who, app.environment, binding, *before)));
  CHECK(app.directory.read("env") == kEnv);
  for (const auto& entry : fs::directory_iterator(app.directory.path))
    CHECK(entry.path().string().find("pgconvoy-new") == std::string::npos);
}

TEST_CASE("local: a symbolic link to the variables stays one") {
  App app;
  fs::rename(app.directory / "env", app.directory / "shared-env");
  fs::create_symlink("shared-env", app.directory / "env");
  ConnectionSpec moved = app.run(app.controller->read_binding(app.environment, app.environment.bindings[0])).value();
  moved.keywords["port"] = "5415";
  REQUIRE(app.run(app.controller->write_binding(app.who, app.environment, app.environment.bindings[0], moved)));
  CHECK(fs::is_symlink(app.directory / "env"));
  CHECK(app.directory.read("shared-env").find(":5415/") != std::string::npos);
}

TEST_CASE("local: absent variables are not found, with the file's name") {
  App app;
  fs::remove(app.directory / "env");
  auto read = app.run(app.controller->read_binding(app.environment, app.environment.bindings[0]));
  REQUIRE_FALSE(read);
  CHECK(read.error().kind == ErrorKind::not_found);
  CHECK(read.error().message.find(app.directory / "env") != std::string::npos);
}

TEST_CASE("local: a lower epoch of the same run is refused, and changes nothing") {
  App app;
  REQUIRE(app.run(app.controller->page_on(app.at(2), app.environment)));
  const Binding binding = app.environment.bindings[0];
  ConnectionSpec moved = app.run(app.controller->read_binding(app.environment, binding)).value();
  moved.keywords["port"] = "1";
  const std::vector<Result<void>> refused{
      app.run(app.controller->page_off(app.at(1), app.environment)),
      app.run(app.controller->start(app.at(1), app.environment)),
      app.run(app.controller->stop(app.at(1), app.environment)),
      app.run(app.controller->write_binding(app.at(1), app.environment, binding, moved))};
  for (const auto& result : refused) {
    REQUIRE_FALSE(result);
    CHECK(result.error().kind == ErrorKind::conflict);
    CHECK_FALSE(result.error().retryable);
  }
  CHECK(app.directory.has("pages/shop-live"));
  CHECK(app.directory.read("env") == kEnv);
  CHECK_FALSE(app.runs());
  REQUIRE(app.run(app.controller->page_off(app.at(2), app.environment)));
  REQUIRE(app.run(app.controller->page_on(app.at(1, "other-r9"), app.environment)));
  CHECK(app.directory.read(".pgconvoy-epoch") == "{\"epoch\":1,\"run\":\"other-r9\"}\n");
}

TEST_CASE("local: inspect says what is so, without secrets") {
  App app;
  REQUIRE(app.start());
  auto facts = app.run(app.controller->inspect(app.environment));
  REQUIRE(facts);
  CHECK(facts->running);
  CHECK_FALSE(facts->healthy);
  CHECK_FALSE(facts->page_is_on);
  CHECK(facts->bound_to == std::map<std::string, std::string>{{"shop-live/DATABASE_URL", "127.0.0.1:5413/shop"}});
  CHECK(facts->detail.find("no answer: ") == 0);
}

TEST_CASE("none: there is nothing to do, and a binding is never claimed") {
  App app;
  AppControllers controllers;
  controllers.add("none", make_none_controller());
  app.environment.controller = ControllerSpec();
  AppController& none = controllers.of(app.environment);
  CHECK_FALSE(none.controls_application());
  CHECK(app.run(none.page_on(app.who, app.environment)));
  CHECK(app.run(none.stop(app.who, app.environment)));
  CHECK(app.run(none.start(app.who, app.environment)));
  CHECK(app.run(none.page_off(app.who, app.environment)));
  CHECK_FALSE(app.run(none.is_running(app.environment)).value());
  CHECK(app.run(none.inspect(app.environment))->detail.find("controller is none") != std::string::npos);
  CHECK(app.run(none.read_binding(app.environment, app.environment.bindings[0])).error().kind == ErrorKind::not_found);
  CHECK(app.run(none.write_binding(app.who, app.environment, app.environment.bindings[0], ConnectionSpec()))
            .error()
            .kind == ErrorKind::refused);
}

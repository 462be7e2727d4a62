#include "engine/core/process.hpp"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>

#include <fstream>
#include <optional>

#include "tests/engine/platform/temporary_directory.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/loop.hpp"

using namespace pgconvoy;
using pgconvoy::testing::run;
using pgconvoy::testing::run_on;

namespace {

ProcessSpec shell(const std::string& script) {
  ProcessSpec spec;
  spec.argv = {"sh", "-c", script};
  return spec;
}

Result<ProcessResult> run_once(ProcessSpec spec) {
  auto launcher = make_process_launcher();
  return run(launcher->run(std::move(spec)));
}

// Waits until the process is gone; false when it still is there after five seconds.
bool gone(pid_t pid) {
  for (int i = 0; i < 500; ++i) {
    if (::kill(pid, 0) != 0) return true;
    std::ifstream status("/proc/" + std::to_string(pid) + "/stat");
    std::string text((std::istreambuf_iterator<char>(status)), {});
    if (text.find(") Z ") != std::string::npos) return true;
    ::usleep(10'000);
  }
  return false;
}

}  // namespace

TEST_CASE("process: output, errors and exit code are values") {
  auto result = run_once(shell("echo out; echo err >&2; exit 3"));
  REQUIRE(result);
  CHECK(result->exit_code == 3);
  CHECK(result->output == "out\n");
  CHECK(result->errors == "err\n");
}

TEST_CASE("process: a file of any size is filtered into another one that only we can read") {
  pgconvoy::testing::TemporaryDirectory directory;
  const auto in = directory / "in", out = directory / "out";
  std::ofstream(in) << std::string(3'000'000, 'x') << "\n";
  std::ofstream(out) << "what was there before";
  auto spec = shell("tr x y; echo said >&2");
  spec.input_file = in;
  spec.output_file = out;
  auto result = run_once(spec);
  REQUIRE(result);
  CHECK(result->output.empty());
  CHECK(result->errors == "said\n");
  std::ifstream read(out);
  CHECK(std::string(std::istreambuf_iterator<char>(read), {}) == std::string(3'000'000, 'y') + "\n");

  spec.output_file = directory / "made";
  REQUIRE(run_once(spec));
  CHECK((std::filesystem::status(directory / "made").permissions() & std::filesystem::perms::mask) ==
        (std::filesystem::perms::owner_read | std::filesystem::perms::owner_write));

  spec.input_file = directory / "nothing";
  auto missing = run_once(spec);
  REQUIRE_FALSE(missing);
  CHECK(missing.error().kind == ErrorKind::not_found);
  spec.input_file = in;
  spec.output_file = directory / "no folder/out";
  CHECK_FALSE(run_once(spec));
}

TEST_CASE("process: input, directory, environment and secrets reach the child") {
  ::setenv("PGCONVOY_TEST_VARIABLE", "ours", 1);
  auto spec = shell("cat; pwd; echo $PGCONVOY_TEST_VARIABLE $TOKEN; echo bad $TOKEN >&2");
  spec.input = std::string(300'000, 'x') + "\n";
  spec.directory = "/";
  spec.environment["PGCONVOY_TEST_VARIABLE"] = "theirs";
  spec.secrets["TOKEN"] = Secret("hunter2");
  const auto expected = spec.input + "/\ntheirs hunter2\n";
  auto result = run_once(std::move(spec));
  REQUIRE(result);
  CHECK(result->output == expected);
  CHECK(result->errors == "bad ***\n");  // what is quoted in error messages
}

TEST_CASE("process: variables of ours that the child is to go without are not in its environment") {
  ::setenv("PGCONVOY_TEST_VARIABLE", "ours", 1);
  ::setenv("PGCONVOY_TEST_VARIABLE_2", "kept", 1);
  auto spec = shell("echo ${PGCONVOY_TEST_VARIABLE-unset} $PGCONVOY_TEST_VARIABLE_2");
  spec.without = {"PGCONVOY_TEST_VARIABLE", "PGCONVOY_TEST_NOT_THERE"};
  CHECK(run_once(spec)->output == "unset kept\n");
  spec.secrets["PGCONVOY_TEST_VARIABLE"] = Secret("theirs");
  CHECK(run_once(std::move(spec))->output == "theirs kept\n");
}

TEST_CASE("process: a secret for a descriptor is in no variable, and in an argument even less") {
  auto spec = shell("cat /dev/fd/$TOKEN_FD; echo; tr '\\0' '\\n' </proc/$$/environ | grep ^TOKEN_FD; ls /proc/$$/fd");
  spec.secrets["TOKEN_FD"] = Secret("hunter2");
  auto result = run_once(std::move(spec));
  REQUIRE(result);
  CHECK(result->output.starts_with("hunter2\nTOKEN_FD=3\n"));
  CHECK(result->output.find("hunter2", 1) == std::string::npos);
}

TEST_CASE("process: a child that doesn't read its input is no error") {
  auto spec = shell("exit 0");
  spec.input = std::string(1 << 20, 'x');
  CHECK(run_once(std::move(spec))->exit_code == 0);
}

TEST_CASE("process: only the tail of the output is kept") {
  auto spec = shell("i=0; while [ $i -lt 20000 ]; do echo line $i; i=$((i+1)); done");
  spec.keep_output = 100;
  auto result = run_once(std::move(spec));
  REQUIRE(result);
  CHECK(result->output.size() == 100);
  CHECK(result->output.ends_with("line 19999\n"));
}

TEST_CASE("process: a program that doesn't exist is an error, not an exit code") {
  ProcessSpec spec;
  spec.argv = {"pgconvoy-no-such-program"};
  CHECK(run_once(spec).error().kind == ErrorKind::not_found);
  spec.argv = {"/nonexistent/program"};
  CHECK(run_once(spec).error().kind == ErrorKind::not_found);
  spec.argv = {"/etc/passwd"};
  CHECK(run_once(spec).error().kind == ErrorKind::process);
  spec.argv = {};
  CHECK(run_once(spec).error().kind == ErrorKind::usage);
  spec.argv = {"true", std::string("a\0b", 3)};
  CHECK(run_once(spec).error().kind == ErrorKind::usage);
}

TEST_CASE("process: a signal is 128 plus its number") { CHECK(run_once(shell("kill -9 $$"))->exit_code == 137); }

TEST_CASE("process: past its limit the whole group is ended") {
  const auto file = std::filesystem::temp_directory_path() / "pgconvoy-process-test-group";
  std::filesystem::remove(file);
  // The grandchild ignores SIGTERM; it must die all the same.
  auto spec = shell("(trap '' TERM; sh -c 'echo $$ > " + file.string() + "; exec sleep 100') & wait");
  spec.limit = Seconds(0.5);
  auto result = run_once(std::move(spec));
  REQUIRE_FALSE(result);
  CHECK(result.error().kind == ErrorKind::timeout);
  pid_t grandchild = 0;
  std::ifstream(file) >> grandchild;
  REQUIRE(grandchild > 0);
  CHECK(gone(grandchild));
  std::filesystem::remove(file);
}

TEST_CASE("process: what a program leaves behind in its group ends with it") {
  auto result = run_once(shell("sleep 100 >/dev/null 2>&1 & echo $!"));
  REQUIRE(result);
  CHECK(gone(std::stoi(result->output)));
}

TEST_CASE("process: kill_all ends what runs, and says that it was us") {
  auto launcher = make_process_launcher();
  asio::io_context loop(1);
  asio::steady_timer timer(loop, std::chrono::milliseconds(100));
  timer.async_wait([&](auto) { launcher->kill_all(); });
  auto result = run_on(loop, launcher->run(shell("sleep 100")));
  REQUIRE_FALSE(result);
  CHECK(result.error().kind == ErrorKind::cancelled);
}

TEST_CASE("process: an abandoned loop leaves no child") {
  const auto file = std::filesystem::temp_directory_path() / "pgconvoy-process-test-abandoned";
  std::filesystem::remove(file);
  auto launcher = make_process_launcher();
  {
    asio::io_context loop(1);
    asio::co_spawn(loop, launcher->run(shell("echo $$ > " + file.string() + "; exec sleep 100")),
                   [](std::exception_ptr, Result<ProcessResult>) {});
    while (!std::filesystem::exists(file) || std::filesystem::file_size(file) == 0)
      loop.run_for(std::chrono::milliseconds(10));
  }
  pid_t pid = 0;
  std::ifstream(file) >> pid;
  CHECK(gone(pid));
  std::filesystem::remove(file);
}

TEST_CASE("process: when we are killed, the child is killed by the kernel") {
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  const pid_t parent = ::fork();
  if (parent == 0) {
    ::dup2(ends[1], 2);
    // Its pid arrives through the environment's back door: the child writes to a descriptor we give by path.
    auto spec = shell("echo $$ > /proc/$PPID/fd/2; exec sleep 100");
    run_once(std::move(spec));
    ::_exit(0);
  }
  ::close(ends[1]);
  char text[32] = {};
  REQUIRE(::read(ends[0], text, sizeof text - 1) > 0);
  ::kill(parent, SIGKILL);
  ::waitpid(parent, nullptr, 0);
  CHECK(gone(std::atoi(text)));
  ::close(ends[0]);
}

TEST_CASE("process: a detached program outlives its starter in a session of its own") {
  const auto log = std::filesystem::temp_directory_path() / "pgconvoy-process-test-detached";
  std::filesystem::remove(log);
  auto pid = start_detached({"sh", "-c", "echo hello $NAME; exec sleep 100"}, "/", log, {{"NAME", "app"}});
  REQUIRE(pid);
  CHECK(::getsid(*pid) == *pid);
  CHECK(::waitpid(*pid, nullptr, WNOHANG) == -1);  // not our child: it can't become our zombie
  for (int i = 0; i < 500 && std::filesystem::file_size(log) == 0; ++i) ::usleep(10'000);
  std::string line;
  std::getline(std::ifstream(log) >> std::ws, line);
  CHECK(line == "hello app");
  ::kill(-*pid, SIGKILL);
  CHECK(gone(*pid));
  std::filesystem::remove(log);
  CHECK(start_detached({"/nonexistent/program"}, "/", "/dev/null", {}).error().kind == ErrorKind::not_found);
}

TEST_CASE("process: the last lines of a program's errors fit into a message") {
  CHECK(last_lines("one\ntwo\nthree\n\nfour\x1b[0m\n") == "two; three; four [0m");
  CHECK(last_lines("") == "");
  CHECK(last_lines("only", 1) == "only");
}

TEST_CASE("process: who has lost the right to it has his programs ended, nobody else's, and none is started for him") {
  auto launcher = make_process_launcher();
  asio::io_context loop(1);
  asio::steady_timer timer(loop, std::chrono::milliseconds(100));
  timer.async_wait([&](auto) { launcher->end_for("r7/t1/e2"); });
  auto held = shell("sleep 100 & wait"), other = shell("sleep 0.4; echo done"), again = shell("echo started");
  held.holder = again.holder = "r7/t1/e2";
  other.holder = "r7/t1/e3";
  std::optional<Result<ProcessResult>> ended, gone_on;
  asio::co_spawn(loop, launcher->run(std::move(held)), [&](std::exception_ptr, Result<ProcessResult> result) { ended = std::move(result); });
  asio::co_spawn(loop, launcher->run(std::move(other)), [&](std::exception_ptr, Result<ProcessResult> result) { gone_on = std::move(result); });
  loop.run();
  REQUIRE(ended);
  REQUIRE_FALSE(*ended);
  CHECK(ended->error().kind == ErrorKind::cancelled);
  REQUIRE(gone_on);
  REQUIRE(*gone_on);
  CHECK((*gone_on)->output == "done\n");
  loop.restart();
  auto refused = run_on(loop, launcher->run(std::move(again)));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().kind == ErrorKind::cancelled);
}

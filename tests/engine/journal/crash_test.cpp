// kill -9 at any moment: what was acknowledged is there, and the journal is whole.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <thread>

#include "tests/engine/journal/fixtures.hpp"

using namespace pgconvoy;
using namespace pgconvoy::test;

namespace {

// In the child: batches of three events; the last sequence of each goes up the pipe once append() has returned.
[[noreturn]] void append_for_ever(const std::string& path, int first_attempt, int pipe) {
  auto journal = open_journal(path, OpenMode::read_write);
  if (!journal || !(*journal)->lock_run(1)) _exit(1);
  Writer write;
  for (int attempt = first_attempt;; ++attempt) {
    std::vector<Event> batch{write.start("s", attempt), write(EventKind::note, {}, {{"text", std::string(3000, 'x')}}),
                             write.fail("s", attempt)};
    if (!(*journal)->append(batch)) _exit(2);
    const auto last = batch.back().sequence;
    if (::write(pipe, &last, sizeof last) != sizeof last) _exit(3);
  }
}

// In the child: says why on stderr, and ends.
[[noreturn]] void fail_with(const Error& error, int code) {
  const auto text = error.message + " (" + error.statement + ")\n";
  if (::write(STDERR_FILENO, text.data(), text.size()) < 0) _exit(code + 10);
  _exit(code);
}

}  // namespace

TEST_CASE("journal: a process killed while it appends leaves everything that was acknowledged, and a clean journal") {
  TemporaryDirectory directory;
  const auto path = (directory / "journal").string();
  {
    auto journal = must(open_journal(path, OpenMode::create));
    must(journal->create_run(a_plan(), some_targets(1), noon()));
    append(*journal, {Writer().claim()});
  }
  // Each round kills at another distance from the start; later rounds also start on a WAL that was left behind.
  for (int round = 0; round < 12; ++round) {
    int ends[2];
    REQUIRE(pipe(ends) == 0);
    int attempts = 0;  // where the last round was stopped
    if (round > 0) attempts = must(must(open_journal(path, OpenMode::read_write))->target(1, 1)).steps.at("s").attempt;
    const pid_t child = fork();
    if (child == 0) append_for_ever(path, attempts + 1, ends[1]);
    close(ends[1]);
    std::int64_t acknowledged = 0, sequence = 0;
    for (int n = 0; n < 1 + round * 7 && read(ends[0], &sequence, sizeof sequence) == sizeof sequence; ++n)
      acknowledged = sequence;
    kill(child, SIGKILL);
    while (read(ends[0], &sequence, sizeof sequence) == sizeof sequence) acknowledged = sequence;
    close(ends[0]);
    int status = 0;
    REQUIRE(waitpid(child, &status, 0) == child);
    REQUIRE(WIFSIGNALED(status));

    auto journal = must(open_journal(path, OpenMode::read_write));
    CHECK(must(journal->verify()).empty());
    std::int64_t last = 0;
    must(journal->events(1, 0, [&](const Event& event) {
      last = event.sequence;
      return true;
    }));
    CHECK(acknowledged > 0);
    CHECK(last >= acknowledged);
    must(journal->lock_run(1));  // the dead process holds nothing
  }
}

TEST_CASE("journal: a process killed while it makes a journal leaves a file that the next one can use") {
  TemporaryDirectory directory;
  for (int round = 0; round < 40; ++round) {
    const auto path = (directory / fmt::format("journal{}", round)).string();
    const pid_t child = fork();
    if (child == 0) {
      auto journal = open_journal(path, OpenMode::create);
      if (!journal || !(*journal)->create_run(a_plan(), some_targets(1), noon())) _exit(1);
      _exit(0);
    }
    std::this_thread::sleep_for(std::chrono::microseconds(400 * round));  // where it is killed, not what is checked
    kill(child, SIGKILL);
    int status = 0;
    REQUIRE(waitpid(child, &status, 0) == child);
    auto journal = must(open_journal(path, OpenMode::create));
    CHECK(must(journal->verify()).empty());
    CHECK(must(journal->runs()).size() <= 1);
  }
}

TEST_CASE("journal: two processes that make it at once share one") {
  TemporaryDirectory directory;
  const auto path = (directory / "journal").string();
  std::vector<pid_t> children;
  for (int n = 0; n < 4; ++n) {
    const pid_t child = fork();
    if (child == 0) {
      auto journal = open_journal(path, OpenMode::create);
      if (!journal) fail_with(journal.error(), 1);
      auto run = (*journal)->create_run(a_plan(), some_targets(2), noon());
      if (!run) fail_with(run.error(), 2);
      _exit(0);
    }
    children.push_back(child);
  }
  for (const pid_t child : children) {
    int status = 0;
    REQUIRE(waitpid(child, &status, 0) == child);
    CHECK((WIFEXITED(status) && WEXITSTATUS(status) == 0));
  }
  auto journal = must(open_journal(path, OpenMode::read_only));
  CHECK(must(journal->runs()).size() == 4);
  CHECK(must(journal->verify()).empty());
}

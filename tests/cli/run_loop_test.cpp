#include "cli/run_loop.hpp"

#include <catch2/catch.hpp>

#include "cli/exit_code.hpp"

using namespace pgconvoy;
using namespace pgconvoy::cli;

namespace {

std::vector<TargetRecord> targets(std::vector<TargetState> states) {
  std::vector<TargetRecord> records;
  for (const TargetState state : states) {
    TargetRecord record;
    record.number = static_cast<int>(records.size()) + 1;
    record.state = state;
    records.push_back(std::move(record));
  }
  return records;
}

constexpr auto good = TargetState::succeeded, undone = TargetState::rolled_back, pending = TargetState::pending,
               skipped = TargetState::skipped, stuck = TargetState::stuck;

}  // namespace

TEST_CASE("exit code: of a run") {
  const RunRequest all;
  CHECK(exit_code_of_run(targets({good, good}), RunState::succeeded, all, false) == kSuccess);
  CHECK(exit_code_of_run(targets({good, undone}), RunState::finished_with_failures, all, false) == kSomeFailed);
  CHECK(exit_code_of_run(targets({good, stuck}), RunState::finished_with_failures, all, false) == kSomeFailed);
  CHECK(exit_code_of_run(targets({undone, pending}), RunState::halted, all, false) == kHalted);
}

TEST_CASE("exit code: Ctrl-C is 130 only when something is left to do") {
  const RunRequest all;
  CHECK(exit_code_of_run(targets({good, pending}), RunState::halted, all, true) == kInterrupted);
  CHECK(exit_code_of_run(targets({good, good}), RunState::succeeded, all, true) == kSuccess);
}

TEST_CASE("exit code: 4 only when every target was blocked by a precondition") {
  const RunRequest all;
  auto blocked = targets({skipped, skipped});
  for (TargetRecord& record : blocked) record.reason = {{"reason", "disk"}, {"findings", json::array()}};
  CHECK(exit_code_of_run(blocked, RunState::finished_with_failures, all, false) == kBlocked);
  blocked[1].reason = {{"reason", "another process holds it"}};
  CHECK(exit_code_of_run(blocked, RunState::finished_with_failures, all, false) == kSomeFailed);
}

TEST_CASE("exit code: only the named targets count") {
  RunRequest one;
  one.only = {1};
  CHECK(exit_code_of_run(targets({good, pending}), RunState::halted, one, false) == kSuccess);
  CHECK(exit_code_of_run(targets({undone, good}), RunState::halted, one, false) == kSomeFailed);
}

TEST_CASE("exit code: a rollback succeeds when all is undone") {
  RunRequest back;
  back.direction = Direction::backward;
  CHECK(exit_code_of_run(targets({undone, skipped, pending}), RunState::finished_with_failures, back, false) == kSuccess);
  CHECK(exit_code_of_run(targets({undone, stuck}), RunState::finished_with_failures, back, false) == kSomeFailed);
  CHECK(exit_code_of_run(targets({undone, good}), RunState::halted, back, true) == kInterrupted);
}

TEST_CASE("exit code: a rollback that stops before its end is halted") {
  RunRequest back;
  back.direction = Direction::backward;
  CHECK(exit_code_of_run(targets({undone, TargetState::rolling_back}), RunState::halted, back, false) == kHalted);
  back.only = {1};
  CHECK(exit_code_of_run(targets({stuck, pending}), RunState::halted, back, false) == kSomeFailed);
}

TEST_CASE("exit code: a retry or rollback that was told to stop before its last target says so") {
  RunRequest back, retry;
  back.direction = Direction::backward;
  retry.include_ended = true;
  retry.only = {1, 2};
  for (const RunRequest& request : {back, retry}) {
    CHECK(exit_code_of_run(targets({good, undone}), RunState::finished_with_failures, request, true, true) == kInterrupted);
    CHECK(exit_code_of_run(targets({good, undone}), RunState::cancelled, request, false, true) == kHalted);
  }
}

TEST_CASE("exit code: what was rolled back as asked is a success, also when a resume finished it") {
  const RunRequest all;
  auto asked = targets({good, undone});
  asked[1].reason = {{"step", ""}, {"error", {{"kind", "cancelled"}, {"message", "rollback was asked for"}}}};
  CHECK(exit_code_of_run(asked, RunState::finished_with_failures, all, false) == kSuccess);
}

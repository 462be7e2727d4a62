#include "operations/backup_programs.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "engine/platform/exec_call.hpp"

namespace pgconvoy {
namespace {

// A program that hangs must end some day; one that works at 2 MB/s must not be ended.
constexpr Seconds kLeastLimit{600};
constexpr double kSlowestBytesPerSecond = 2e6;

}  // namespace

Task<Result<void>> call_backup_program(ProcessLauncher& processes, BackupProgramCall call) {
  if (call.command.empty())
    co_return Error(ErrorKind::refused, fmt::format("the fleet file names no program to {} backups", call.what),
                    fmt::format("give one under backups: {}: [PROGRAM, ...]", call.what));
  const std::string name = call.command.front();
  ProcessSpec spec;
  spec.argv = call.command;
  if (!call.key.empty()) spec.argv.push_back(call.key);
  spec.without = variables_kept_back();
  spec.input_file = call.input_file;
  spec.output_file = call.output_file;
  spec.keep_output = 1 << 16;
  Seconds limit = kLeastLimit + Seconds(static_cast<double>(call.bytes) / kSlowestBytesPerSecond);
  const bool pause_ends = call.time_left && *call.time_left < limit;
  if (pause_ends) limit = *call.time_left;
  spec.limit = limit;
  auto ended = co_await processes.run(std::move(spec));
  if (!ended && ended.error().kind == ErrorKind::timeout && pause_ends)
    co_return Error(ErrorKind::timeout, fmt::format("{} ({}) was stopped because the pause would last longer than max_pause", call.what, name),
                    "allow a longer pause with --set max_pause=..., or make the program faster");
  if (!ended && ended.error().kind == ErrorKind::timeout)
    co_return Error(ErrorKind::timeout, fmt::format("{} ({}) had not finished after {}", call.what, name, format_duration(limit)),
                    "see what the program waits for, then pgconvoy retry; it has 10 minutes and one second more for each 2 MB");
  if (!ended) co_return std::move(ended).error().within(call.what);
  if (ended->exit_code == 0) co_return Result<void>();
  const std::string said = last_lines(ended->errors);
  co_return Error(ErrorKind::process,
                  fmt::format("{} ({}) ended with exit code {}: {}", call.what, name, ended->exit_code, said.empty() ? "it said nothing" : said),
                  "mend what its message says; then pgconvoy retry after a run, else the same command again");
}

std::string backup_suffix(const BackupPolicy& policy, const std::string& compression) {
  const std::string suffix = compression.empty() ? ".dump" : ".dump.zst";
  if (policy.encrypt.empty()) return suffix;
  const std::string program = std::filesystem::path(policy.encrypt.front()).filename().string();
  return suffix + (program == "age" || program == "gpg" ? "." + program : ".encrypted");
}

}  // namespace pgconvoy

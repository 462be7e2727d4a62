// Faults at the seams: every effect of the program is numbered, named in a log, and may be made to fail.
//
//   PGCONVOY_FAULTS      exit-before@7,refuse@9*   what happens at which effect; * means whenever it is tried again, too
//   PGCONVOY_FAULTS_LOG  a file: one line "NUMBER KIND WHAT" for each effect, written before it takes place
//
// exit-before, exit-after  the process ends (_exit, nothing is flushed) right before or after the effect
// exit-during              the same while a program that it started runs
// refuse                   the effect does not take place; its caller is told that it failed
// lose                     it takes place; its caller is told that the connection was lost and the outcome is unknown
//
// Effects are: journal commits, statements that change something, programs, calls of platforms and poolers that change
// something. Numbers go from 1 over all of them. Thread-safe: the journal is written on the pool.
#pragma once

#include <mutex>
#include <string>
#include <vector>

#include "cli/seams.hpp"
#include "engine/core/error.hpp"
#include "engine/core/task.hpp"

namespace pgconvoy::faults {

enum class Act { none, exit_before, exit_after, exit_during, refuse, lose };

struct Fault {
  Act act = Act::none;
  int at = 0;
  bool ever_after = false;
  std::string effect{};  // kind and text of effect `at`, once it was met
};

// Error usage for what is none.
Result<std::vector<Fault>> parse_faults(const std::string& text);

constexpr int kExitCode = 86;
[[noreturn]] void end_process();

class Faults {
 public:
  Faults(std::vector<Fault> planned, std::string log) : planned_(std::move(planned)), log_(std::move(log)) {}

  // Numbers and logs an effect that is about to take place, and says what shall happen to it.
  Act at(const std::string& kind, const std::string& what);

 private:
  std::mutex mutex_;
  std::vector<Fault> planned_;
  std::string log_;
  int count_ = 0;
};

Error refused(const std::string& what);
Error lost(const std::string& what);

// An effect that is a coroutine. `call` starts it.
template <class T, class Call>
Task<Result<T>> effect(Faults& faults, std::string kind, std::string what, Call call) {
  const Act act = faults.at(kind, what);
  if (act == Act::exit_before) end_process();
  if (act == Act::refuse) co_return refused(what);
  auto result = co_await call();
  if (act == Act::exit_after || act == Act::exit_during) end_process();
  if (act == Act::lose) co_return lost(what);
  co_return result;
}

// Does the SQL change anything? A lock that is taken counts: it is what makes another process refuse.
bool changes_something(const std::string& sql);

// Decorators for every seam. `faults` outlives what they make.
std::unique_ptr<SessionFactory> with_faults(Faults& faults, std::unique_ptr<SessionFactory> real);
std::unique_ptr<ProcessLauncher> with_faults(Faults& faults, std::unique_ptr<ProcessLauncher> real);
std::unique_ptr<AppController> with_faults(Faults& faults, std::unique_ptr<AppController> real);
std::unique_ptr<PoolerController> with_faults(Faults& faults, std::unique_ptr<PoolerController> real);
std::unique_ptr<Provisioner> with_faults(Faults& faults, std::unique_ptr<Provisioner> real);
std::unique_ptr<Journal> with_faults(Faults& faults, std::unique_ptr<Journal> real);

}  // namespace pgconvoy::faults

// Child processes: started in a process group of their own, ended with the whole group, and ended by the
// kernel when this process dies (PR_SET_PDEATHSIG). Only the loop's thread starts children, because that
// signal follows the thread that forked.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/core/bytes.hpp"
#include "engine/core/error.hpp"
#include "engine/core/secret.hpp"
#include "engine/core/task.hpp"

namespace pgconvoy {

struct ProcessSpec {
  std::vector<std::string> argv;                   // argv[0] is a path or a name looked up in PATH
  std::map<std::string, std::string> environment;  // added to ours, replacing what has the same name
  std::map<std::string, Secret> secrets;           // likewise; never printed. A name that ends with _FD: by a file, the variable holds its descriptor
  std::vector<std::string> without;                // names of variables of ours that the child doesn't get; what the two above give stays
  std::string input;                               // written to the child's stdin, then closed
  std::filesystem::path input_file;                // instead of `input`: the child's stdin, whatever its size
  std::filesystem::path output_file;               // the child's stdout; made with mode 0600, or emptied. Empty: it is kept
  std::filesystem::path directory;                 // empty: ours
  std::optional<Seconds> limit;                    // the group is killed after it (ErrorKind::timeout)
  std::function<void(int pid)> started;            // called once it runs, from the loop; may be empty
  std::string holder;                              // for whom it works, see end_for(); "": for nobody in particular
  std::size_t keep_output = 1 << 20;               // bytes kept of stdout and of stderr each (the tail)
};

struct ProcessResult {
  int exit_code = 0;  // 128 + signal when it was ended by one
  std::string output;
  std::string errors;
};

class ProcessLauncher {
 public:
  virtual ~ProcessLauncher() = default;

  // Runs the program to its end. An exit code other than 0 is a value, not an error; errors are: the program
  // can't be started, the limit ran out, we were told to stop. Not repeatable by itself: it depends on the program.
  virtual Task<Result<ProcessResult>> run(ProcessSpec spec) = 0;

  // SIGKILL to every child group still running; their run() calls end with ErrorKind::cancelled.
  virtual void kill_all() = 0;

  // SIGKILL to the groups of programs that work for `holder`, and none is started for it any more: run() ends with
  // ErrorKind::cancelled. For whoever has lost the right to what they do.
  virtual void end_for(const std::string& holder) = 0;
};

std::unique_ptr<ProcessLauncher> make_process_launcher();

// The last lines of a program's stderr, control characters removed, for an error message.
std::string last_lines(const std::string& text, std::size_t count = 3);

// Starts a program that outlives us (its own session, no PDEATHSIG), output appended to `log`. Returns its
// pid. For the `local` app controller only.
Result<int> start_detached(const std::vector<std::string>& argv, const std::filesystem::path& directory,
                           const std::filesystem::path& log, const std::map<std::string, std::string>& environment);

}  // namespace pgconvoy

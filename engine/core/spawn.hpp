// Starting a program by fork and exec: what process.cpp and detached.cpp share.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "engine/core/error.hpp"

namespace pgconvoy {

// A file descriptor that closes itself.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(other.release()) {}
  Descriptor& operator=(Descriptor&& other) noexcept;
  ~Descriptor() { reset(); }
  int get() const { return number_; }
  explicit operator bool() const { return number_ >= 0; }
  int release();
  void reset();

 private:
  int number_ = -1;
};

struct Pipe {
  Descriptor read, write;
};
Result<Pipe> make_pipe();

// Out of the way of the numbers that a program finds its descriptors under.
constexpr int kFirstMoved = 100;

// Everything that exec needs, allocated before the fork: between fork and exec only async-signal-safe calls
// are allowed, because other threads may have held any lock.
struct PreparedProgram {
  PreparedProgram(std::string path, std::vector<std::string> argv,
                  const std::map<std::string, std::string>& environment, std::filesystem::path directory,
                  const std::vector<std::string>& without);
  std::string path;
  std::vector<std::string> arguments, variables;
  std::string directory;
  std::vector<char*> argv, envp;  // end with a null pointer
  std::vector<int> inherited;     // descriptors, at least kFirstMoved, that the program finds as 3, 4, ...
};

// argv[0] looked up in PATH (the child's, when `environment` sets one); an error of kind not_found says where it
// looked. Of our own variables those in `without` are left out.
Result<PreparedProgram> prepare_program(const std::vector<std::string>& argv,
                                        const std::map<std::string, std::string>& environment,
                                        const std::filesystem::path& directory,
                                        const std::vector<std::string>& without = {});

// In the child only: default signals, stdin, stdout and stderr, directory, exec. Does not return; when it fails,
// the errno is written to `report` and the process ends with 127.
[[noreturn]] void exec_in_child(PreparedProgram& program, int in, int out, int err, int report);

// In the parent: 0 when exec succeeded (the pipe was closed by it), else the child's errno.
int read_exec_report(Pipe& report);

}  // namespace pgconvoy

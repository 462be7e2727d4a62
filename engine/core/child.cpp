#include "engine/core/child.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/buffer.hpp>

#include <cerrno>
#include <cstring>

#include "engine/core/printable.hpp"

namespace pgconvoy {
namespace {

constexpr Seconds kTermGrace{5};   // between SIGTERM and SIGKILL when the limit ran out
constexpr Seconds kDrainLimit{2};  // for output that descendants of an ended leader still hold open

auto ticks(Seconds duration) { return std::chrono::duration_cast<std::chrono::steady_clock::duration>(duration); }

// A file of the child's own: nothing of it goes through this process.
Result<Descriptor> redirection(const std::filesystem::path& path, int flags) {
  Descriptor file(::open(path.c_str(), flags | O_CLOEXEC | O_NOCTTY, 0600));
  if (!file) {
    const int code = errno;
    return Error(code == ENOENT ? ErrorKind::not_found : ErrorKind::io,
                 fmt::format("cannot {} {}: {}", (flags & O_CREAT) != 0 ? "write" : "read", path.string(), std::strerror(code)));
  }
  return file;
}

// The input as an anonymous file: no pipe to feed, no SIGPIPE when the child doesn't read it.
Result<Descriptor> input_file(const std::string& input) {
  if (input.empty()) return Descriptor(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  Descriptor file(::memfd_create("input", MFD_CLOEXEC));
  for (std::size_t done = 0; file && done < input.size();) {
    const auto count = ::write(file.get(), input.data() + done, input.size() - done);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return Error(ErrorKind::io, fmt::format("cannot keep a program's input: {}", std::strerror(errno)));
    done += static_cast<std::size_t>(count);
  }
  if (file) ::lseek(file.get(), 0, SEEK_SET);
  return file;
}

bool by_descriptor(const std::string& variable) { return variable.ends_with("_FD"); }

Result<Descriptor> secret_file(const std::string& content) {
  TRY(Descriptor file, input_file(content));
  Descriptor moved(::fcntl(file.get(), F_DUPFD_CLOEXEC, kFirstMoved));
  if (!moved) return Error(ErrorKind::io, fmt::format("cannot hand a secret over: {}", std::strerror(errno)));
  return moved;
}

std::string without(std::string text, const std::map<std::string, Secret>& secrets) {
  for (const auto& [name, secret] : secrets) {
    const auto& clear = secret.reveal();
    if (clear.empty()) continue;
    for (std::size_t at = 0; (at = text.find(clear, at)) != std::string::npos; at += 3)
      text.replace(at, clear.size(), "***");
  }
  return text;
}

}  // namespace

Child::Child(asio::any_io_executor executor, ProcessSpec spec)
    : spec_(std::move(spec)),
      ended_(executor),
      output_(executor),
      errors_(executor),
      limit_(executor),
      drain_(executor) {}

Child::~Child() {
  if (pid_ <= 0) return;
  signal_group(SIGKILL);
  reap();
}

Result<std::shared_ptr<Child>> Child::start(asio::any_io_executor executor, ProcessSpec spec) {
  auto environment = spec.environment;
  std::vector<Descriptor> secret_files;
  for (const auto& [name, secret] : spec.secrets) {
    environment[name] = secret.reveal();
    if (!by_descriptor(name)) continue;
    TRY(Descriptor file, secret_file(secret.reveal()));
    environment[name] = std::to_string(3 + secret_files.size());
    secret_files.push_back(std::move(file));
  }
  TRY(auto program, prepare_program(spec.argv, environment, spec.directory, spec.without));
  for (const Descriptor& file : secret_files) program.inherited.push_back(file.get());
  TRY(auto in, spec.input_file.empty() ? input_file(spec.input) : redirection(spec.input_file, O_RDONLY));
  spec.input.clear();
  Descriptor into;
  if (!spec.output_file.empty()) {
    TRY(into, redirection(spec.output_file, O_WRONLY | O_CREAT | O_TRUNC));
  }
  TRY(auto out, make_pipe());
  TRY(auto err, make_pipe());
  TRY(auto report, make_pipe());

  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid < 0) {
    Error error(ErrorKind::process, fmt::format("cannot start {}: {}", spec.argv[0], std::strerror(errno)));
    error.retryable = true;
    return error;
  }
  if (pid == 0) {
    ::setpgid(0, 0);
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(127);  // the parent died before the call
    exec_in_child(program, in.get(), into ? into.get() : out.write.get(), err.write.get(), report.write.get());
  }
  ::setpgid(pid, pid);  // whoever comes first: the group exists before we go on

  std::shared_ptr<Child> child(new Child(std::move(executor), std::move(spec)));
  child->pid_ = pid;
  if (const int code = read_exec_report(report); code != 0)
    return Error(code == ENOENT ? ErrorKind::not_found : ErrorKind::process,
                 fmt::format("cannot start {}: {}", child->spec_.argv[0], std::strerror(code)));
  const int pidfd = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
  if (pidfd < 0) return Error(ErrorKind::process, fmt::format("pidfd_open: {}", std::strerror(errno)));
  child->ended_.assign(pidfd);
  child->output_.descriptor.assign(out.read.release());
  child->errors_.descriptor.assign(err.read.release());
  return child;
}

void Child::watch(Finished finished) {
  auto shared = std::make_shared<Finished>(std::move(finished));
  finished_ = shared;
  auto self = shared_from_this();
  read(output_, shared);
  read(errors_, shared);
  ended_.async_wait(asio::posix::descriptor_base::wait_read, [self, shared](auto failure) {
    if (!failure) self->exited();
  });
  if (!spec_.limit) return;
  limit_.expires_after(ticks(*spec_.limit));
  limit_.async_wait([self](auto failure) {
    if (!failure) self->limit_reached();
  });
}

void Child::read(Stream& stream, std::shared_ptr<Finished> finished) {
  stream.descriptor.async_read_some(asio::buffer(stream.buffer),
                                    [self = shared_from_this(), &stream, finished](auto failure, std::size_t count) {
                                      if (failure) {
                                        stream.open = false;
                                        return self->settle();
                                      }
                                      stream.kept.append(stream.buffer.data(), count);
                                      if (stream.kept.size() > 2 * self->spec_.keep_output + stream.buffer.size())
                                        stream.kept = self->tail(stream);
                                      self->read(stream, finished);
                                    });
}

std::string Child::tail(Stream& stream) const {
  if (stream.kept.size() <= spec_.keep_output) return std::move(stream.kept);
  return stream.kept.substr(stream.kept.size() - spec_.keep_output);
}

void Child::limit_reached() {
  if (leader_ended_) return;
  if (late_) return signal_group(SIGKILL);
  late_ = true;
  signal_group(SIGTERM);
  limit_.expires_after(ticks(kTermGrace));
  limit_.async_wait([self = shared_from_this()](auto failure) {
    if (!failure) self->limit_reached();
  });
}

void Child::tell_started() const {
  if (spec_.started) spec_.started(pid_);
}

void Child::kill() {
  if (pid_ <= 0) return;
  killed_ = true;
  signal_group(SIGKILL);
}

void Child::exited() {
  leader_ended_ = true;
  limit_.cancel();
  drain_.expires_after(ticks(killed_ || late_ ? Seconds(0) : kDrainLimit));
  drain_.async_wait([self = shared_from_this()](auto failure) {
    if (failure) return;
    self->output_.descriptor.cancel();
    self->errors_.descriptor.cancel();
  });
  settle();
}

void Child::settle() {
  auto shared = finished_.lock();
  if (!leader_ended_ || output_.open || errors_.open || !shared || !*shared) return;
  drain_.cancel();
  // The leader is still a zombie, so its number can't belong to another group yet: what it left behind goes too.
  signal_group(SIGKILL);
  const int status = reap();
  ProcessResult result;
  result.exit_code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  result.output = tail(output_);
  result.errors = without(tail(errors_), spec_.secrets);
  const Finished finished = std::exchange(*shared, nullptr);
  const auto& name = spec_.argv[0];
  if (killed_) return finished(Error(ErrorKind::cancelled, fmt::format("{} was stopped by us", name)));
  if (late_) {
    Error error(ErrorKind::timeout, fmt::format("{} did not end within {}", name, format_duration(*spec_.limit)));
    if (auto lines = last_lines(result.errors); !lines.empty()) error.message += ": " + lines;
    error.outcome_unknown = true;
    return finished(std::move(error));
  }
  finished(std::move(result));
}

void Child::signal_group(int signal) {
  if (pid_ > 0) ::kill(-pid_, signal);
}

int Child::reap() {
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
  return status;
}

}  // namespace pgconvoy

// Ending an application: signals go through pidfds, which never lead to another process than the one that was looked
// at.
#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cerrno>
#include <cstring>

#include "engine/core/spawn.hpp"
#include "engine/platform/local_process.hpp"

namespace pgconvoy {
namespace {

constexpr Seconds kAfterKill{5};

struct OpenedProcess {
  pid_t pid = 0;
  Descriptor handle;
};

// OpenedProcess first and looked at afterwards: what was found then can't have been replaced by a recycled pid.
Result<std::vector<OpenedProcess>> open_first(const ControllerSpec& spec) {
  std::vector<OpenedProcess> opened;
  TRY(const auto before, find_application(spec));
  if (!before) return opened;
  Descriptor handle(static_cast<int>(::syscall(SYS_pidfd_open, *before, 0)));
  if (!handle && errno != ESRCH)
    return Error(ErrorKind::process, fmt::format("process {} can't be watched: {}", *before, std::strerror(errno)));
  TRY(const auto after, find_application(spec));
  if (handle && after == before) opened.push_back({*before, std::move(handle)});
  return opened;
}

std::vector<OpenedProcess> open_family(const ControllerSpec& spec, pid_t leader) {
  std::vector<OpenedProcess> opened;
  for (const pid_t pid : find_family(spec, leader)) {
    Descriptor handle(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
    if (handle) opened.push_back({pid, std::move(handle)});
  }
  // Those that are still members now are the processes that were opened.
  const auto still = find_family(spec, leader);
  std::erase_if(
      opened, [&](const OpenedProcess& one) { return std::find(still.begin(), still.end(), one.pid) == still.end(); });
  return opened;
}

Result<void> send_signal(const OpenedProcess& process, int signal) {
  if (::syscall(SYS_pidfd_send_signal, process.handle.get(), signal, nullptr, 0) == 0 || errno == ESRCH) return {};
  return Error(ErrorKind::process, fmt::format("process {} can't be signalled: {}", process.pid, std::strerror(errno)),
               "run pgconvoy as root or as the application's user");
}

// A pidfd becomes readable when its process has ended. True: it has, before `until`.
Task<bool> wait_for_end(int handle, SteadyTime until) {
  const auto executor = co_await asio::this_coro::executor;
  // Shared, because the timer's handler may be on its way when this function is left.
  auto watched = std::make_shared<asio::posix::stream_descriptor>(executor, ::fcntl(handle, F_DUPFD_CLOEXEC, 0));
  asio::steady_timer timer(executor);
  timer.expires_at(until);
  timer.async_wait([watched](boost::system::error_code code) {
    if (!code) watched->cancel();
  });
  boost::system::error_code code;
  co_await watched->async_wait(asio::posix::stream_descriptor::wait_read,
                               asio::redirect_error(asio::use_awaitable, code));
  timer.cancel();
  co_return !code;
}

Task<Result<void>> end_processes(std::vector<OpenedProcess> processes, Seconds grace) {
  std::vector<OpenedProcess>& all = processes;
  for (const int signal : {SIGTERM, SIGKILL}) {
    const Seconds patience = signal == SIGTERM ? grace : kAfterKill;
    const SteadyTime until =
        std::chrono::steady_clock::now() + std::chrono::duration_cast<SteadyTime::duration>(patience);
    for (const OpenedProcess& process : all) {
      CO_TRY_VOID(send_signal(process, signal));
      // One that is stopped (SIGSTOP) would not see SIGTERM.
      if (signal == SIGTERM) CO_TRY_VOID(send_signal(process, SIGCONT));
    }
    std::vector<OpenedProcess> left;
    for (OpenedProcess& process : all) {
      const bool ended = co_await wait_for_end(process.handle.get(), until);
      if (!ended) left.push_back(std::move(process));
    }
    all = std::move(left);
    if (all.empty()) co_return Result<void>();
  }
  co_return Error(ErrorKind::timeout, fmt::format("process {} doesn't end, not even by SIGKILL", all.front().pid),
                  "it hangs in the kernel, often on a disk or network file system that doesn't answer");
}

}  // namespace

Task<Result<void>> end_application(asio::thread_pool& pool, ControllerSpec spec, Seconds grace) {
  auto look = [&spec] { return open_first(spec); };
  CO_TRY(auto first, co_await run_blocking(pool, look));
  // A leader's children have its pid as their session as long as one of them lives.
  const pid_t leader = first.empty() ? 0 : first.front().pid;
  CO_TRY_VOID(co_await end_processes(std::move(first), grace));
  for (int round = 0; round < 3; ++round) {
    auto rest = [&spec, leader]() -> std::vector<OpenedProcess> { return open_family(spec, leader); };
    auto family = co_await run_blocking(pool, rest);
    if (family.empty()) co_return Result<void>();
    CO_TRY_VOID(co_await end_processes(std::move(family), grace));
  }
  co_return Error(ErrorKind::timeout, "the application starts new processes as fast as they are ended",
                  "stop what restarts it, such as a supervisor");
}

}  // namespace pgconvoy

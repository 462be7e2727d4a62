#include "engine/platform/epoch_guard.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>

#include <cerrno>
#include <cstring>

#include "engine/core/json.hpp"
#include "engine/platform/atomic_file.hpp"

namespace pgconvoy {
namespace {

constexpr const char* kEpochFile = ".pgconvoy-epoch";

struct HeldEpoch {
  std::string run;
  int epoch = 0;
};

Result<HeldEpoch> read_epoch(const std::filesystem::path& path) {
  auto text = read_file(path);
  if (!text) {
    if (text.error().kind == ErrorKind::not_found) return HeldEpoch{};
    return text.error();
  }
  const json value = json::parse(*text, nullptr, false);
  if (!value.is_object() || !value.contains("run") || !value["run"].is_string() || !value.contains("epoch") ||
      !value["epoch"].is_number_integer())
    return Error(ErrorKind::corrupt, fmt::format("{} can't be read", path.string()),
                 "make sure that no other pgconvoy works on this application, then remove that file");
  return HeldEpoch{value["run"].get<std::string>(), value["epoch"].get<int>()};
}

}  // namespace

Result<EpochGuard> EpochGuard::take(const CallIdentity& who, const std::filesystem::path& directory) {
  Descriptor lock(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!lock)
    return Error(
        errno == ENOENT || errno == ENOTDIR ? ErrorKind::not_found : ErrorKind::io,
        fmt::format("the application's directory {} can't be opened: {}", directory.string(), std::strerror(errno)),
        "correct `directory` in the fleet file, or put the application there");
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    Error error(ErrorKind::conflict,
                fmt::format("another pgconvoy is changing the application in {}", directory.string()),
                "wait until it has finished");
    error.retryable = true;
    return error;
  }
  const auto path = directory / kEpochFile;
  TRY(const HeldEpoch held, read_epoch(path));
  if (held.run == who.run && held.epoch > who.epoch)
    return Error(
        ErrorKind::conflict,
        fmt::format(
            "the application in {} was taken over: epoch {} of run {} was here, this is epoch {}; nothing was changed",
            directory.string(), held.epoch, who.run, who.epoch),
        "leave the target to the process that took it over");
  if (held.run != who.run || held.epoch != who.epoch) {
    const json value = {{"run", who.run}, {"epoch", who.epoch}};
    TRY_VOID(replace_file(path, value.dump() + "\n", 0644));
  }
  return EpochGuard(std::move(lock));
}

Task<Result<EpochGuard>> take_epoch_guard(asio::thread_pool& pool, CallIdentity who, std::filesystem::path directory,
                                          Seconds patience) {
  const SteadyTime until =
      std::chrono::steady_clock::now() + std::chrono::duration_cast<SteadyTime::duration>(patience);
  for (;;) {
    auto attempt = [&who, &directory] { return EpochGuard::take(who, directory); };
    auto guard = co_await run_blocking(pool, attempt);
    if (guard || !guard.error().retryable || std::chrono::steady_clock::now() >= until) co_return guard;
    co_await sleep_for(Seconds(0.02));
  }
}

}  // namespace pgconvoy

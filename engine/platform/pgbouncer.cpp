#include "engine/platform/pgbouncer.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "engine/core/spawn.hpp"
#include "engine/platform/atomic_file.hpp"
#include "engine/platform/epoch_guard.hpp"
#include "engine/platform/pgbouncer_console.hpp"
#include "engine/platform/pgbouncer_file.hpp"

namespace pgconvoy {
namespace {

namespace fs = std::filesystem;

constexpr Seconds kPoolerPatience{30};  // for another pgconvoy at the same alias or file
constexpr Seconds kSettle{5};           // for pgbouncer to close what is no longer in use

Error pooler_failed(const Pooler& pooler, const std::string& alias, const char* attempt, Error error) {
  return std::move(error).within(fmt::format("pooler {}: can't {} alias \"{}\"", pooler.id, attempt, alias));
}

std::string told(const PoolerPlace& place) {
  return fmt::format("{}:{}/{}", place.host.empty() ? "local" : place.host, place.port, place.database);
}

fs::path real_file(const Pooler& pooler) {
  std::error_code code;
  fs::path real = fs::weakly_canonical(pooler.config_file, code);
  return code ? fs::path(pooler.config_file) : real;
}

// Beside the file: whoever may replace that may make this too.
fs::path guards_of(const Pooler& pooler) {
  const fs::path file = real_file(pooler);
  return file.parent_path() / ("." + file.filename().string() + ".pgconvoy");
}

// An alias may be any text, a folder's name may not.
std::string folder_name(const std::string& alias) {
  std::string name;
  for (const unsigned char character : alias)
    name += std::isalnum(character) || character == '_' || character == '-' ? std::string(1, static_cast<char>(character))
                                                                            : fmt::format("%{:02X}", character);
  return name;
}

Result<fs::path> make_guard_folder(const Pooler& pooler, const std::string& alias) {
  const fs::path folder = guards_of(pooler) / folder_name(alias);
  std::error_code code;
  fs::create_directories(folder, code);
  if (code)
    return Error(ErrorKind::io, fmt::format("can't make {}: {}", folder.string(), code.message()), "run pgconvoy as a user who may");
  return folder;
}

// While it lives, nobody else of us rewrites the file. Released with the descriptor.
Result<Descriptor> lock_pooler_file(const Pooler& pooler) {
  const fs::path folder = guards_of(pooler);
  Descriptor lock(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!lock) return Error(ErrorKind::io, fmt::format("can't open {}: {}", folder.string(), std::strerror(errno)));
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) == 0) return lock;
  Error busy(ErrorKind::conflict, fmt::format("another pgconvoy is changing {}", pooler.config_file), "wait until it has finished");
  busy.retryable = true;
  return busy;
}

Result<PgbouncerFile> load_pooler_file(const Pooler& pooler) {
  TRY(std::string text, read_file(pooler.config_file));
  return PgbouncerFile(std::move(text));
}

// What would be in the way of replacing it; "" when nothing is.
std::string why_not_writable(const Pooler& pooler) {
  const fs::path file = real_file(pooler);
  if (::access(file.parent_path().c_str(), W_OK | X_OK) != 0)
    return fmt::format("the folder of {} can't be written to: {}", file.string(), std::strerror(errno));
  if (::access(file.c_str(), R_OK | W_OK) != 0) return fmt::format("{} can't be written: {}", file.string(), std::strerror(errno));
  return "";
}

Result<void> point_in_file(const Pooler& pooler, const std::string& alias, const PoolerPlace& place) {
  TRY(PgbouncerFile file, load_pooler_file(pooler));
  const std::string before = file.text();
  TRY_VOID(file.repoint(alias, place));
  if (file.text() == before) return {};
  return replace_file(pooler.config_file, file.text(), 07777);
}

class PgbouncerController final : public PoolerController {
 public:
  PgbouncerController(asio::thread_pool& pool, SessionFactory& sessions, Credentials& credentials)
      : pool_(pool), sessions_(sessions), credentials_(credentials) {}

  Task<Result<PoolerFacts>> inspect(Pooler pooler, std::string alias) override {
    PoolerFacts facts;
    facts.pooler = pooler.id;
    facts.kind = pooler.kind;
    facts.alias = alias;
    if (auto said = parse_connection(pooler.id, pooler.url)) facts.address = said->address();
    CO_TRY(auto console, co_await PgbouncerConsole::open(sessions_, credentials_, pooler));
    CO_TRY(const PgbouncerAlias seen, co_await console->look(alias));
    auto read = [&pooler, &alias]() -> Result<PoolerPlace> {
      auto file = load_pooler_file(pooler);
      if (!file) return Error(ErrorKind::io, file.error().message, "correct config_file in the fleet file");
      if (std::string wrong = why_not_writable(pooler); !wrong.empty())
        return Error(ErrorKind::io, std::move(wrong), "run pgconvoy as a user who may");
      return file->place(alias);
    };
    auto own = co_await run_blocking(pool_, read);
    facts.paused = seen.paused;
    facts.pool_mode = seen.pool_mode;
    // A name that only `*` stands for appears in SHOW DATABASES once somebody has used it.
    facts.known = seen.known && own.has_value();
    if (!own && own.error().kind != ErrorKind::not_found)
      facts.unreadable_because = describe(own.error());
    else if (facts.known && *own != seen.place)
      facts.unreadable_because = fmt::format("{} says that alias \"{}\" leads to {}, the pooler itself leads it to {}", pooler.config_file,
                                             alias, told(*own), told(seen.place));
    else if (own && !seen.known)
      facts.unreadable_because =
          fmt::format("{} has alias \"{}\", the pooler itself doesn't: it wasn't reloaded, or reads another file", pooler.config_file, alias);
    else if (!PgbouncerConsole::can_name(alias))
      facts.unreadable_because = fmt::format("alias \"{}\" is too long for pgbouncer's console, which couldn't pause it", alias);
    if (facts.known) {
      facts.leads_to = fmt::format("{}:{}", seen.place.host.empty() ? "local" : seen.place.host, seen.place.port);
      facts.database = seen.place.database;
    }
    co_return facts;
  }

  Task<Result<PoolerPlace>> place(Pooler pooler, std::string alias) override {
    auto read = [&pooler, &alias]() -> Result<PoolerPlace> {
      TRY(const PgbouncerFile file, load_pooler_file(pooler));
      return file.place(alias);
    };
    auto place = co_await run_blocking(pool_, read);
    if (!place) co_return pooler_failed(pooler, alias, "find", std::move(place).error().within(pooler.config_file));
    co_return place;
  }

  Task<Result<void>> pause(CallIdentity who, Pooler pooler, std::string alias, Seconds drain) override {
    auto guard = co_await guard_alias(who, pooler, alias);
    if (!guard) co_return pooler_failed(pooler, alias, "pause", std::move(guard).error());
    auto paused = co_await pause_and_drain(pooler, alias, drain);
    if (!paused) co_return pooler_failed(pooler, alias, "pause", std::move(paused).error());
    co_return Result<void>();
  }

  Task<Result<void>> repoint(CallIdentity who, Pooler pooler, std::string alias, PoolerPlace place) override {
    auto guard = co_await guard_alias(who, pooler, alias);
    if (!guard) co_return pooler_failed(pooler, alias, "repoint", std::move(guard).error());
    auto led = co_await lead(pooler, alias, place);
    if (!led) co_return pooler_failed(pooler, alias, "repoint", std::move(led).error());
    co_return Result<void>();
  }

  Task<Result<void>> resume(CallIdentity who, Pooler pooler, std::string alias) override {
    auto guard = co_await guard_alias(who, pooler, alias);
    if (!guard) co_return pooler_failed(pooler, alias, "resume", std::move(guard).error());
    auto resumed = co_await let_go(pooler, alias);
    if (!resumed) co_return pooler_failed(pooler, alias, "resume", std::move(resumed).error());
    co_return Result<void>();
  }

 private:
  using Console = std::unique_ptr<PgbouncerConsole>;

  Task<Result<EpochGuard>> guard_alias(CallIdentity who, Pooler pooler, std::string alias) {
    auto make = [&pooler, &alias] { return make_guard_folder(pooler, alias); };
    CO_TRY(fs::path folder, co_await run_blocking(pool_, make));
    co_return co_await take_epoch_guard(pool_, std::move(who), std::move(folder), kPoolerPatience);
  }

  // Returns when nothing of the alias is at the server any more, or with a timeout.
  static Task<Result<void>> until_unused(PgbouncerConsole& console, std::string alias, Seconds limit) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::duration_cast<std::chrono::steady_clock::duration>(limit);
    for (Seconds wait{0.01};; wait = std::min(wait * 2, Seconds(0.2))) {
      CO_TRY(const int used, co_await console.in_use(alias));
      if (used == 0) co_return Result<void>();
      if (std::chrono::steady_clock::now() >= deadline)
        co_return Error(ErrorKind::timeout, fmt::format("{} connections to the server are still in use after {}", used, format_duration(limit)),
                        "SHOW SERVERS in the pooler's console says whose they are; end them, then pgconvoy retry");
      co_await sleep_for(wait);
    }
  }

  // PAUSE holds clients back at once, but answers only when the pooler has no paused alias in use, those of others
  // included: what is asked for is looked at in a second session, and the answer isn't waited for any longer.
  Task<Result<void>> pause_and_drain(Pooler pooler, std::string alias, Seconds drain) {
    using namespace asio::experimental::awaitable_operators;
    CO_TRY(Console watching, co_await PgbouncerConsole::open(sessions_, credentials_, pooler));
    CO_TRY(PgbouncerAlias now, co_await watching->look(alias));
    if (!now.known)
      co_return Error(ErrorKind::not_found, "the pooler doesn't have it",
                      fmt::format("add it to [databases] in {} and RELOAD the pooler, or correct the binding's poolers in the fleet file", pooler.config_file));
    if (!now.paused) {
      CO_TRY(Console pausing, co_await PgbouncerConsole::open(sessions_, credentials_, pooler));
      auto first = co_await (pausing->command("PAUSE", alias) || until_paused(pooler, alias));
      const Result<void>& done = first.index() == 0 ? std::get<0>(first) : std::get<1>(first);
      if (!done) co_return done.error();
    }
    auto unused = co_await until_unused(*watching, alias, drain);
    if (!unused && unused.error().kind != ErrorKind::timeout) co_return unused;
    if (!unused) {
      // What is left had its time. The alias stays paused; clients connect again and wait.
      CO_TRY_VOID(co_await watching->command("KILL", alias));
      CO_TRY_VOID(co_await until_unused(*watching, alias, kSettle));
    }
    CO_TRY(now, co_await watching->look(alias));
    if (!now.paused)
      co_return Error(ErrorKind::conflict, "somebody resumed it at the same time",
                      "see that nothing else sends RESUME to the pooler while a run is at work, then pgconvoy retry");
    co_return Result<void>();
  }

  // In a session of its own: whichever ends second is cancelled, and its session with it.
  Task<Result<void>> until_paused(Pooler pooler, std::string alias) {
    CO_TRY(Console console, co_await PgbouncerConsole::open(sessions_, credentials_, pooler));
    for (Seconds wait{0.01};; wait = std::min(wait * 2, Seconds(0.2))) {
      CO_TRY(const PgbouncerAlias now, co_await console->look(alias));
      if (now.paused) co_return Result<void>();
      co_await sleep_for(wait);
    }
  }

  Task<Result<void>> lead(Pooler pooler, std::string alias, PoolerPlace place) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::duration_cast<std::chrono::steady_clock::duration>(kPoolerPatience);
    auto try_lock = [&pooler] { return lock_pooler_file(pooler); };
    auto lock = co_await run_blocking(pool_, try_lock);
    while (!lock && lock.error().retryable && std::chrono::steady_clock::now() < deadline) {
      co_await sleep_for(Seconds(0.02));
      lock = co_await run_blocking(pool_, try_lock);
    }
    if (!lock) co_return std::move(lock).error();
    auto change = [&pooler, &alias, &place] { return point_in_file(pooler, alias, place); };
    auto changed = co_await run_blocking(pool_, change);
    if (!changed) co_return std::move(changed).error();
    CO_TRY(Console console, co_await PgbouncerConsole::open(sessions_, credentials_, pooler));
    CO_TRY_VOID(co_await console->reload());
    CO_TRY(const PgbouncerAlias now, co_await console->look(alias));
    if (now.known && now.place == place) co_return Result<void>();
    co_return Error(ErrorKind::refused,
                    fmt::format("{} leads it to {}, but after RELOAD the pooler {}", pooler.config_file, told(place),
                                now.known ? "leads it to " + told(now.place) : std::string("doesn't know it")),
                    "its log says why; correct its configuration and reload it");
  }

  Task<Result<void>> let_go(Pooler pooler, std::string alias) {
    CO_TRY(Console console, co_await PgbouncerConsole::open(sessions_, credentials_, pooler));
    CO_TRY(PgbouncerAlias now, co_await console->look(alias));
    if (!now.known || !now.paused) co_return Result<void>();
    auto resumed = co_await console->command("RESUME", alias);
    if (resumed) co_return resumed;
    CO_TRY(now, co_await console->look(alias));
    if (!now.paused) co_return Result<void>();  // somebody was quicker
    co_return resumed;
  }

  asio::thread_pool& pool_;
  SessionFactory& sessions_;
  Credentials& credentials_;
};

}  // namespace

std::unique_ptr<PoolerController> make_pgbouncer_controller(asio::thread_pool& pool, SessionFactory& sessions, Credentials& credentials) {
  return std::make_unique<PgbouncerController>(pool, sessions, credentials);
}

}  // namespace pgconvoy

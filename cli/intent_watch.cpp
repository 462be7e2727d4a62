#include "cli/intent_watch.hpp"

#include <sys/inotify.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>

#include <array>

#include "engine/journal/postgres_address.hpp"
#include "engine/journal/shared_journal.hpp"

namespace pgconvoy::cli {
namespace {

constexpr auto kTogether = std::chrono::milliseconds(100);  // a burst of writes is looked at once
constexpr auto kAnyway = std::chrono::seconds(5);
// What came between the look at the run's record and its start is among the last events before it.
constexpr std::int64_t kBeforeStart = 20;

bool is_word(EventKind kind) {
  return kind == EventKind::wave_approved || kind == EventKind::limits_set || kind == EventKind::target_asked || kind == EventKind::run_intent ||
         kind == EventKind::owner_notice;
}

std::string file_of(const std::string& uri) { return uri.starts_with("sqlite:") ? uri.substr(7) : uri; }

}  // namespace

JournaledIntent intent_in(const Event& event) {
  JournaledIntent found;
  found.intent = run_intent_from_string(event.data.value("intent", "none"));
  found.mode = event.data.value("mode", "leave") == "rollback" ? CancelMode::rollback : CancelMode::leave;
  found.by = event.data.value("by", "");
  return found;
}

Result<JournaledIntent> last_intent(Journal& journal, std::int64_t run) {
  JournaledIntent last;
  TRY_VOID(journal.events(run, 0, [&](const Event& event) {
    if (event.kind == EventKind::run_intent) last = intent_in(event);
    return true;
  }));
  return last;
}

struct IntentWatch::Impl : std::enable_shared_from_this<IntentWatch::Impl> {
  Impl(asio::io_context& loop_, asio::thread_pool& pool_, Journal& journal_)
      : loop(loop_), pool(pool_), journal(journal_), inotify(loop_), soon(loop_), anyway(loop_), looked(loop_) {}

  asio::io_context& loop;
  asio::thread_pool& pool;
  Journal& journal;
  std::string file;
  std::int64_t run = 0;
  std::function<void(const JournaledIntent&)> changed;
  std::function<void(const Event&, bool)> heard;

  asio::posix::stream_descriptor inotify;
  asio::steady_timer soon, anyway, looked;
  std::array<char, 4096> buffer{};
  std::int64_t seen = 0;  // every event up to this one is known; 0: not yet
  bool waits = false, looking = false, finished = false, looked_once = false;

  void start() {
    const int descriptor = is_postgres_journal(file) ? -1 : inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (descriptor >= 0) {
      inotify.assign(descriptor);
      // Two watches of one inode would be one; the main file is written when the log is taken over into it.
      inotify_add_watch(descriptor, (file + "-wal").c_str(), IN_MODIFY);
      inotify_add_watch(descriptor, file.c_str(), IN_MODIFY);
      read();
    }
    tick();
    look_soon();
  }

  void read() {
    inotify.async_read_some(asio::buffer(buffer), [self = shared_from_this()](boost::system::error_code failure, std::size_t) {
      if (failure || self->finished) return;
      self->look_soon();
      self->read();
    });
  }

  void tick() {
    anyway.expires_after(kAnyway);
    anyway.async_wait([self = shared_from_this()](boost::system::error_code failure) {
      if (failure || self->finished) return;
      self->look_soon();
      self->tick();
    });
  }

  void look_soon() {
    if (waits || finished) return;
    waits = true;
    soon.expires_after(kTogether);
    soon.async_wait([self = shared_from_this()](boost::system::error_code failure) {
      self->waits = false;
      if (failure || self->finished) return;
      if (self->looking) return self->look_soon();
      self->looking = true;
      asio::co_spawn(self->loop, look(self), [self](std::exception_ptr) {
        self->looking = false;
        self->looked.cancel();
      });
    });
  }

  // An error is the writer's to meet: here nothing depends on it.
  static Task<void> look(std::shared_ptr<Impl> self) {
    const std::int64_t after = self->seen;
    std::int64_t last = after;
    std::vector<JournaledIntent> found;
    std::vector<Event> words;
    bool tells = true;
    const auto look_into_it = [&]() -> Result<void> {
      const auto visit = [&](const Event& event) {
        last = event.sequence;
        if (event.kind == EventKind::run_intent) found.push_back(intent_in(event));
        if (is_word(event.kind)) words.push_back(event);
        return true;
      };
      SharedJournal* const in_common = shared(self->journal);
      if (in_common == nullptr) return self->journal.events(self->run, after, visit);
      // Those of all other processes' targets would come along.
      TRY_VOID(self->journal.own_events(self->run, after, visit));
      if (words.empty()) return {};
      TRY(tells, in_common->is_eldest(self->run));
      return {};
    };
    auto read = co_await run_blocking(self->pool, look_into_it);
    self->seen = std::max(self->seen, last);
    if (!read) co_return;
    // Of what was said before the start only the last word counts.
    if (!self->looked_once && found.size() > 1) found.erase(found.begin(), found.end() - 1);
    self->looked_once = true;
    for (const JournaledIntent& intent : found)
      if (!self->finished) self->changed(intent);
    for (const Event& word : words)
      if (!self->finished && self->heard) self->heard(word, tells);
  }
};

IntentWatch::IntentWatch(asio::io_context& loop, asio::thread_pool& pool, Journal& journal, std::string journal_uri, std::int64_t run,
                         std::function<void(const JournaledIntent&)> changed, std::function<void(const Event&, bool)> heard)
    : impl_(std::make_shared<Impl>(loop, pool, journal)) {
  impl_->file = file_of(journal_uri);
  impl_->run = run;
  impl_->changed = std::move(changed);
  impl_->heard = std::move(heard);
}

IntentWatch::~IntentWatch() = default;

void IntentWatch::journaled(const Event& event) {
  Impl& impl = *impl_;
  if (impl.finished) return;
  if (impl.seen == 0) {
    impl.seen = std::max<std::int64_t>(1, event.sequence - kBeforeStart);
    impl.start();
  } else if (event.sequence == impl.seen + 1) {
    impl.seen = event.sequence;
  }
}

void IntentWatch::begin(std::int64_t seen) {
  impl_->seen = std::max<std::int64_t>(1, seen);
  impl_->start();
}

void IntentWatch::poke() {
  if (impl_->seen != 0 && !impl_->finished) impl_->look_soon();
}

Task<Result<void>> IntentWatch::finish() {
  impl_->finished = true;
  boost::system::error_code ignored;
  impl_->soon.cancel();
  impl_->anyway.cancel();
  if (impl_->inotify.is_open()) impl_->inotify.close(ignored);
  while (impl_->looking) {
    impl_->looked.expires_at(asio::steady_timer::time_point::max());
    co_await impl_->looked.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
  co_return Result<void>();
}

}  // namespace pgconvoy::cli

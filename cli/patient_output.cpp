#include "cli/patient_output.hpp"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

namespace pgconvoy::cli {
namespace {

class Waiting {
 public:
  Waiting() {
    // Signals are the loop's.
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    writer_ = std::thread([this] { write(); });
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
  }
  ~Waiting() {
    {
      const std::scoped_lock lock(mutex_);
      over_ = true;
    }
    changed_.notify_all();
    writer_.join();
  }

  void add(int file, std::string_view text) {
    {
      const std::scoped_lock lock(mutex_);
      if (bytes_ + text.size() > PatientOutput::kMostWaiting) {
        left_out_ = true;
        return;
      }
      if (std::exchange(left_out_, false)) texts_.emplace_back(file, "... (left out: nobody read it)\n");
      texts_.emplace_back(file, text);
      bytes_ += text.size();
    }
    changed_.notify_all();
  }

  void wait_until_written(Seconds at_most) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, at_most, [this] { return texts_.empty() && !writing_; });
  }

 private:
  void write() {
    std::unique_lock lock(mutex_);
    for (;;) {
      changed_.wait(lock, [this] { return over_ || !texts_.empty(); });
      if (texts_.empty()) return;
      const auto [file, text] = std::move(texts_.front());
      texts_.pop_front();
      writing_ = true;
      lock.unlock();
      write_now(file, text);
      lock.lock();
      writing_ = false;
      bytes_ -= std::min(bytes_, text.size());
      changed_.notify_all();
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::pair<int, std::string>> texts_;
  std::size_t bytes_ = 0;
  bool over_ = false, writing_ = false, left_out_ = false;
  std::thread writer_;
};

// Only the main thread makes it, uses it and ends it.
std::unique_ptr<Waiting>& waiting() {
  static std::unique_ptr<Waiting> only;
  return only;
}

}  // namespace

PatientOutput::PatientOutput() { waiting() = std::make_unique<Waiting>(); }
PatientOutput::~PatientOutput() { waiting().reset(); }

void PatientOutput::flush(Seconds at_most) {
  if (waiting()) waiting()->wait_until_written(at_most);
}

bool PatientOutput::take(int file, std::string_view text) {
  if (!waiting()) return false;
  waiting()->add(file, text);
  return true;
}

void write_now(int file, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(file, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

}  // namespace pgconvoy::cli

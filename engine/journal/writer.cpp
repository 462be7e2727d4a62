#include "engine/journal/writer.hpp"

#include <fmt/format.h>

#include <future>
#include <iterator>
#include <optional>
#include <utility>

namespace pgconvoy {
namespace {

// What one coroutine handed in. Owned by the queue or the batch; read by the coroutine when it goes on.
struct Submission {
  std::vector<Event> events;
  Result<void> result;
  std::function<void()> resume;
};
using Batch = std::vector<std::shared_ptr<Submission>>;

// After these nothing was written and the next write may well succeed: they concern one submission only.
bool concerns_one_submission(const Error& error) {
  return error.kind == ErrorKind::conflict || error.kind == ErrorKind::usage;
}

// On the pool. All together if possible, else each alone. Returns the error that ends the writer, if there is one.
std::optional<Error> write(Journal& journal, const Batch& batch) {
  std::vector<Event> all;
  for (const auto& submission : batch)
    all.insert(all.end(), std::make_move_iterator(submission->events.begin()), std::make_move_iterator(submission->events.end()));
  auto written = journal.append(all);
  auto event = std::make_move_iterator(all.begin());
  for (const auto& submission : batch)
    for (Event& own : submission->events) own = *event++;
  if (written) return std::nullopt;
  if (!concerns_one_submission(written.error())) return written.error();
  if (batch.size() == 1) {
    batch.front()->result = written;
    return std::nullopt;
  }
  for (const auto& submission : batch) {
    submission->result = journal.append(submission->events);
    if (!submission->result && !concerns_one_submission(submission->result.error())) return submission->result.error();
  }
  return std::nullopt;
}

// An exception is a bug; on the pool's thread it would end the process without a word.
std::optional<Error> write_or_fail(Journal& journal, const Batch& batch) {
  try {
    return write(journal, batch);
  } catch (const std::exception& bug) {
    return Error(ErrorKind::internal, fmt::format("a bug in the journal: {}", bug.what()));
  }
}

}  // namespace

// Everything but write() runs on the loop's thread.
struct JournalWriter::Impl : std::enable_shared_from_this<JournalWriter::Impl> {
  Impl(Journal& journal, asio::thread_pool& pool, std::function<void(const Event&)> listener)
      : journal(journal), pool(pool), listener(std::move(listener)) {}

  Journal& journal;
  asio::thread_pool& pool;
  std::function<void(const Event&)> listener;
  Batch waiting;
  Batch in_flight;
  std::future<void> written;  // ready when the pool no longer touches the journal for the batch in flight
  std::optional<Error> failure;

  void write_what_waits(asio::any_io_executor executor) {
    if (!in_flight.empty() || waiting.empty()) return;
    in_flight.swap(waiting);
    // A pool that is stopped drops the job, and with it the promise, which makes the future ready too.
    auto promise = std::make_shared<std::promise<void>>();
    written = promise->get_future();
    asio::post(pool, [promise = std::move(promise), batch = in_flight, &journal = journal, executor,
                      weak = weak_from_this()]() mutable {
      auto problem = write_or_fail(journal, batch);
      promise->set_value();
      asio::post(executor, [batch = std::move(batch), problem = std::move(problem), executor, weak = std::move(weak)] {
        if (auto self = weak.lock()) self->settle(batch, problem, executor);
      });
    });
  }

  void settle(const Batch& batch, const std::optional<Error>& problem, const asio::any_io_executor& executor) {
    in_flight.clear();
    if (problem) refuse_from_now_on(*problem, batch, executor);
    for (const auto& submission : batch)
      if (submission->result)
        for (const Event& event : submission->events) listener(event);
    for (const auto& submission : batch) go_on(submission, executor);
    write_what_waits(executor);
  }

  // The first batch may be written in part (each alone): those whose own result is good stay good.
  void refuse_from_now_on(const Error& problem, const Batch& batch, const asio::any_io_executor& executor) {
    failure = problem;
    failure->message = "nothing can be journaled any more, so nothing goes on: " + failure->message;
    failure->retryable = false;
    for (const auto& submission : batch) {
      const bool durable = submission->result && !submission->events.empty() && submission->events.front().sequence > 0;
      if (!durable) submission->result = *failure;
    }
    for (const auto& submission : waiting) {
      submission->result = never_written();
      go_on(submission, executor);
    }
    waiting.clear();
  }

  // For what was never handed to the journal.
  Error never_written() const {
    Error refused = *failure;
    refused.outcome_unknown = false;
    return refused;
  }

  static void go_on(const std::shared_ptr<Submission>& submission, const asio::any_io_executor& executor) {
    if (auto resume = std::exchange(submission->resume, nullptr)) asio::post(executor, std::move(resume));
  }
};

JournalWriter::JournalWriter(Journal& journal, asio::thread_pool& pool, std::function<void(const Event&)> listener)
    : impl_(std::make_shared<Impl>(
          journal, pool, listener ? std::move(listener) : [](const Event&) {})) {}

// The journal may go right after the writer: a write in flight is waited for. Coroutines that still wait are not
// resumed; their frames go with the handlers.
JournalWriter::~JournalWriter() {
  if (impl_->written.valid()) impl_->written.wait();
  for (Batch* batch : {&impl_->waiting, &impl_->in_flight})
    for (const auto& submission : *batch) submission->resume = nullptr;
}

Task<Result<void>> JournalWriter::append(std::vector<Event> events) {
  auto written = co_await append_and_return(std::move(events));
  if (!written) co_return std::move(written).error();
  co_return Result<void>();
}

Task<Result<std::vector<Event>>> JournalWriter::append_and_return(std::vector<Event> events) {
  if (impl_->failure) co_return impl_->never_written();
  if (events.empty()) co_return std::move(events);
  auto executor = co_await asio::this_coro::executor;
  auto submission = std::make_shared<Submission>();
  submission->events = std::move(events);
  auto initiate = [impl = impl_.get(), submission, executor](auto handler) {
    auto shared = std::make_shared<decltype(handler)>(std::move(handler));
    submission->resume = [shared] { std::move (*shared)(); };
    impl->waiting.push_back(submission);
    impl->write_what_waits(executor);
  };
  co_await asio::async_initiate<const asio::use_awaitable_t<>, void()>(initiate, asio::use_awaitable);
  if (!submission->result) co_return std::move(submission->result).error();
  co_return std::move(submission->events);
}

Task<Result<void>> JournalWriter::append(Event event) {
  std::vector<Event> events;
  events.push_back(std::move(event));
  co_return co_await append(std::move(events));
}

}  // namespace pgconvoy

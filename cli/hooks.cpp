#include "cli/hooks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <deque>

#include "engine/report/event_text.hpp"
#include "engine/report/text.hpp"

namespace pgconvoy::cli {

struct Hooks::Queue {
  Hook hook;
  std::deque<json> waiting;
  bool busy = false;
  std::int64_t left_out = 0;

  bool wants(EventKind kind) const {
    return hook.events.empty() || std::find(hook.events.begin(), hook.events.end(), to_string(kind)) != hook.events.end();
  }
};

struct Hooks::Shared {
  Shared(asio::any_io_executor executor, ProcessLauncher& launcher_) : launcher(launcher_), all_told(executor) {}
  ProcessLauncher& launcher;
  std::vector<std::string> target_ids;
  ProgramLog log;
  std::function<void(const std::string&)> warn;
  std::vector<std::shared_ptr<Queue>> queues;
  asio::steady_timer all_told;
  bool over = false;

  bool idle() const {
    return std::none_of(queues.begin(), queues.end(), [](const auto& queue) { return queue->busy; });
  }
};

Hooks::Hooks(asio::any_io_executor executor, ProcessLauncher& launcher, const Fleet& fleet, std::vector<std::string> target_ids,
             ProgramLog log, std::function<void(const std::string&)> warn)
    : executor_(executor), shared_(std::make_shared<Shared>(executor, launcher)) {
  shared_->target_ids = std::move(target_ids);
  shared_->log = std::move(log);
  shared_->warn = std::move(warn);
  for (const auto& [id, hook] : fleet.hooks) {
    auto queue = std::make_shared<Queue>();
    queue->hook = hook;
    shared_->queues.push_back(std::move(queue));
  }
}

Hooks::~Hooks() { shared_->over = true; }

void Hooks::journaled(const Event& event) {
  json document;
  for (const auto& queue : shared_->queues) {
    if (shared_->over || !queue->wants(event.kind)) continue;
    if (queue->waiting.size() >= kMostWaiting) {
      ++queue->left_out;
      continue;
    }
    if (document.is_null()) {
      const bool known = event.target >= 1 && event.target <= static_cast<int>(shared_->target_ids.size());
      document = report::event_json(event, known ? shared_->target_ids[event.target - 1] : "");
    }
    queue->waiting.push_back(document);
    if (queue->busy) continue;
    queue->busy = true;
    asio::co_spawn(executor_, tell(shared_, queue), [shared = shared_, queue](std::exception_ptr) {
      queue->busy = false;
      if (shared->idle()) shared->all_told.cancel();
    });
  }
}

Task<void> Hooks::tell(std::shared_ptr<Shared> shared, std::shared_ptr<Queue> queue) {
  while (!queue->waiting.empty() && !shared->over) {
    ProgramRequest request;
    request.program = queue->hook.program;
    request.subject = "hook " + queue->hook.id;
    request.verb = "event";
    request.answers = false;
    const std::string kind = queue->waiting.front().value("kind", "");
    request.document["event"] = std::move(queue->waiting.front());
    queue->waiting.pop_front();
    auto told = co_await call_program(shared->launcher, std::move(request), shared->log);
    if (told || shared->over) continue;
    const Error& error = told.error();
    shared->warn(fmt::format("{} (event {}){}{}", error.message, kind, error.remedy.empty() ? "" : "; ", error.remedy));
  }
}

Task<bool> Hooks::finish() {
  Seconds longest{0};
  for (const auto& queue : shared_->queues)
    if (queue->busy) longest = std::max(longest, queue->hook.program.limit);
  shared_->all_told.expires_after(std::chrono::duration_cast<std::chrono::steady_clock::duration>(longest));
  boost::system::error_code ignored;
  if (!shared_->idle()) co_await shared_->all_told.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  shared_->over = true;
  bool all = true;
  for (const auto& queue : shared_->queues) {
    const std::int64_t left = queue->left_out + static_cast<std::int64_t>(queue->waiting.size()) + (queue->busy ? 1 : 0);
    if (left == 0) continue;
    all = false;
    shared_->warn(fmt::format("hook {}: {} not told, it is too slow; pgconvoy events has them all", queue->hook.id,
                              report::count(left, "event")));
  }
  co_return all;
}

}  // namespace pgconvoy::cli

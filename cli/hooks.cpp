#include "cli/hooks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <deque>

#include "engine/fleet/credentials.hpp"
#include "engine/platform/webhook.hpp"
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
  Shared(asio::any_io_executor executor, asio::thread_pool& pool_, ProcessLauncher& launcher_)
      : pool(pool_), launcher(launcher_), credentials(launcher_), all_told(executor) {}
  asio::thread_pool& pool;
  ProcessLauncher& launcher;
  Credentials credentials;
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

// For a chat: one sentence. `kind` is ours.
static json chat_message(const Event& event, const json& document) {
  const std::string target = document.value("target_id", "");
  return {{"kind", document["kind"]},
          {"text", fmt::format("pgconvoy {}{}{}{}: {}", document.value("rehearsal", false) ? "rehearsal " : "", document.value("run", ""), target.empty() ? "" : " ", target,
                               report::event_line(event, report::Style(), false))}};
}

Hooks::Hooks(asio::any_io_executor executor, asio::thread_pool& pool, ProcessLauncher& launcher, const Fleet& fleet, std::vector<std::string> target_ids,
             ProgramLog log, std::function<void(const std::string&)> warn)
    : executor_(executor), shared_(std::make_shared<Shared>(executor, pool, launcher)) {
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
      if (rehearsal_) document["rehearsal"] = true;
    }
    queue->waiting.push_back(queue->hook.format == "slack" ? chat_message(event, document) : document);
    if (queue->busy) continue;
    queue->busy = true;
    asio::co_spawn(executor_, tell(shared_, queue), [shared = shared_, queue](std::exception_ptr) {
      queue->busy = false;
      if (shared->idle()) shared->all_told.cancel();
    });
  }
}

Task<Result<void>> Hooks::call(std::shared_ptr<Shared> shared, Hook hook, json event) {
  const std::string who = "hook " + hook.id;
  if (hook.webhook != PasswordSource{}) {
    CO_TRY(const Secret address, co_await shared->credentials.password(hook.webhook));
    if (event.contains("text")) event.erase("kind");
    const std::string body = event.dump(-1, ' ', false, json::error_handler_t::replace);
    const auto post = [&] { return post_webhook(address, body, hook.program.limit, who); };
    co_return co_await run_blocking(shared->pool, post);
  }
  ProgramRequest request;
  request.program = hook.program;
  request.subject = who;
  request.verb = "event";
  request.answers = false;
  request.document["event"] = std::move(event);
  auto told = co_await call_program(shared->launcher, std::move(request), shared->log);
  if (!told) co_return told.error();
  co_return Result<void>();
}

Task<void> Hooks::tell(std::shared_ptr<Shared> shared, std::shared_ptr<Queue> queue) {
  while (!queue->waiting.empty() && !shared->over) {
    json event = std::move(queue->waiting.front());
    queue->waiting.pop_front();
    const std::string kind = event.value("kind", "");
    Hook hook = queue->hook;
    auto told = co_await call(shared, std::move(hook), std::move(event));
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

// Blocking work whose end we don't wait for longer than a limit.
#pragma once

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>

#include <atomic>
#include <memory>
#include <optional>

#include "engine/core/task.hpp"

namespace pgconvoy {

// Runs `function` on the pool. When the limit passes first, the result is empty and the function, if it already
// runs, ends unnoticed on the pool: it must own all that it uses.
template <class Function>
auto run_bounded(asio::thread_pool& pool, Seconds limit, Function function)
    -> Task<std::optional<std::invoke_result_t<Function&>>> {
  using T = std::invoke_result_t<Function&>;
  struct Work {
    Function function;
    std::atomic<bool> abandoned = false;
    explicit Work(Function&& given) : function(std::move(given)) {}
  };
  // Lives in this coroutine's frame alone: a function that ends after the loop touches nothing of the loop.
  struct Waiter {
    asio::steady_timer timer;
    std::shared_ptr<Work> work;
    std::optional<T> value;
    Waiter(asio::any_io_executor executor, std::shared_ptr<Work> given)
        : timer(std::move(executor)), work(std::move(given)) {}
    ~Waiter() { work->abandoned = true; }
  };
  auto executor = co_await asio::this_coro::executor;
  auto work = std::make_shared<Work>(std::move(function));
  auto waiter = std::make_shared<Waiter>(executor, work);
  waiter->timer.expires_after(std::chrono::duration_cast<std::chrono::steady_clock::duration>(limit));
  asio::post(pool, [weak = std::weak_ptr<Waiter>(waiter), work, executor] {
    if (work->abandoned) return;
    auto value = std::make_shared<T>(work->function());
    if (work->abandoned) return;
    asio::post(executor, [weak, value] {
      if (auto waiting = weak.lock()) {
        waiting->value.emplace(std::move(*value));
        waiting->timer.cancel();
      }
    });
  });
  boost::system::error_code ignored;
  co_await waiter->timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  co_return std::move(waiter->value);
}

}  // namespace pgconvoy

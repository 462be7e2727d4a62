// Coroutines and the two executors of a process: one thread that runs everything, and a pool for what blocks.
//
// Rules (g++ 12): never a temporary aggregate as an argument inside a co_await expression, name it and move
// it in; parameters by value; no co_await in a catch block; named functions rather than capturing lambdas.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <exception>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

#include "engine/core/clock.hpp"

namespace pgconvoy {

namespace asio = boost::asio;

template <class T = void>
using Task = asio::awaitable<T>;

// Runs `function` on a thread of the pool and resumes the calling coroutine on its own executor with the
// value. The function must not touch what the loop's thread owns. Its exceptions are rethrown here.
template <class Function>
auto run_blocking(asio::thread_pool& pool, Function function) -> Task<std::invoke_result_t<Function&>> {
  using T = std::invoke_result_t<Function&>;
  static_assert(!std::is_void_v<T>, "return a Result<>");
  struct State {
    Function function;
    std::optional<T> value;
    std::exception_ptr failure;
  };
  auto state = std::make_shared<State>(State{std::move(function), std::nullopt, nullptr});
  auto executor = co_await asio::this_coro::executor;
  auto initiate = [&pool, executor, state](auto handler) {
    auto shared = std::make_shared<decltype(handler)>(std::move(handler));
    asio::post(pool, [shared, executor, state] {
      try {
        state->value.emplace(state->function());
      } catch (...) {
        state->failure = std::current_exception();
      }
      asio::post(executor, [shared] { std::move (*shared)(); });
    });
  };
  co_await asio::async_initiate<const asio::use_awaitable_t<>, void()>(initiate, asio::use_awaitable);
  if (state->failure) std::rethrow_exception(state->failure);
  co_return std::move(*state->value);
}

// Suspends for that long.
Task<void> sleep_for(Seconds duration);

}  // namespace pgconvoy

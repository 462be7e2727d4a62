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

namespace blocking {

// Outlives the coroutine that waits for it: a process that ends may drop that while the pool is still at work.
template <class Function>
struct Work {
  Function function;
  std::optional<std::invoke_result_t<Function&>> value;
  std::exception_ptr failure;
};

template <class Function>
auto run(asio::thread_pool& pool, std::shared_ptr<Work<Function>> work) -> Task<std::invoke_result_t<Function&>> {
  auto executor = co_await asio::this_coro::executor;
  auto initiate = [&pool, executor, work](auto handler) {
    auto shared = std::make_shared<decltype(handler)>(std::move(handler));
    asio::post(pool, [shared, executor, work] {
      try {
        work->value.emplace(work->function());
      } catch (...) {
        work->failure = std::current_exception();
      }
      asio::post(executor, [shared] { std::move (*shared)(); });
    });
  };
  co_await asio::async_initiate<const asio::use_awaitable_t<>, void()>(initiate, asio::use_awaitable);
  if (work->failure) std::rethrow_exception(work->failure);
  co_return std::move(*work->value);
}

}  // namespace blocking

// Runs a copy of `function` on a thread of the pool and resumes the calling coroutine on its own executor with the
// value. One that can't be copied is moved from. The function must not touch what the loop's thread owns. Its exceptions
// are rethrown here. It must have a name: g++ 12 destroys the captures of a temporary in a co_await expression twice.
template <class Function>
auto run_blocking(asio::thread_pool& pool, Function& function) {
  using Own = std::remove_const_t<Function>;
  static_assert(!std::is_void_v<std::invoke_result_t<Own&>>, "return a Result<>");
  if constexpr (std::is_copy_constructible_v<Own>)
    return blocking::run<Own>(pool, std::make_shared<blocking::Work<Own>>(blocking::Work<Own>{function, std::nullopt, nullptr}));
  else
    return blocking::run<Own>(pool, std::make_shared<blocking::Work<Own>>(blocking::Work<Own>{std::move(function), std::nullopt, nullptr}));
}
template <class Function>
  requires(!std::is_lvalue_reference_v<Function>)
void run_blocking(asio::thread_pool& pool, Function&& function) = delete;

// Suspends for that long.
Task<void> sleep_for(Seconds duration);

}  // namespace pgconvoy

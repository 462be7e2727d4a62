// Two coroutines at once, until the first of them ends: the other one is cancelled.
#pragma once

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <exception>
#include <utility>
#include <variant>

#include "engine/core/error.hpp"
#include "engine/core/task.hpp"

namespace pgconvoy {

template <class T>
Task<Result<T>> keeping_exception(Task<Result<T>> work, std::exception_ptr& thrown) {
  try {
    co_return co_await std::move(work);
  } catch (...) {
    thrown = std::current_exception();
  }
  co_return Error(ErrorKind::internal, "an exception that is thrown again");
}

// Asio's own `||` goes on waiting for the other one when the first ends with an exception, for ever where that watches. Here the
// exception is thrown again. What the one that is cancelled throws is lost.
template <class T, class U>
Task<std::variant<Result<T>, Result<U>>> first_of(Task<Result<T>> work, Task<Result<U>> watch) {
  using namespace asio::experimental::awaitable_operators;
  std::exception_ptr by_work, by_watch;
  auto one = keeping_exception(std::move(work), by_work);
  auto other = keeping_exception(std::move(watch), by_watch);
  auto first = co_await (std::move(one) || std::move(other));
  if (const std::exception_ptr& thrown = first.index() == 0 ? by_work : by_watch; thrown) std::rethrow_exception(thrown);
  co_return std::move(first);
}

}  // namespace pgconvoy

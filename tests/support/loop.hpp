// Runs one coroutine to its end, on an io_context of its own.
#pragma once

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <optional>
#include <stdexcept>

#include "engine/core/task.hpp"

namespace pgconvoy::testing {

template <class T>
T run_on(asio::io_context& loop, Task<T> task) {
  std::exception_ptr failure;
  if constexpr (std::is_void_v<T>) {
    asio::co_spawn(loop, std::move(task), [&](std::exception_ptr thrown) { failure = thrown; });
    loop.restart();
    loop.run();
    if (failure) std::rethrow_exception(failure);
  } else {
    std::optional<T> value;
    asio::co_spawn(loop, std::move(task), [&](std::exception_ptr thrown, T result) {
      failure = thrown;
      if (!thrown) value.emplace(std::move(result));
    });
    loop.restart();
    loop.run();
    if (failure) std::rethrow_exception(failure);
    if (!value) throw std::logic_error("the coroutine was abandoned");
    return std::move(*value);
  }
}

template <class T>
T run(Task<T> task) {
  // Outlives every pool of a test: a thread of one may still be waking the loop when its answer was taken.
  static asio::io_context loop(1);
  return run_on(loop, std::move(task));
}

}  // namespace pgconvoy::testing

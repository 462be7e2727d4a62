// What a step does through sessions, ended when the pause is over: a child process has a limit of its own (client_call).
#pragma once

#include <fmt/format.h>

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <chrono>
#include <string>
#include <utility>

#include "engine/run/step_context.hpp"
#include "operations/client_call.hpp"

namespace pgconvoy {

// `work` until the step's time is over: then it is cancelled, its statements too, and the error is a timeout that says so.
// What it has taken is taken off the step's time. The sessions of `work` are not to be used after an error.
template <class T>
Task<Result<T>> within_pause(StepContext& context, std::string what, Task<Result<T>> work) {
  using namespace asio::experimental::awaitable_operators;
  if (!context.time_left) co_return co_await std::move(work);
  const auto began = std::chrono::steady_clock::now();
  auto first = co_await (std::move(work) || sleep_for(*context.time_left));
  spend(context, std::chrono::steady_clock::now() - began);
  if (first.index() == 0) co_return std::get<0>(std::move(first));
  co_return Error(ErrorKind::timeout, fmt::format("{} was stopped because the pause would last longer than max_pause", what));
}

}  // namespace pgconvoy

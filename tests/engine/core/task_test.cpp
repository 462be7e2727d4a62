#include "engine/core/task.hpp"

#include <catch2/catch.hpp>

#include <thread>

#include "tests/support/loop.hpp"

using namespace pgconvoy;

namespace {

Task<bool> ran_elsewhere(asio::thread_pool& pool) {
  const auto here = std::this_thread::get_id();
  const auto ask = [] { return std::this_thread::get_id(); };
  auto there = co_await run_blocking(pool, ask);
  co_return there != here&& std::this_thread::get_id() == here;
}

Task<int> throwing(asio::thread_pool& pool) {
  const auto fail = []() -> int { throw std::runtime_error("from the pool"); };
  co_return co_await run_blocking(pool, fail);
}

template <class Function>
constexpr bool takes = requires(asio::thread_pool& pool, Function&& function) { run_blocking(pool, std::forward<Function>(function)); };
using Asking = int (*)();
static_assert(takes<Asking&> && takes<const Asking&>);
static_assert(!takes<Asking>, "a temporary's captures would be destroyed twice");

Task<int> with_what_cant_be_copied(asio::thread_pool& pool) {
  auto give = [held = std::make_unique<int>(7)] { return *held; };
  co_return co_await run_blocking(pool, give);
}

}  // namespace

TEST_CASE("task: blocking work that can't be copied is moved") {
  asio::thread_pool pool(1);
  CHECK(testing::run(with_what_cant_be_copied(pool)) == 7);
}

TEST_CASE("task: blocking work runs on the pool, and the coroutine goes on where it was") {
  asio::thread_pool pool(1);
  CHECK(testing::run(ran_elsewhere(pool)));
  CHECK_THROWS_WITH(testing::run(throwing(pool)), "from the pool");
}

TEST_CASE("task: sleep_for takes at least its time") {
  const auto start = std::chrono::steady_clock::now();
  testing::run(sleep_for(Seconds(0.02)));
  CHECK(std::chrono::steady_clock::now() - start >= std::chrono::milliseconds(20));
}

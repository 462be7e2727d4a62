#include "engine/postgres/copy_pipe.hpp"

#include <boost/asio/experimental/awaitable_operators.hpp>

#include "tests/support/catch.hpp"
#include "tests/support/loop.hpp"

using namespace pgconvoy;
using namespace asio::experimental::awaitable_operators;

namespace {

Task<Result<int>> put_many(CopyPipe& pipe, int count, int& put) {
  for (put = 0; put < count; ++put) {
    auto done = co_await pipe.put(std::to_string(put));
    if (!done) co_return std::move(done).error();
  }
  pipe.writer_ended(std::nullopt);
  co_return put;
}

Task<Result<int>> take_some(CopyPipe& pipe, int most, int& put, int& furthest_ahead) {
  int taken = 0;
  while (taken < most) {
    furthest_ahead = std::max(furthest_ahead, put - taken);
    auto piece = co_await pipe.take();
    if (!piece) co_return std::move(piece).error();
    if (piece->empty()) break;
    if (*piece != std::to_string(taken)) co_return Error(ErrorKind::internal, "out of order");
    ++taken;
  }
  pipe.reader_ended();
  co_return taken;
}

Task<std::pair<Result<int>, Result<int>>> through(int count, int most, int& furthest_ahead) {
  CopyPipe pipe(co_await asio::this_coro::executor);
  int put = 0;
  auto writing = put_many(pipe, count, put);
  auto reading = take_some(pipe, most, put, furthest_ahead);
  auto [left, right] = co_await (std::move(writing) && std::move(reading));
  co_return std::pair<Result<int>, Result<int>>(std::move(left), std::move(right));
}

Task<Result<std::string>> take_after_failure() {
  CopyPipe pipe(co_await asio::this_coro::executor);
  pipe.writer_ended(Error(ErrorKind::io, "the source is gone"));
  co_return co_await pipe.take();
}

}  // namespace

TEST_CASE("copy pipe: pieces come in order, and the writer runs ahead by a few only") {
  asio::io_context loop{1};
  int ahead = 0;
  const auto [put, taken] = testing::run_on(loop, through(1000, 10000, ahead));
  REQUIRE(put);
  REQUIRE(taken);
  CHECK(*taken == 1000);
  CHECK(ahead <= 6);
}

TEST_CASE("copy pipe: nobody waits for the other who has ended") {
  asio::io_context loop{1};
  int ahead = 0;
  const auto [put, taken] = testing::run_on(loop, through(1000, 10, ahead));
  CHECK_FALSE(put);
  REQUIRE(taken);
  CHECK(*taken == 10);
  const auto failed = testing::run_on(loop, take_after_failure());
  REQUIRE(!failed);
  CHECK(failed.error().message == "the source is gone");
}

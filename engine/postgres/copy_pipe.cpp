#include "engine/postgres/copy_pipe.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>

#include <deque>

namespace pgconvoy {
namespace {

constexpr std::size_t kPieces = 4;

}  // namespace

struct CopyPipe::State {
  explicit State(asio::any_io_executor executor) : changed(std::move(executor), SteadyTime::max()) {}
  asio::steady_timer changed;  // never expires: cancelled when something has changed
  std::deque<std::string> pieces;
  bool writer_ended = false, reader_ended = false;
  std::optional<Error> failure;

  Task<void> wait() {
    boost::system::error_code ignored;
    co_await changed.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
};

CopyPipe::CopyPipe(asio::any_io_executor executor) : state_(std::make_unique<State>(std::move(executor))) {}
CopyPipe::~CopyPipe() = default;

Task<Result<void>> CopyPipe::put(std::string piece) {
  State& state = *state_;
  while (state.pieces.size() >= kPieces && !state.reader_ended) co_await state.wait();
  if (state.reader_ended) co_return Error(ErrorKind::cancelled, "the rows aren't wanted any more");
  state.pieces.push_back(std::move(piece));
  state.changed.cancel();
  co_return Result<void>();
}

Task<Result<std::string>> CopyPipe::take() {
  State& state = *state_;
  while (state.pieces.empty() && !state.writer_ended) co_await state.wait();
  if (state.failure) co_return *state.failure;
  if (state.pieces.empty()) co_return std::string();
  std::string piece = std::move(state.pieces.front());
  state.pieces.pop_front();
  state.changed.cancel();
  co_return std::move(piece);
}

void CopyPipe::writer_ended(std::optional<Error> failure) {
  state_->writer_ended = true;
  state_->failure = std::move(failure);
  state_->changed.cancel();
}

void CopyPipe::reader_ended() {
  state_->reader_ended = true;
  state_->changed.cancel();
}

}  // namespace pgconvoy

#include "engine/postgres/socket_watch.hpp"

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

namespace pgconvoy {

struct SocketWatch::State : std::enable_shared_from_this<State> {
  explicit State(asio::any_io_executor executor) : descriptor(executor), timer(executor) {}

  void start_timer() {
    ticking = true;
    timer.expires_at(deadline);
    timer.async_wait([weak = weak_from_this()](auto failure) {
      auto state = weak.lock();
      if (failure || !state || !state->ticking) return;
      if (std::chrono::steady_clock::now() < state->deadline) return state->start_timer();
      state->ticking = false;
      state->late = true;
      if (state->descriptor.is_open()) state->descriptor.cancel();
    });
  }

  asio::posix::stream_descriptor descriptor;
  asio::steady_timer timer;
  SteadyTime deadline;
  bool ticking = false, late = false;
};

SocketWatch::SocketWatch(asio::any_io_executor executor) : state_(std::make_shared<State>(std::move(executor))) {}

SocketWatch::~SocketWatch() {
  clear_deadline();
  detach();
}

void SocketWatch::attach(int socket) {
  detach();
  if (socket >= 0) state_->descriptor.assign(socket);
}

void SocketWatch::detach() {
  if (state_->descriptor.is_open()) state_->descriptor.release();
}

void SocketWatch::set_deadline(SteadyTime deadline) {
  const bool earlier = deadline < state_->deadline;
  state_->deadline = deadline;
  state_->late = false;
  if (!state_->ticking || earlier) state_->start_timer();
}

void SocketWatch::clear_deadline() {
  state_->ticking = false;
  state_->late = false;
  state_->timer.cancel();
}

bool SocketWatch::late() const { return state_->late; }

Task<SocketWatch::Outcome> SocketWatch::wait(bool read, bool write) {
  if (state_->late) co_return Outcome::late;
  if (!state_->descriptor.is_open()) co_return Outcome::aborted;
  auto initiate = [state = state_, read, write](auto handler) {
    using Handler = decltype(handler);
    struct Pending {
      Handler handler;
      int left;
      bool ready;
    };
    auto slot = asio::get_associated_cancellation_slot(handler);
    if (slot.is_connected())
      slot.assign([weak = std::weak_ptr(state)](asio::cancellation_type) {
        if (auto known = weak.lock(); known && known->descriptor.is_open()) known->descriptor.cancel();
      });
    auto pending = std::make_shared<Pending>(Pending{std::move(handler), read + write, false});
    auto finished = [pending, state](auto failure) {
      if (!failure) pending->ready = true;
      if (--pending->left > 0) {
        if (state->descriptor.is_open()) state->descriptor.cancel();
        return;
      }
      const auto outcome = pending->ready ? Outcome::ready : state->late ? Outcome::late : Outcome::aborted;
      std::move(pending->handler)(outcome);
    };
    if (read) state->descriptor.async_wait(asio::posix::descriptor_base::wait_read, finished);
    if (write) state->descriptor.async_wait(asio::posix::descriptor_base::wait_write, finished);
  };
  co_return co_await asio::async_initiate<const asio::use_awaitable_t<>, void(Outcome)>(initiate, asio::use_awaitable);
}

}  // namespace pgconvoy

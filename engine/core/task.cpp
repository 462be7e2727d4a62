#include "engine/core/task.hpp"

#include <algorithm>
#include <boost/asio/steady_timer.hpp>

namespace pgconvoy {

Task<void> sleep_for(Seconds duration) {
  asio::steady_timer timer(co_await asio::this_coro::executor);
  // A limit that means "for ever" must not overflow the clock's 64-bit nanoseconds.
  constexpr Seconds longest = std::chrono::hours(24 * 365);
  timer.expires_after(std::chrono::duration_cast<std::chrono::steady_clock::duration>(std::min(duration, longest)));
  co_await timer.async_wait(asio::use_awaitable);
}

}  // namespace pgconvoy

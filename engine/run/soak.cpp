#include "engine/run/soak.hpp"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>

namespace pgconvoy {
namespace {

constexpr int kLooksAtATime = 8;
constexpr int kTolerated = 1;  // one look may meet a restart, or a slow answer

}  // namespace

Seconds Soak::interval(Seconds soak) { return soak.count() > 0 ? std::clamp(soak / 10, Seconds(1), Seconds(30)) : Seconds(30); }

Task<std::vector<Soak::Unhealthy>> Soak::look(std::vector<int> targets) {
  found_.clear();
  for (const int number : targets)
    for (const std::string& id : plan_.targets.at(number - 1).target.environments) {
      const auto environment = plan_.fleet.environments.find(id);
      if (environment != plan_.fleet.environments.end() && services_.controllers.of(environment->second).controls_application())
        waiting_.emplace_back(number, id);
    }
  auto executor = co_await asio::this_coro::executor;
  asio::steady_timer all_looked(executor, asio::steady_timer::time_point::max());
  int working = std::min<int>(kLooksAtATime, static_cast<int>(waiting_.size()));
  std::exception_ptr bug;
  for (int i = 0, count = working; i < count; ++i)
    asio::co_spawn(executor, work(), [&](std::exception_ptr thrown) {
      if (thrown) bug = thrown;
      if (--working == 0) all_looked.cancel();
    });
  while (working > 0) {
    boost::system::error_code ignored;
    co_await all_looked.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
  if (bug) std::rethrow_exception(bug);
  co_return std::move(found_);
}

Task<void> Soak::work() {
  while (!waiting_.empty()) {
    const auto [target, environment] = waiting_.back();
    waiting_.pop_back();
    co_await look_at(target, environment);
  }
}

Task<void> Soak::look_at(int target, std::string environment) {
  const Environment& known = plan_.fleet.environments.at(environment);
  auto health = co_await services_.controllers.of(known).health(known);
  if (health && health->healthy) {
    in_a_row_[environment] = 0;
    co_return;
  }
  if (++in_a_row_[environment] == kTolerated + 1)
    found_.push_back({target, environment, health ? health->detail : describe(health.error())});
}

}  // namespace pgconvoy

// A target whose servers are out of reach from this process, while other processes work on the same run.
#include <set>

#include "engine/run/target_runner.hpp"

namespace pgconvoy {
namespace {

constexpr int kHandedOver = 3;  // times: then it isn't one process that can't reach them
constexpr Seconds kAnswersWithin{10};
constexpr int kTakenUp = 40;  // times, by whomever: some ten minutes, where nobody else takes it

}  // namespace

Task<bool> TargetRunner::others_may_try() {
  if (work_.record.epoch > kHandedOver || !setup_.others) co_return false;
  const auto ask = [this] { return setup_.others(); };
  const auto others = co_await run_blocking(setup_.services.pool, ask);
  co_return others && *others > 0;
}

bool TargetRunner::may_be_taken_up_later(const Error& error) const {
  const bool may_pass = error.kind == ErrorKind::unreachable || error.kind == ErrorKind::timeout;
  return setup_.claimed_from && may_pass && work_.record.epoch < kTakenUp;
}

Task<bool> TargetRunner::is_for_others(Error error) {
  if (error.kind != ErrorKind::unreachable) co_return false;
  handed_over_ = co_await others_may_try();
  co_return handed_over_;
}

Task<bool> TargetRunner::is_cut_off(Error error) {
  // A program that lost its connection says so in its own words only.
  const bool may_be = error.kind == ErrorKind::unreachable || error.kind == ErrorKind::process || error.kind == ErrorKind::timeout ||
                      error.kind == ErrorKind::sql;
  if (!may_be) co_return false;
  const bool may_try = co_await others_may_try();
  if (!may_try) co_return false;
  std::set<std::string> servers;
  for (const auto& [instance, placement] : work_.planned.placements) {
    servers.insert(placement.source_server);
    servers.insert(placement.target_server);
  }
  handed_over_ = servers.empty() && error.kind == ErrorKind::unreachable;
  StepContext context(setup_.services, work_, work_.planned.steps.front(), 0, [](Progress) {});
  for (const std::string& server : servers) {
    SessionOptions options;
    options.connect_limit = kAnswersWithin;
    auto session = co_await context.open(server, "postgres", std::move(options));
    handed_over_ = !session && session.error().kind == ErrorKind::unreachable;
    if (handed_over_) break;
  }
  co_return handed_over_;
}

}  // namespace pgconvoy

// The way back in the middle of a step: `cancel --rollback`.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/redirect_error.hpp>

#include <set>

#include "engine/platform/exec_call.hpp"
#include "engine/run/target_runner.hpp"

namespace pgconvoy {
namespace {

// Statements of our sessions are cancelled, the sessions stay. What belongs to programs, which were killed, is ended:
// a backend that builds an index doesn't look whether its client is still there.
Task<Result<void>> end_statements_on(Services services, Server server, std::string application_name, std::set<int> own) {
  CO_TRY(ConnectionSpec connection, co_await services.credentials.administrator(server));
  SessionOptions options;
  options.application_name = "pgconvoy/interrupt";
  CO_TRY(SessionPtr session, co_await services.sessions.open(std::move(connection), std::move(options)));
  std::vector<Value> parameters{application_name, fmt::format("{{{}}}", fmt::join(own, ","))};
  CO_TRY(Rows rows, co_await session->query(
                        "select case when pid = any ($2::int[]) then pg_cancel_backend(pid) else pg_terminate_backend(pid) end "
                        "from pg_stat_activity where application_name = $1 and pid <> pg_backend_pid() "
                        "and (pid <> all ($2::int[]) or state = 'active')",
                        std::move(parameters)));
  (void)rows;
  // A backend that is being ended still holds its locks, and counts as somebody in its database.
  for (int n = 0; n < 50; ++n) {
    std::vector<Value> same{application_name, fmt::format("{{{}}}", fmt::join(own, ","))};
    CO_TRY(Rows left, co_await session->query("select 1 from pg_stat_activity where application_name = $1 and "
                                              "pid <> pg_backend_pid() and pid <> all ($2::int[])",
                                              std::move(same)));
    if (left.empty()) break;
    co_await sleep_for(Seconds(0.1));
  }
  session->close();
  co_return Result<void>();
}

}  // namespace

// A platform refuses the lower epoch once it has seen the higher one; what it began before would go on beside it.
void TargetRunner::give_up(Error lost) {
  interruptible_.interrupt(std::move(lost));
  if (setup_.places) setup_.places->end_wait(work_.planned.number);
  CallIdentity who;
  who.run = fmt::format("{}-r{}", work_.journal_token, work_.run);
  who.target = work_.planned.number;
  who.epoch = work_.record.epoch;
  interruptible_.plain().processes.end_for(holder_of(who));
}

void TargetRunner::undo_now() {
  const bool can_be = executor_ && !work_.record.pivoted && work_.record.state != TargetState::rolling_back &&
                      setup_.request.direction == Direction::forward && !asked_back_;
  if (!can_be) return;
  asked_back_ = setup_.undo_because;
  interruptible_.interrupt(*asked_back_);
  if (setup_.places) setup_.places->end_wait(work_.planned.number);
  statements_ended_ = std::make_unique<asio::steady_timer>(executor_, asio::steady_timer::time_point::max());
  // A server that can't be asked is none that the undo could reach either: that will say so.
  asio::co_spawn(executor_, end_statements(), [this](std::exception_ptr) {
    statements_ended_.reset();  // whoever waits goes on
  });
}

Task<void> TargetRunner::end_statements() {
  StepContext context(interruptible_.plain(), work_, work_.planned.steps.front(), 0, [](Progress) {});
  const std::string name = context.application_name();
  std::map<std::string, std::set<int>> own;
  for (const auto& [instance, placement] : work_.planned.placements) {
    own[placement.source_server];
    own[placement.target_server];
  }
  for (const auto& [server, backend] : interruptible_.backends())
    if (const auto known = own.find(server); known != own.end()) known->second.insert(backend);
  for (const auto& [id, backends] : own) {
    Server server = work_.plan.fleet.servers.at(id);
    (void)co_await end_statements_on(interruptible_.plain(), std::move(server), name, backends);
  }
}

// Nothing that comes late may hit the undo.
Task<void> TargetRunner::interruption_over() {
  if (!statements_ended_) co_return;
  boost::system::error_code ignored;
  co_await statements_ended_->async_wait(asio::redirect_error(asio::use_awaitable, ignored));
}

// The pivot was on its way into the journal when the rollback was asked for: the target goes forward.
Task<void> TargetRunner::pivoted_after_all() {
  co_await interruption_over();
  interruptible_.go_on();
  asked_back_.reset();
}

Task<Result<void>> TargetRunner::turn_back(std::string step) {
  Error asked = *asked_back_;
  co_return co_await backward(std::move(step), std::move(asked));
}

// Nothing of it was begun.
Task<Result<void>> TargetRunner::skip_as_asked() {
  json data{{"reason", "cancelled: nothing of it was begun"}, {"error", to_json_value(*asked_back_)}};
  co_return co_await append(event(EventKind::target_skipped, {}, std::move(data)));
}

}  // namespace pgconvoy

#include "cli/watch_session.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "cli/run_alive.hpp"
#include "engine/report/run_summary.hpp"

namespace pgconvoy::cli {
namespace {

constexpr auto kAliveEvery = std::chrono::seconds(3);
constexpr auto kForetellAtMost = std::chrono::seconds(5);
constexpr std::int64_t kEventsBefore = 150;  // so many sequences back what happened is shown of a run that one begins to look at

// What a screen needs of a plan: no steps, no words.
Result<Plan> outline_of_plan(Journal& journal, const RunRecord& run) {
  Plan plan;
  try {
    plan = plan_from_header(run.plan);
    TRY_VOID(journal.planned_targets(run.id, [&plan](json data) -> Result<void> {
      PlannedTarget planned = data.get<PlannedTarget>();
      planned.steps.clear();
      std::erase_if(planned.findings, [](const Finding& finding) { return finding.severity != Severity::block; });
      plan.targets.push_back(std::move(planned));
      return {};
    }));
  } catch (const json::exception& failure) {
    return Error(ErrorKind::corrupt, fmt::format("the plan of {} can't be read: {}", run.name, failure.what()), "pgconvoy journal verify");
  }
  return plan;
}

// The smallest budget of the environments of each.
std::vector<std::optional<Seconds>> budgets_of(const Plan& plan) {
  std::vector<std::optional<Seconds>> budgets;
  for (const PlannedTarget& planned : plan.targets) {
    std::optional<Seconds> least;
    for (const std::string& id : planned.target.environments)
      if (const auto found = plan.fleet.environments.find(id); found != plan.fleet.environments.end() && found->second.downtime_budget)
        least = least ? std::min(*least, *found->second.downtime_budget) : *found->second.downtime_budget;
    budgets.push_back(least);
  }
  return budgets;
}

// The highest sequence of the run: asked for with some thirty looks at one event each, instead of reading all of them.
Result<std::int64_t> last_sequence(Journal& journal, std::int64_t run) {
  const auto first_after = [&](std::int64_t after) -> Result<std::int64_t> {
    std::int64_t found = 0;
    TRY_VOID(journal.events(run, after, [&found](const Event& event) {
      found = event.sequence;
      return false;
    }));
    return found;
  };
  TRY(std::int64_t known, first_after(0));
  std::int64_t step = 1;
  for (;;) {
    TRY(const std::int64_t next, first_after(known + step));
    if (next == 0) break;
    known = next;
    step *= 2;
  }
  for (; step > 0; step /= 2) {
    TRY(const std::int64_t next, first_after(known + step - 1));
    if (next != 0) known = next;
  }
  return known;
}

}  // namespace

WatchSession::WatchSession(const GlobalOptions& globals, std::unique_ptr<Journal> journal, std::int64_t run, report::WatchState state,
                           std::function<OwnAnswer(const std::vector<std::string>&)> command)
    : globals_(globals), journal_(std::move(journal)), run_(run), state_(std::move(state)), command_(std::move(command)), changes_(globals.journal_uri()), progress_(globals.journal_uri(), run) {}

Result<std::unique_ptr<WatchSession>> WatchSession::open(const GlobalOptions& globals, std::unique_ptr<Journal> journal, std::int64_t run,
                                                         std::function<OwnAnswer(const std::vector<std::string>&)> command) {
  TRY(RunRecord record, journal->run(run));
  TRY(const Plan plan, outline_of_plan(*journal, record));
  TRY(const RolloutRecord rollout, report::read_rollout(*journal, record));
  TRY(const std::vector<TargetRecord> targets, journal->targets(run, false));
  report::WatchState state(report::ProgressBoard(plan, targets, std::chrono::system_clock::now()));
  record.plan = json::object();
  state.budgets = budgets_of(plan);
  state.concurrency = rollout.options.concurrency;
  state.waits_for_approval = rollout.waits_for_approval();
  state.next_wave = rollout.wave + 1;
  std::unique_ptr<WatchSession> session(new WatchSession(globals, std::move(journal), run, std::move(state), std::move(command)));
  session->state_.run = record;
  TRY_VOID(session->read_last_events());
  TRY_VOID(session->read_targets());
  session->look_whether_alive();
  session->foretell_now_and_then();
  return session;
}

Result<void> WatchSession::read_targets() {
  TRY(const std::vector<TargetRecord> targets, journal_->targets(run_, false));
  for (const TargetRecord& target : targets) {
    const bool open = target.state == TargetState::running || target.state == TargetState::rolling_back;
    if (!open) {
      state_.adopt(target);
      continue;
    }
    TRY(const TargetRecord whole, journal_->target(run_, target.number));
    state_.adopt(whole);
    learn_steps(target.number);
  }
  return {};
}

Result<void> WatchSession::read_last_events() {
  // Waves and what is waited for are told by the run's own events, which are few.
  const RunRecord record = state_.run;
  TRY_VOID(journal_->own_events(run_, 0, [&](const Event& event) {
    state_.board.journaled(event);
    return true;
  }));
  state_.run = record;
  TRY(seen_, last_sequence(*journal_, run_));
  std::int64_t last = seen_;
  TRY_VOID(journal_->events(run_, std::max<std::int64_t>(0, seen_ - kEventsBefore), [&](const Event& event) {
    state_.remember(event);
    last = event.sequence;
    return true;
  }));
  seen_ = last;
  return {};
}

// What was foretold of each step; nothing is lost where that can't be read.
void WatchSession::learn_steps(int number) {
  const auto planned = journal_->planned_target(run_, number);
  if (!planned || !planned->is_object()) return;
  for (const json& step : planned->value("steps", json::array()))
    if (step.is_object()) state_.planned[number][step.value("path", "")] = step.value("seconds", 0.0);
}

void WatchSession::look_whether_alive() {
  if (state_.run.state == RunState::running) state_.alive = is_alive(globals_, *journal_, run_);
  alive_next_ = std::chrono::steady_clock::now() + kAliveEvery;
}

// It takes a hundredth of the time at most.
void WatchSession::foretell_now_and_then() {
  const SteadyTime now = std::chrono::steady_clock::now();
  if (now < foretell_next_ || state_.run.state != RunState::running) return;
  state_.board.foretell(std::chrono::system_clock::now());
  const SteadyTime done = std::chrono::steady_clock::now();
  foretell_next_ = done + std::max<SteadyTime::duration>(kForetellAtMost, 100 * (done - now));
}

Result<bool> WatchSession::look() {
  const SteadyTime now = std::chrono::steady_clock::now();
  bool different = false;
  if (changes_.look()) {
    std::vector<int> claimed;
    TRY_VOID(journal_->events(run_, seen_, [&](const Event& event) {
      state_.journaled(event);
      if (event.kind == EventKind::target_claimed) claimed.push_back(event.target);
      seen_ = event.sequence;
      different = true;
      return true;
    }));
    for (const int number : claimed) learn_steps(number);
  }
  if (now >= alive_next_) {
    const bool before = state_.alive;
    look_whether_alive();
    different = different || before != state_.alive;
  }
  if (state_.alive)
    for (const PassedOn& each : progress_.look()) {
      state_.board.progressed(each.target, each.step, each.progress.bytes, each.progress.total_bytes, each.progress.text);
      different = true;
    }
  foretell_now_and_then();
  if (message_until_ != SteadyTime{} && now >= message_until_) {
    view_.message.clear();
    message_until_ = SteadyTime{};
    different = true;
  }
  if (now >= drawn_next_) different = true;  // clocks go on
  if (different) drawn_next_ = now + std::chrono::seconds(1);
  return different;
}

std::vector<report::ScreenRow> WatchSession::rows(std::size_t columns, std::size_t lines) {
  view_.columns = columns;
  view_.lines = lines;
  view_.now = std::chrono::system_clock::now();
  return report::watch_rows(state_, view_);
}

}  // namespace pgconvoy::cli

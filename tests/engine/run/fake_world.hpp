// A run without servers and applications: operations that do as they are told, a journal in a directory that goes away,
// a clock that is set. What they were asked stands in `calls`, in order.
#pragma once

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine/run/runner.hpp"
#include "tests/engine/journal/fixtures.hpp"
#include "tests/support/silent_session.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/loop.hpp"

namespace pgconvoy::test {

// Wall time is set by the test, and moves when an operation says so.
class SetClock final : public Clock {
 public:
  WallTime now = noon();
  WallTime wall() const override { return now; }
  SteadyTime steady() const override { return SteadyTime(now.time_since_epoch()); }
};

// What an operation does. Errors are used up one by one; with none left it succeeds.
struct Script {
  std::deque<Error> refuses;                                // prepare
  std::deque<Error> fails;                                  // apply
  std::deque<Error> undo_fails;
  std::deque<Probe::Verdict> sees;                          // probe; with none left: absent
  std::deque<Error> blind;                                  // probe fails first
  bool throws = false;                                      // apply ends like a process that is killed: nothing is journaled
  bool undo_throws = false;                                 // likewise
  bool hangs = false;                                       // apply runs a program that never ends
  std::function<Task<void>(int target)> waits_for = nullptr;  // apply does, after `during`
  bool pivots = false;
  std::vector<std::string> rests_on;
  std::function<void(StepContext&)> during = nullptr, during_undo = nullptr;  // called in apply, in undo
};

class ScriptedOperation final : public Operation {
 public:
  ScriptedOperation(std::string name, Script& script, std::vector<std::string>& calls)
      : name_(std::move(name)), script_(script), calls_(calls) {}

  std::string name() const override { return name_; }
  std::string summary() const override { return "does as it is told"; }
  Subject subject() const override { return Subject::environment; }
  Estimate estimate(const EstimateInput&) const override { return {1, false}; }
  std::vector<std::string> rests_on() const override { return script_.rests_on; }
  bool pivots() const override { return script_.pivots; }

  Task<Result<json>> prepare(StepContext& context) override {
    if (auto error = next(script_.refuses)) co_return *error;
    co_return json{{"made_by", context.attempt}};
  }
  Task<Result<json>> apply(StepContext& context, json intent) override {
    call("apply", context);
    CHECK(intent.at("made_by") == context.attempt);
    if (script_.during) script_.during(context);
    if (script_.waits_for) co_await script_.waits_for(context.work.planned.number);
    if (script_.throws) throw std::runtime_error("killed");
    if (script_.hangs) {
      ProcessSpec spec;
      spec.argv = {"sleep", "600"};
      auto ended = co_await context.services.processes.run(std::move(spec));
      if (!ended) co_return std::move(ended).error();
    }
    if (auto error = next(script_.fails)) co_return *error;
    co_return json{{"done_by", context.attempt}};
  }
  Task<Result<Probe>> probe(StepContext& context, json) override {
    call("probe", context);
    if (auto error = next(script_.blind)) co_return *error;
    Probe seen;
    seen.verdict = Probe::Verdict::absent;
    if (!script_.sees.empty()) {
      seen.verdict = script_.sees.front();
      script_.sees.pop_front();
    }
    if (seen.verdict == Probe::Verdict::done) seen.outcome = json{{"done_by", context.attempt}};
    co_return seen;
  }
  Task<Result<std::string>> undo(StepContext& context, json intent, json outcome) override {
    call(outcome.is_null() ? "undo unfinished" : "undo", context);
    CHECK(intent.contains("made_by"));
    if (script_.during_undo) script_.during_undo(context);
    if (script_.undo_throws) throw std::runtime_error("killed");
    if (auto error = next(script_.undo_fails)) co_return *error;
    co_return std::string("as before");
  }

 private:
  static std::optional<Error> next(std::deque<Error>& errors) {
    if (errors.empty()) return std::nullopt;
    Error first = errors.front();
    errors.pop_front();
    return first;
  }
  void call(const std::string& what, const StepContext& context) {
    std::string who = context.step.path;
    if (who.ends_with("@shop-1")) who.resize(who.size() - 7);
    calls_.push_back(what + " " + who);
  }

  std::string name_;
  Script& script_;
  std::vector<std::string>& calls_;
};

class NoSessions final : public SessionFactory {
 public:
  std::function<bool()> reaches = [] { return false; };  // a server that says nothing, instead of none
  Task<Result<SessionPtr>> open(ConnectionSpec, SessionOptions) override {
    if (reaches()) {
      SessionPtr silent = std::make_unique<testing::SilentSession>();
      co_return silent;
    }
    co_return Error(ErrorKind::unreachable, "there is no server in this test");
  }
};

// Keeps what was journaled, in order, as "kind step".
class Heard final : public RunListener {
 public:
  std::vector<Event> events;
  std::function<void(const Event&)> react = nullptr;
  void journaled(const Event& event) override {
    events.push_back(event);
    if (react) react(event);
  }
  void progressed(int, const std::string&, const Progress&) override {}

  int count(EventKind kind) const {
    return static_cast<int>(std::count_if(events.begin(), events.end(), [&](const Event& event) { return event.kind == kind; }));
  }
};

// Targets shop-1, shop-2, ... each of one environment, with the same steps one after the other.
class FakeWorld {
 public:
  explicit FakeWorld(std::vector<std::string> operations, int targets = 1) {
    for (const std::string& name : operations) registry.add(std::make_unique<ScriptedOperation>(name, scripts[name], calls));
    controllers.add("none", make_none_controller());
    plan.runbook.name = "a-runbook";
    plan.options.concurrency = 1;
    plan.options.seed = 1;
    plan.fleet.regions["north"];
    for (int number = 1; number <= targets; ++number) {
      PlannedTarget planned;
      planned.number = number;
      planned.target.id = fmt::format("shop-{}", number);
      planned.target.region = "north";
      planned.target.environments = {planned.target.id};
      Environment environment;
      environment.id = planned.target.id;
      environment.region = "north";
      plan.fleet.environments[environment.id] = environment;
      for (const std::string& name : operations) {
        StepPlan step;
        step.operation = name;
        step.subject = environment.id;
        step.path = name + "@" + environment.id;
        step.arguments = json::object();
        planned.steps.push_back(std::move(step));
      }
      plan.targets.push_back(std::move(planned));
    }
  }

  // The run, made from the plan when it is first asked for.
  std::int64_t run_id() {
    if (id_ == 0) {
      std::vector<json> targets(plan.targets.begin(), plan.targets.end());
      id_ = must(journal->create_run(plan_header(plan), std::move(targets), clock.wall()));
    }
    return id_;
  }

  RunRequest forward() {
    RunRequest request;
    request.run = run_id();
    request.first_delay = Seconds(0.01);
    return request;
  }
  RunRequest back() {
    RunRequest request = forward();
    request.direction = Direction::backward;
    request.include_ended = true;
    return request;
  }
  RunRequest again() {
    RunRequest request = forward();
    request.include_ended = true;
    return request;
  }

  // Carries it out; `meanwhile` gets the runner with every event that is journaled.
  Result<RunState> carry_out(RunRequest request, std::function<void(Runner&, const Event&)> meanwhile = nullptr) {
    calls.clear();
    heard = Heard();
    Runner runner(Services{pool, clock, sessions, *processes, controllers, provisioners, poolers, credentials}, *journal, registry,
                  conditions, {&heard});
    if (meanwhile) heard.react = [&](const Event& event) { meanwhile(runner, event); };
    auto state = testing::run_on(loop, runner.run(plan, std::move(request)));
    heard.react = nullptr;
    return state;
  }
  RunState ended(RunRequest request, std::function<void(Runner&, const Event&)> meanwhile = nullptr) {
    const RunState state = must(carry_out(std::move(request), std::move(meanwhile)));
    // Whatever happened, it is a journal whose events fold into what its tables say.
    CHECK(must(journal->verify()) == std::vector<std::string>());
    return state;
  }

  TargetRecord target(int number = 1) { return must(journal->target(run_id(), number)); }
  TargetState state(int number = 1) { return target(number).state; }
  StepRecord step(const std::string& name, int number = 1) {
    return target(number).steps.at(fmt::format("{}@shop-{}", name, number));
  }

  TemporaryDirectory directory;
  std::unique_ptr<Journal> journal = must(open_journal((directory / "journal.db").string(), OpenMode::create));
  asio::io_context loop{1};
  asio::thread_pool pool{2};
  SetClock clock;
  NoSessions sessions;
  std::unique_ptr<ProcessLauncher> processes = make_process_launcher();
  AppControllers controllers;
  Provisioners provisioners{nullptr};
  PoolerControllers poolers;
  Credentials credentials{*processes};
  OperationRegistry registry;
  ConditionRegistry conditions;
  std::map<std::string, Script> scripts;
  std::vector<std::string> calls;
  Heard heard;
  Plan plan;

 private:
  std::int64_t id_ = 0;
};

// Holds whoever waits at it until it is opened.
class Gate {
 public:
  explicit Gate(asio::io_context& loop) : timer_(loop, asio::steady_timer::time_point::max()) {}
  void open() {
    is_open_ = true;
    timer_.cancel();
  }
  Task<void> pass() {
    boost::system::error_code ignored;
    while (!is_open_) co_await timer_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }

 private:
  asio::steady_timer timer_;
  bool is_open_ = false;
};

inline Error passing(const std::string& message = "not now") {
  Error error(ErrorKind::unreachable, message);
  error.retryable = true;
  return error;
}

inline Error lasting(const std::string& message = "never") { return Error(ErrorKind::conflict, message); }

using Calls = std::vector<std::string>;

}  // namespace pgconvoy::test

#include "engine/run/pause_end.hpp"

#include <algorithm>
#include <set>
#include <utility>

namespace pgconvoy {
namespace {

using Left = CallsEndWithPause::Left;

// A call that has no time left fails, but in the way of any other that took too long.
constexpr Seconds kShortestCall{0.05};

// True when the program gets less time than its own limit.
bool shorten(PlatformProgram& program, const Left& left) {
  const auto seconds = left();
  if (!seconds || *seconds >= program.limit) return false;
  program.limit = std::max(*seconds, kShortestCall);
  return true;
}

template <class T>
Task<Result<T>> explained(Task<Result<T>> call, bool was_shortened) {
  auto answer = co_await std::move(call);
  if (answer || !was_shortened || answer.error().kind != ErrorKind::timeout) co_return answer;
  Error error = std::move(answer).error();
  error.message += "; it was stopped because the pause would last longer than max_pause";
  error.remedy = "see what the program waits for, or raise max_pause";
  co_return error;
}

// The base is looked up for each call: what a target never asks needn't be there.
class EndingController final : public AppController {
 public:
  EndingController(const AppControllers& base, const Environment& any, Left left)
      : base_(base), any_(any), left_(std::move(left)) {}

  bool controls_application() const override { return base_.of(any_).controls_application(); }
  Task<Result<ApplicationFacts>> inspect(Environment environment) override {
    const bool shortened = shorten(environment.controller.program, left_);
    return explained(base_.of(any_).inspect(std::move(environment)), shortened);
  }
  Task<Result<Health>> health(Environment environment) override {
    const bool shortened = shorten(environment.controller.program, left_);
    return explained(base_.of(any_).health(std::move(environment)), shortened);
  }
  Task<Result<bool>> page_is_on(Environment environment) override {
    const bool shortened = shorten(environment.controller.program, left_);
    return explained(base_.of(any_).page_is_on(std::move(environment)), shortened);
  }
  Task<Result<bool>> is_running(Environment environment) override {
    const bool shortened = shorten(environment.controller.program, left_);
    return explained(base_.of(any_).is_running(std::move(environment)), shortened);
  }
  Task<Result<void>> page_on(CallIdentity who, Environment environment) override {
    const bool shortened = shorten(environment.controller.program, left_);
    return explained(base_.of(any_).page_on(std::move(who), std::move(environment)), shortened);
  }
  Task<Result<void>> page_off(CallIdentity who, Environment environment) override {
    const bool shortened = shorten(environment.controller.program, left_);
    return explained(base_.of(any_).page_off(std::move(who), std::move(environment)), shortened);
  }
  Task<Result<void>> stop(CallIdentity who, Environment environment) override {
    const bool shortened = shorten(environment.controller.program, left_);
    return explained(base_.of(any_).stop(std::move(who), std::move(environment)), shortened);
  }
  Task<Result<void>> start(CallIdentity who, Environment environment) override {
    const bool shortened = shorten(environment.controller.program, left_);
    return explained(base_.of(any_).start(std::move(who), std::move(environment)), shortened);
  }
  Task<Result<ConnectionSpec>> read_binding(Environment environment, Binding binding) override {
    const bool shortened = shorten(environment.controller.program, left_);
    return explained(base_.of(any_).read_binding(std::move(environment), std::move(binding)), shortened);
  }
  Task<Result<void>> write_binding(CallIdentity who, Environment environment, Binding binding, ConnectionSpec connection) override {
    const bool shortened = shorten(environment.controller.program, left_);
    return explained(base_.of(any_).write_binding(std::move(who), std::move(environment), std::move(binding), std::move(connection)),
                     shortened);
  }

 private:
  const AppControllers& base_;
  const Environment& any_;  // of this kind
  Left left_;
};

class EndingPooler final : public PoolerController {
 public:
  EndingPooler(const PoolerControllers& base, Left left) : base_(base), left_(std::move(left)) {}

  Task<Result<PoolerFacts>> inspect(Pooler pooler, std::string alias) override {
    const bool shortened = shorten(pooler.program, left_);
    PoolerController& of_kind = base_.of(pooler);
    return explained(of_kind.inspect(std::move(pooler), std::move(alias)), shortened);
  }
  Task<Result<PoolerPlace>> place(Pooler pooler, std::string alias) override {
    const bool shortened = shorten(pooler.program, left_);
    PoolerController& of_kind = base_.of(pooler);
    return explained(of_kind.place(std::move(pooler), std::move(alias)), shortened);
  }
  // It may take its drain besides its limit: that is time of the pause too.
  Task<Result<void>> pause(CallIdentity who, Pooler pooler, std::string alias, Seconds drain) override {
    const auto seconds = left_();
    const Left without_drain = [seconds, drain] { return seconds ? std::optional<Seconds>(*seconds - drain) : std::nullopt; };
    const bool shortened = shorten(pooler.program, without_drain);
    PoolerController& of_kind = base_.of(pooler);
    return explained(of_kind.pause(std::move(who), std::move(pooler), std::move(alias), drain), shortened);
  }
  Task<Result<void>> repoint(CallIdentity who, Pooler pooler, std::string alias, PoolerPlace place) override {
    const bool shortened = shorten(pooler.program, left_);
    PoolerController& of_kind = base_.of(pooler);
    return explained(of_kind.repoint(std::move(who), std::move(pooler), std::move(alias), std::move(place)), shortened);
  }
  Task<Result<void>> resume(CallIdentity who, Pooler pooler, std::string alias) override {
    const bool shortened = shorten(pooler.program, left_);
    PoolerController& of_kind = base_.of(pooler);
    return explained(of_kind.resume(std::move(who), std::move(pooler), std::move(alias)), shortened);
  }

 private:
  const PoolerControllers& base_;
  Left left_;
};

}  // namespace

CallsEndWithPause::CallsEndWithPause(Services services, const Plan& plan, const PlannedTarget& planned, Left left)
    : decorated_{services.pool,  services.clock,        services.sessions, services.processes,
                 controllers_,   services.provisioners, poolers_,          services.credentials} {
  std::set<std::string> kinds, kinds_of_poolers;
  for (const std::string& id : planned.target.environments) {
    const Environment& environment = plan.fleet.environments.at(id);
    if (kinds.insert(environment.controller.kind).second)
      controllers_.add(environment.controller.kind, std::make_unique<EndingController>(services.controllers, environment, left));
    for (const Binding& binding : environment.bindings)
      for (const auto& [pooler, alias] : binding.poolers) {
        const std::string& kind = plan.fleet.poolers.at(pooler).kind;
        if (kinds_of_poolers.insert(kind).second)
          poolers_.add(kind, std::make_unique<EndingPooler>(services.poolers, left));
      }
  }
}

}  // namespace pgconvoy

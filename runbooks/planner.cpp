#include "runbooks/planner.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <exception>
#include <iterator>
#include <set>

#include "engine/facts/gather.hpp"
#include "engine/fleet/nearest.hpp"
#include "engine/fleet/service.hpp"
#include "engine/plan/in_place.hpp"
#include "engine/plan/placement.hpp"
#include "engine/plan/schedule.hpp"
#include "engine/run/findings.hpp"
#include "engine/run/survey.hpp"
#include "runbooks/backup_time.hpp"
#include "runbooks/inbound.hpp"
#include "runbooks/restore_memory.hpp"
#include "runbooks/target_layout.hpp"
#include "runbooks/validate.hpp"
#include "runbooks/verification.hpp"

namespace pgconvoy {
namespace {

// Every override names a condition of the runbook: one that is misspelled would override nothing, and be believed.
Result<void> check_overrides(const Runbook& runbook, const RunOptions& options) {
  std::vector<std::string_view> names;
  for (const RunbookNode& node : runbook.preconditions) names.push_back(node.name);
  for (const auto& [name, reason] : options.overrides) {
    if (name != kEveryCondition && std::find(names.begin(), names.end(), name) == names.end())
      return Error(ErrorKind::usage, fmt::format("--override {}: runbook {} has no such precondition{}", in_quotes(name),
                                                 runbook.name, did_you_mean(name, names)),
                   fmt::format("it has: {}", fmt::join(names, ", ")));
    if (reason.empty())
      return Error(ErrorKind::usage, fmt::format("--override {} needs a reason, it is kept in the journal", name),
                   fmt::format("--override {}='why it may be ignored'", name));
  }
  return {};
}

Result<void> check_order(const Requirements& requirements) {
  const int from = major_of_service(requirements.source_service), to = major_of_service(requirements.target_service);
  if (from == 0 || to == 0 || from <= to) return {};
  return Error(ErrorKind::usage,
               fmt::format("the runbook moves from {} to {}: the source is newer than the target",
                           in_quotes(requirements.source_service), in_quotes(requirements.target_service)),
               "databases are moved to newer versions only: are from and to, or --source and --target, swapped?");
}

Result<void> check_server(const Fleet& fleet, const Requirements& requirements) {
  if (requirements.source_server.empty() || fleet.servers.contains(requirements.source_server)) return {};
  std::vector<std::string_view> names;
  for (const auto& [id, server] : fleet.servers) names.push_back(id);
  return Error(ErrorKind::usage, fmt::format("the runbook collects what is on server {}: the fleet has no such server{}", in_quotes(requirements.source_server),
                                             did_you_mean(requirements.source_server, names)));
}

std::string services_of(const Fleet& fleet) {
  std::set<std::string> services;
  for (const auto& [id, server] : fleet.servers) services.insert(server.service);
  return fmt::format("the fleet has the services: {}", services.empty() ? "none" : fmt::format("{}", fmt::join(services, ", ")));
}

bool is_offered(const Fleet& fleet, const std::string& service) {
  return std::any_of(fleet.servers.begin(), fleet.servers.end(),
                     [&](const auto& entry) { return entry.second.service == service; });
}

// What is wrong with many targets is told for all of them at once.
class Unplaced {
 public:
  void add(const Error& error) {
    ++count_;
    if (messages_.size() < kShown) messages_.push_back(error.message);
    remedy_ = error.remedy;
  }
  bool none() const { return count_ == 0; }
  Error error(const std::string& before_the_remedy = "") const {
    const std::size_t left = count_ - messages_.size();
    return Error(ErrorKind::usage,
                 fmt::format("{}{}", fmt::join(messages_, "\n  "), left ? fmt::format("\n  and {} more", left) : ""),
                 before_the_remedy + remedy_);
  }

 private:
  static constexpr std::size_t kShown = 5;
  std::size_t count_ = 0;
  std::vector<std::string> messages_;
  std::string remedy_;
};

// Targets with something to move and somewhere to go.
Result<std::vector<PlannedTarget>> movable(const Fleet& fleet, const std::vector<Target>& selected, const Requirements& requirements,
                                           const std::set<std::string>& settled, PlanResult& result) {
  std::vector<PlannedTarget> targets;
  Unplaced problems;
  for (const Target& target : selected) {
    const auto servers = candidates(fleet, target, requirements);
    if (!servers) {
      problems.add(servers.error());
      continue;
    }
    if (servers->empty()) {
      ++result.not_offered;
      continue;
    }
    PlannedTarget planned;
    planned.target = target;
    // An environment may bind instances that stay where they are: they are no part of what is moved.
    planned.target.instances = collected_instances(fleet, target, requirements);
    std::erase_if(planned.target.instances, [&](const std::string& instance) { return settled.contains(instance); });
    if (planned.target.instances.empty()) {
      ++result.settled;
      continue;
    }
    targets.push_back(std::move(planned));
  }
  if (problems.none()) return targets;
  return problems.error(is_offered(fleet, requirements.target_service) ? "" : services_of(fleet) + "; ");
}

// Some operation takes an empty database that was made beforehand.
bool adopts(const std::vector<RunbookNode>& nodes) {
  return std::any_of(nodes.begin(), nodes.end(), [](const RunbookNode& node) {
    const bool here = node.arguments.is_object() && node.arguments.value("adopt_empty", json()) == json(true);
    return here || adopts(node.children);
  });
}

// Source servers with the instances to be moved from them, and every server that they may go to.
std::map<std::string, Survey::ServerRequest> servers_to_read(const Plan& plan) {
  std::map<std::string, Survey::ServerRequest> wanted;
  std::set<std::string> regions;
  for (const PlannedTarget& planned : plan.targets) {
    regions.insert(planned.target.region);
    for (const std::string& id : planned.target.instances) {
      const Instance& instance = plan.fleet.instances.at(id);
      wanted[instance.server].instances.push_back(instance);
    }
  }
  for (const std::string& region : regions) {
    const auto servers = plan.fleet.servers_offering(region, plan.requirements.target_service);
    for (const Server* server : servers)
      wanted[server->id].room |= servers.size() > 1 || server->caps != Caps{};
  }
  return wanted;
}

// Only a sample of them stays, in the order that they were in.
void take_sample(std::vector<PlannedTarget>& targets, const std::map<std::string, DatabaseFacts>& databases, const SampleOrder& order,
                 std::uint64_t seed) {
  std::vector<Sampled> all;
  for (const PlannedTarget& planned : targets) {
    Sampled each{planned.target.id, planned.target.region, 0};
    for (const std::string& instance : planned.target.instances)
      if (const auto known = databases.find(instance); known != databases.end()) each.bytes += known->second.bytes;
    all.push_back(std::move(each));
  }
  std::vector<PlannedTarget> sample;
  for (const std::size_t place : choose_sample(all, order, seed)) sample.push_back(std::move(targets[place]));
  targets = std::move(sample);
  for (std::size_t i = 0; i < targets.size(); ++i) targets[i].number = static_cast<int>(i) + 1;
}

// In the order of the run. A candidate that was left out is said once, with the first target that could have gone there.
Result<void> place_all(Plan& plan, const Survey& survey) {
  Placer placer({plan.fleet, plan.requirements, survey.servers(), survey.databases(), adopts(plan.runbook.operations)});
  Unplaced problems;
  std::set<std::string> told;
  for (PlannedTarget& planned : plan.targets) {
    auto placements = placer.place(planned.target);
    if (!placements) {
      problems.add(placements.error());
      continue;
    }
    planned.placements = *std::move(placements);
    if (!told.insert(planned.target.region).second) continue;
    for (const auto& [server, reason] : placer.left_out(planned.target.region))
      planned.findings.push_back({Severity::warn, "placement", "server " + server,
                                  fmt::format("no database of region {} goes there: {}", planned.target.region, reason),
                                  "the other servers of the region get what would have been its part",
                                  "mend it and plan again to have it take its part", false});
  }
  if (problems.none()) return {};
  return problems.error();
}

// Reads, places and judges the targets of a plan, a bounded number at a time.
class Judge {
 public:
  Judge(Services services, Plan& plan, const OperationRegistry& operations, const ConditionRegistry& conditions,
        const EstimateModel& model, std::function<void(PlanProgress)> progress)
      : clock_(services.clock),
        plan_(plan),
        conditions_(conditions),
        progress_(std::move(progress)),
        survey_(services, SurveyRequest{plan.fleet, plan.options.backup_directory, plan.requirements,
                                        needs_of(plan.runbook, conditions)}),
        layout_(plan, operations, model) {}

  Task<Result<void>> judge(int at_a_time, std::optional<SampleOrder> sample) {
    tell();
    CO_TRY_VOID(co_await survey_.read_servers(servers_to_read(plan_)));
    if (sample) take_sample(plan_.targets, survey_.databases(), *sample, plan_.options.seed);
    CO_TRY_VOID(place_all(plan_, survey_));
    beside_ = targets_beside(plan_);
    std::vector<Target> targets;
    std::vector<std::map<std::string, Placement>> placements;
    for (const PlannedTarget& planned : plan_.targets) {
      targets.push_back(planned.target);
      placements.push_back(planned.placements);
    }
    CO_TRY_VOID(co_await survey_.begin(std::move(targets), std::move(placements)));
    auto executor = co_await asio::this_coro::executor;
    finished_ = std::make_unique<asio::steady_timer>(executor, asio::steady_timer::time_point::max());
    working_ = std::min<int>(at_a_time, static_cast<int>(plan_.targets.size()));
    for (int i = 0, count = working_; i < count; ++i)
      asio::co_spawn(executor, work(), [this](std::exception_ptr thrown) {
        if (thrown && !thrown_) thrown_ = thrown;
        if (--working_ == 0) finished_->cancel();
      });
    while (working_ > 0) {
      boost::system::error_code ignored;
      co_await finished_->async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }
    if (thrown_) std::rethrow_exception(thrown_);
    if (failure_) co_return *failure_;
    inbound_.tell(plan_, clock_.wall());
    co_return Result<void>();
  }

 private:
  Task<void> work() {
    while (next_ < plan_.targets.size() && !failure_) {
      PlannedTarget& planned = plan_.targets[next_++];
      auto facts = co_await survey_.gather(planned.target, planned.placements);
      if (!facts) {
        failure_ = facts.error();
        co_return;
      }
      layout_.lay_out(planned, *facts, beside_.at(planned.target.region));
      auto findings = evaluate(plan_, conditions_, *facts, clock_.wall());
      planned.findings.insert(planned.findings.end(), std::make_move_iterator(findings.begin()),
                              std::make_move_iterator(findings.end()));
      for (const auto& [instance, database] : facts->databases) planned.bytes += database.bytes;
      planned.facts_digest = digest(reduced(*facts));
      inbound_.note(planned.target.id, *facts);
      ++done_;
      tell();
    }
  }
  void tell() {
    if (progress_) progress_({done_, static_cast<int>(plan_.targets.size())});
  }

  Clock& clock_;
  Plan& plan_;
  const ConditionRegistry& conditions_;
  std::map<std::string, double> beside_;  // by region
  std::function<void(PlanProgress)> progress_;
  Survey survey_;
  TargetLayout layout_;
  Inbound inbound_;
  std::unique_ptr<asio::steady_timer> finished_;
  std::size_t next_ = 0;
  int done_ = 0, working_ = 0;
  std::optional<Error> failure_;
  std::exception_ptr thrown_;
};

}  // namespace

Task<Result<PlanResult>> make_plan(Services services, PlanRequest request, const OperationRegistry& operations,
                                   const ConditionRegistry& conditions, std::function<void(PlanProgress)> progress) {
  CO_TRY_VOID(validate(request.runbook, operations, conditions));
  CO_TRY_VOID(check_backup_time(request.runbook));
  CO_TRY_VOID(check_verification(request.runbook));
  CO_TRY_VOID(check_restore_memory(request.runbook));
  CO_TRY_VOID(check_overrides(request.runbook, request.options));
  CO_TRY_VOID(check_suppressions(request.fleet, conditions));
  PlanResult result;
  result.model = std::move(request.model);
  Plan& plan = result.plan;
  plan.fleet = std::move(request.fleet);
  plan.runbook = std::move(request.runbook);
  plan.options = std::move(request.options);
  plan.runbook_digest = digest(plan.runbook);
  plan.fleet_digest = digest(plan.fleet);
  plan.contention = result.model.contention;
  CO_TRY(plan.requirements, requirements_of(plan.runbook, operations));

  CO_TRY_VOID(check_order(plan.requirements));
  CO_TRY_VOID(check_server(plan.fleet, plan.requirements));
  CO_TRY(const std::vector<Target> selected, select_targets(plan.fleet, group_targets(plan.fleet), request.selection));
  const std::set<std::string> settled = request.settled.value_or(std::set<std::string>());
  CO_TRY(plan.targets, movable(plan.fleet, selected, plan.requirements, settled, result));
  if (plan.targets.empty() && request.settled) co_return result;
  if (plan.targets.empty())
    co_return Error(ErrorKind::usage,
                    fmt::format("{} selected, and none has an instance of service {} in state {}{}",
                                selected.size() == 1 ? "1 target is" : fmt::format("{} targets are", selected.size()),
                                in_quotes(plan.requirements.source_service), in_quotes(plan.requirements.source_state),
                                plan.requirements.source_server.empty() ? "" : " on server " + in_quotes(plan.requirements.source_server)),
                    is_offered(plan.fleet, plan.requirements.source_service)
                        ? "nothing is left to do: pgconvoy fleet show says what each server offers"
                        : services_of(plan.fleet));
  if (!failure_budget(plan.options.max_failures, static_cast<int>(plan.targets.size())))
    co_return Error(ErrorKind::usage, fmt::format("--max-failures {} is neither a number nor a percentage",
                                                  in_quotes(plan.options.max_failures)),
                    "--max-failures 3, or --max-failures 5%");
  if (!plan.options.waves.empty() && !wave_ends(plan.options.waves, static_cast<int>(plan.targets.size())))
    co_return Error(ErrorKind::usage, fmt::format("--waves {} is no rising list of numbers and percentages", in_quotes(plan.options.waves)),
                    "--waves 3,10,25%,100%");
  shuffle(plan.targets, plan.options.seed);
  if (request.before_reading) {
    CO_TRY_VOID(request.before_reading());
  }

  Judge judge(services, plan, operations, conditions, result.model, std::move(progress));
  if (request.sample) result.sampled_from = static_cast<int>(plan.targets.size());
  CO_TRY_VOID(co_await judge.judge(std::max(1, request.surveys), request.sample));
  arrange(plan.targets, plan.fleet, plan.options);
  co_return result;
}

}  // namespace pgconvoy

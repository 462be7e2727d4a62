// A run over very many targets on a platform that is simulated: its operations do nothing and answer at once. What is left is
// what the engine itself costs: schedule, steps, journal. See README.md.
//
//   pgconvoy_bench_scale JOURNAL TARGETS STEPS CONCURRENCY [WORKERS]
//                        makes a run in the journal, carries it out, prints figures as JSON. WORKERS of a shared journal, each
//                        with a loop, a pool and connections of its own, as separate processes have them.
#include <fmt/format.h>
#include <sys/resource.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <thread>

#include "engine/plan/run_settings.hpp"
#include "engine/run/runner.hpp"
#include "engine/run/shared_run.hpp"

using namespace pgconvoy;

namespace {

class Simulated final : public Operation {
 public:
  explicit Simulated(std::string name) : name_(std::move(name)) {}
  std::string name() const override { return name_; }
  std::string summary() const override { return "does nothing"; }
  Subject subject() const override { return Subject::environment; }
  Estimate estimate(const EstimateInput&) const override { return {1, false}; }
  Task<Result<json>> prepare(StepContext& context) override { co_return json{{"name", "pgconvoy_" + context.step.path}, {"oid", 12345}}; }
  Task<Result<json>> apply(StepContext&, json intent) override { co_return json{{"name", intent.at("name")}, {"rows", 1000}}; }
  Task<Result<Probe>> probe(StepContext&, json) override { co_return Probe{}; }
  Task<Result<std::string>> undo(StepContext&, json, json) override { co_return std::string("nothing to undo"); }

 private:
  std::string name_;
};

class NoServers final : public SessionFactory {
 public:
  Task<Result<SessionPtr>> open(ConnectionSpec, SessionOptions) override {
    co_return Error(ErrorKind::unreachable, "the platform is simulated: there is no server");
  }
};

class NoPrograms final : public ProcessLauncher {
 public:
  Task<Result<ProcessResult>> run(ProcessSpec) override { co_return Error(ErrorKind::not_found, "the platform is simulated: there are no programs"); }
  void kill_all() override {}
  void end_for(const std::string&) override {}
};

// Counts what reaches the journal: how many events share a commit.
class Counting final : public Journal {
 public:
  explicit Counting(Journal& real) : real_(real) {}
  std::int64_t commits = 0, events_written = 0;

  std::string token() const override { return real_.token(); }
  Result<std::int64_t> create_run(json plan, PlannedTargets targets, WallTime now) override { return real_.create_run(std::move(plan), std::move(targets), now); }
  Result<void> append(std::vector<Event>& events) override {
    ++commits;
    events_written += static_cast<std::int64_t>(events.size());
    return real_.append(events);
  }
  Result<std::vector<RunRecord>> runs() override { return real_.runs(); }
  Result<RunRecord> run(std::int64_t id) override { return real_.run(id); }
  Result<std::int64_t> latest_run() override { return real_.latest_run(); }
  Result<std::vector<TargetRecord>> targets(std::int64_t run, bool with_steps) override { return real_.targets(run, with_steps); }
  Result<TargetRecord> target(std::int64_t run, int number) override { return real_.target(run, number); }
  Result<json> planned_target(std::int64_t run, int number) override { return real_.planned_target(run, number); }
  Result<void> events(std::int64_t run, std::int64_t after, const std::function<bool(const Event&)>& visit) override { return real_.events(run, after, visit); }
  Result<void> own_events(std::int64_t run, std::int64_t after, const std::function<bool(const Event&)>& visit) override { return real_.own_events(run, after, visit); }
  Result<void> target_events(std::int64_t run, int target, std::int64_t after, const std::function<bool(const Event&)>& visit) override { return real_.target_events(run, target, after, visit); }
  Result<std::vector<Obligation>> obligations(bool open_only) override { return real_.obligations(open_only); }
  Result<std::vector<BackupRecord>> backups() override { return real_.backups(); }
  Result<std::vector<std::string>> verify() override { return real_.verify(); }
  Result<void> lock_run(std::int64_t id) override { return real_.lock_run(id); }

 private:
  Journal& real_;
};

constexpr int kRegions = 4;

void add_target(Plan& plan, int number, int steps) {
  const std::string region = fmt::format("region-{}", number % kRegions);
  PlannedTarget planned;
  planned.number = number;
  planned.target.id = fmt::format("app-{}-live", number);
  planned.target.region = region;
  planned.target.environments = {planned.target.id};
  planned.bytes = 10'000'000;
  planned.seconds = steps;
  planned.steps.reserve(steps);
  for (int step = 1; step <= steps; ++step) {
    StepPlan made;
    made.operation = fmt::format("simulated_{}", step);
    made.subject = planned.target.id;
    made.path = made.operation + "@" + made.subject;
    made.arguments = json::object();
    made.seconds = 1;
    planned.steps.push_back(std::move(made));
  }
  Environment environment;
  environment.id = planned.target.id;
  environment.region = region;
  environment.application = fmt::format("app-{}", number);
  plan.fleet.environments.emplace_hint(plan.fleet.environments.end(), environment.id, std::move(environment));
  plan.fleet.regions[region].id = region;
  plan.targets.push_back(std::move(planned));
}

template <class T>
T must(Result<T> result) {
  if (result) return *std::move(result);
  std::cerr << describe(result.error()) << "\n";
  std::exit(1);
}

double seconds_since(std::chrono::steady_clock::time_point begun) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
}

// How the run ended. As one of several workers, or alone.
std::string carry_out(Journal& journal, Plan plan, const OperationRegistry& operations, std::int64_t run, bool beside_others) {
  asio::io_context loop{1};
  asio::thread_pool pool{2};
  SystemClock clock;
  NoServers sessions;
  auto processes = make_process_launcher();
  AppControllers controllers;
  controllers.add("none", make_none_controller());
  Provisioners provisioners{nullptr};
  PoolerControllers poolers;
  Credentials credentials{*processes};
  ConditionRegistry conditions;
  Runner runner(Services{pool, clock, sessions, *processes, controllers, provisioners, poolers, credentials}, journal, operations, conditions, {});
  RunRequest request;
  request.run = run;
  std::unique_ptr<LeaseKeeper> keeper;
  std::unique_ptr<SharedRun> part;
  if (SharedJournal* const in_common = beside_others ? shared(journal) : nullptr) {
    const auto worker = this_worker();
    keeper = in_common->keep_leases(worker, Seconds(30), [&] { asio::post(loop, [&runner] { runner.look_again(); }); });
    part = std::make_unique<SharedRun>(SharedRun{*in_common, *keeper, worker, Seconds(30)});
    part->may_start = true;
    request.shared = part.get();
  }
  std::string state;
  asio::co_spawn(loop, runner.run(std::move(plan), request), [&](std::exception_ptr bug, Result<RunState> ended) {
    state = bug ? "a bug" : ended ? to_string(*ended) : describe(ended.error());
    loop.stop();
  });
  loop.run();
  keeper.reset();
  return state;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5 && argc != 6) {
    std::cerr << "pgconvoy_bench_scale JOURNAL TARGETS STEPS CONCURRENCY [WORKERS]\n";
    return 2;
  }
  const int targets = std::atoi(argv[2]), steps = std::atoi(argv[3]), concurrency = std::atoi(argv[4]);
  auto real = must(open_journal(argv[1], OpenMode::create));
  Counting journal(*real);
  OperationRegistry operations;
  for (int step = 1; step <= steps; ++step) operations.add(std::make_unique<Simulated>(fmt::format("simulated_{}", step)));

  const auto begun_planning = std::chrono::steady_clock::now();
  Plan plan;
  plan.runbook.name = "simulated";
  plan.options.concurrency = plan.options.concurrency_per_region = concurrency;
  plan.options.waves = "3,10,25%,100%";
  // What the host offers is asked for each target, as always: of PostgreSQL's own programs, not of scripts in front of them.
  plan.requirements.target_service = "postgresql-database-15";
  plan.targets.reserve(targets);
  for (int number = 1; number <= targets; ++number) add_target(plan, number, steps);
  std::int64_t run = 0;
  {
    const auto target = [&plan](std::size_t index) { return json(plan.targets[index]); };
    run = must(journal.create_run(plan_header(plan), PlannedTargets(plan.targets.size(), target), std::chrono::system_clock::now()));
  }
  const double planned_in = seconds_since(begun_planning);

  const int workers = argc > 5 ? std::atoi(argv[5]) : 1;
  std::string state;
  const auto begun = std::chrono::steady_clock::now();
  if (argc > 5) {
    std::vector<std::thread> threads;
    std::vector<std::string> states(workers);
    for (int number = 0; number < workers; ++number)
      threads.emplace_back([&, number] {
        auto own = must(open_journal(argv[1], OpenMode::read_write));
        states[number] = carry_out(*own, plan, operations, run, true);
      });
    for (std::thread& thread : threads) thread.join();
    for (const std::string& each : states)
      if (state.empty() || each != "succeeded") state = each;
  } else {
    state = carry_out(journal, std::move(plan), operations, run, false);
  }
  const double took = seconds_since(begun);
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  std::cout << json{{"state", state}, {"targets", targets}, {"steps", steps}, {"planned_seconds", planned_in}, {"seconds", took},
                    {"ms_per_target", 1000 * took / targets}, {"workers", workers}, {"step_commits_per_second", targets * steps / took}, {"commits", journal.commits}, {"events", journal.events_written},
                    {"events_per_commit", static_cast<double>(journal.events_written) / static_cast<double>(std::max<std::int64_t>(1, journal.commits))},
                    {"peak_mb", static_cast<double>(usage.ru_maxrss) / 1024}}
                   .dump()
            << "\n";
  return state == "succeeded" ? 0 : 1;
}

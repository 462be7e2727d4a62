// A journal of a large run in the middle of its night, for the web page's tests: nothing is moved, events are written as a run would.
//
//   pgconvoy_fleet_journal JOURNAL TARGETS [SECONDS]
//                        two hours of events; then, holding the run's lock, more of them for that long, as a run that goes on
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <deque>
#include <iostream>
#include <random>
#include <thread>

#include "engine/journal/journal.hpp"
#include "engine/plan/plan.hpp"

using namespace pgconvoy;

namespace {

constexpr int kInFlight = 36;
const char* const kSteps[] = {"reprovision_collected_instances", "with_maintenance_page/page_on", "with_maintenance_page/fence_source",
                              "with_maintenance_page/backup_collected_services", "with_maintenance_page/restore_backup_to_reprovisioned_services",
                              "with_maintenance_page/verify_restored_services", "with_maintenance_page/redeploy", "with_maintenance_page/page_off"};
const char* const kRegions[] = {"eu-west", "eu-north", "us-east", "us-west", "ap-south", "sa-east"};

template <class T>
T must(Result<T> result) {
  if (result) {
    if constexpr (std::is_void_v<T>)
      return;
    else
      return *std::move(result);
  }
  std::cerr << describe(result.error()) << "\n";
  std::exit(1);
}

class Night {
 public:
  Night(Journal& journal, int targets) : journal_(journal), targets_(targets), random_(7) {}

  void plan() {
    Plan plan;
    plan.runbook.name = "postgres-13-to-15";
    plan.runbook_digest = "of a simulated run";
    plan.options.concurrency = kInFlight;
    plan.options.concurrency_per_region = 8;
    plan.forecast = {{"seconds", {{"p10", 9000}, {"p50", 10800}, {"p90", 13000}}}};
    for (const char* region : kRegions) plan.fleet.regions[region].id = region;
    const auto target = [this](std::size_t index) { return json(planned(static_cast<int>(index) + 1)); };
    run_ = must(journal_.create_run(plan_header(plan), PlannedTargets(static_cast<std::size_t>(targets_), target), WallTime(std::chrono::system_clock::now()) - std::chrono::hours(3)));
  }

  // Up to two thirds of the targets, in the last two hours.
  void past() {
    const auto now = std::chrono::system_clock::now();
    at_ = now - std::chrono::hours(2) - std::chrono::seconds(60);  // nothing of it ends in the future
    say(0, EventKind::run_started, {}, {{"host", "here"}, {"pid", 1}, {"version", "0"}});
    const int done = targets_ * 2 / 3;
    const auto step = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::hours(2)) / std::max(1, done);
    for (int number = 1; number <= done; ++number) {
      at_ = std::min<WallTime>(now - std::chrono::seconds(1), at_ + step);
      begin(number);
      whole(number);
      if (events_.size() > 4000) write();
    }
    at_ = now - std::chrono::seconds(90);
    for (int number = done + 1; number <= std::min(targets_, done + kInFlight); ++number) {
      begin(number);
      flying_.push_back({number, 0});
      for (int moves = static_cast<int>(random_() % 14); moves > 0; --moves) advance();
    }
    next_ = done + kInFlight + 1;
    write();
  }

  // About forty events a second.
  void goes_on(double seconds) {
    const auto until = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
    while (std::chrono::steady_clock::now() < until && !flying_.empty()) {
      at_ = std::chrono::system_clock::now();
      for (int i = 0; i < 2; ++i) {
        std::shuffle(flying_.begin(), flying_.end(), random_);
        advance();
      }
      write();
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
  }

  std::int64_t run() const { return run_; }

 private:
  struct Flying {
    int number, step;
  };

  PlannedTarget planned(int number) {
    PlannedTarget planned;
    planned.number = number;
    planned.target.id = fmt::format("app-{:05}-live", number);
    planned.target.region = kRegions[number % 6];
    planned.target.environments = {planned.target.id};
    planned.bytes = static_cast<std::int64_t>(1) << (20 + random_() % 14);
    planned.seconds = 12 + static_cast<double>(random_() % 400) / 10;
    planned.seconds_p90 = planned.seconds * 1.8;
    planned.paused_seconds = planned.seconds * 0.6;
    planned.paused_p90 = planned.seconds * 1.1;
    for (const char* path : kSteps) {
      StepPlan step;
      step.path = path;
      step.operation = step.path.substr(step.path.rfind('/') == std::string::npos ? 0 : step.path.rfind('/') + 1);
      step.arguments = json::object();
      step.seconds = planned.seconds / 8;
      step.while_paused = step.path.starts_with("with");
      planned.steps.push_back(std::move(step));
    }
    if (is_blocked(number)) {
      Finding finding;
      finding.severity = Severity::block;
      finding.condition = "client_speaks_target_authentication";
      finding.object = "environment " + planned.target.id;
      finding.cause = number % 2 ? "libpq 9.6 can't speak scram-sha-256" : "libpq 9.4 can't speak scram-sha-256";
      finding.why = "PostgreSQL 14 made scram-sha-256 the default";
      finding.remedy = "build the image with libpq 10 or newer";
      planned.findings.push_back(std::move(finding));
    }
    return planned;
  }

  static bool is_blocked(int number) { return number % 61 == 0; }

  void say(int target, EventKind kind, const std::string& step = {}, json data = json::object(), int attempt = 0) {
    Event event;
    event.run = run_;
    event.target = target;
    event.kind = kind;
    event.step = step;
    event.attempt = attempt;
    event.epoch = target == 0 ? 0 : 1;
    event.at = at_;
    event.data = std::move(data);
    events_.push_back(std::move(event));
  }

  void begin(int number) { say(number, EventKind::target_claimed, {}, {{"host", "here"}, {"pid", 1}, {"worker", "w"}}); }

  void start(int number, const char* step) { say(number, EventKind::step_started, step, {{"intent", {{"server", "eu-pg13"}}}}, 1); }
  void succeed(int number, const std::string& step) {
    json outcome{{"server", "eu-pg15"}};
    if (step.ends_with("verify_restored_services")) outcome = {{"rows", 10000 + number}, {"bytes", 1 << 20}, {"tables", 17}, {"objects", 40}, {"large_objects", 0}};
    say(number, EventKind::step_succeeded, step, {{"outcome", std::move(outcome)}, {"seconds", 2.0}}, 1);
  }

  void fail(int number, const char* step, const char* message) {
    say(number, EventKind::step_failed, step, {{"error", {{"kind", "sql"}, {"message", message}, {"sqlstate", "54000"}}}}, 1);
    say(number, EventKind::target_rolling_back, {}, {{"error", {{"kind", "sql"}, {"message", message}}}, {"step", step}});
  }

  // All of a target's events, with times that go on from its start.
  void whole(int number) {
    const WallTime begun = at_;
    const auto pass = [&] { at_ += std::chrono::milliseconds(500 + random_() % 6000); };
    if (is_blocked(number)) {
      say(number, EventKind::target_skipped, {}, {{"reason", "a precondition blocks"}, {"findings", json(planned(number).findings)}});
      at_ = begun;
      return;
    }
    const bool fails = number % 97 == 0;
    for (const char* step : kSteps) {
      start(number, step);
      pass();
      if (fails && std::string(step).find("restore_backup") != std::string::npos) {
        fail(number, step, number % 2 ? "index row size 3048 exceeds btree version 4 maximum 2704 for index \"orders_note_idx\"" : "could not connect to server: Connection refused");
        if (number % (97 * 12) == 0) {
          say(number, EventKind::undo_started, step, json::object(), 1);
          say(number, EventKind::undo_failed, step, {{"error", {{"kind", "unreachable"}, {"message", "server eu-pg13 does not answer"}}}}, 1);
          say(number, EventKind::target_stuck, {}, {{"reason", "the undo failed: server eu-pg13 does not answer"}, {"live_database", "none, the page is on"}});
        } else {
          for (int back = 4; back >= 0; --back) {
            say(number, EventKind::undo_started, kSteps[back], json::object(), 1);
            say(number, EventKind::step_undone, kSteps[back], {{"detail", "nothing is left of it"}}, 1);
          }
          say(number, EventKind::target_rolled_back);
        }
        at_ = begun;
        return;
      }
      succeed(number, step);
    }
    say(number, EventKind::target_succeeded);
    at_ = begun;
  }

  // One event of the target that is first in line.
  void advance() {
    if (flying_.empty()) return;
    Flying& flying = flying_.back();
    const char* step = kSteps[flying.step / 2];
    if (flying.step % 2 == 0)
      start(flying.number, step);
    else
      succeed(flying.number, step);
    if (++flying.step < 16) return;
    say(flying.number, EventKind::target_succeeded);
    flying_.pop_back();
    if (next_ > targets_) return;
    begin(next_);
    flying_.push_back({next_++, 0});
  }

  void write() {
    must(journal_.append(events_));
    events_.clear();
  }

  Journal& journal_;
  const int targets_;
  std::mt19937 random_;
  std::int64_t run_ = 0;
  int next_ = 0;
  WallTime at_;
  std::vector<Event> events_;
  std::deque<Flying> flying_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::cerr << "pgconvoy_fleet_journal JOURNAL TARGETS [SECONDS]\n";
    return 2;
  }
  auto journal = must(open_journal(argv[1], OpenMode::create));
  Night night(*journal, std::atoi(argv[2]));
  night.plan();
  night.past();
  std::cout << "ready" << std::endl;
  if (argc > 3) {
    must(journal->lock_run(night.run()));
    night.goes_on(std::atof(argv[3]));
  }
  return 0;
}

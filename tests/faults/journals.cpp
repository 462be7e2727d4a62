#include "tests/faults/faults.hpp"

namespace pgconvoy::faults {
namespace {

// A journal that can't be written is one whose disk is full.
Error disk_full(const std::string& what) { return Error(ErrorKind::io, "the disk is full, says a test: " + what); }

class FaultyJournal final : public Journal {
 public:
  FaultyJournal(Faults& faults, std::unique_ptr<Journal> real) : faults_(faults), real_(std::move(real)) {}

  std::string token() const override { return real_->token(); }
  Result<std::int64_t> create_run(json plan, PlannedTargets targets, WallTime now) override {
    return commit<std::int64_t>("create_run", [&] { return real_->create_run(std::move(plan), std::move(targets), now); });
  }
  Result<void> append(std::vector<Event>& events) override {
    std::string what;
    for (const Event& event : events)
      what += std::string(what.empty() ? "" : ", ") + to_string(event.kind) + (event.step.empty() ? "" : " " + event.step);
    return commit<void>(what, [&] { return real_->append(events); });
  }
  Result<std::vector<RunRecord>> runs() override { return real_->runs(); }
  Result<RunRecord> run(std::int64_t id) override { return real_->run(id); }
  Result<std::int64_t> latest_run() override { return real_->latest_run(); }
  Result<std::vector<TargetRecord>> targets(std::int64_t run, bool with_steps) override { return real_->targets(run, with_steps); }
  Result<TargetRecord> target(std::int64_t run, int number) override { return real_->target(run, number); }
  Result<json> planned_target(std::int64_t run, int number) override { return real_->planned_target(run, number); }
  Result<void> events(std::int64_t run, std::int64_t after_sequence, const std::function<bool(const Event&)>& visit) override {
    return real_->events(run, after_sequence, visit);
  }
  Result<std::vector<Obligation>> obligations(bool open_only) override { return real_->obligations(open_only); }
  Result<std::vector<BackupRecord>> backups() override { return real_->backups(); }
  Result<std::vector<std::string>> verify() override { return real_->verify(); }
  Result<void> lock_run(std::int64_t id) override { return real_->lock_run(id); }

 private:
  template <class T, class Call>
  Result<T> commit(const std::string& what, Call call) {
    const Act act = faults_.at("journal", what);
    if (act == Act::exit_before) end_process();
    if (act == Act::refuse) return disk_full(what);
    auto result = call();
    if (act == Act::exit_after || act == Act::exit_during) end_process();
    if (act == Act::lose) {
      Error unknown = disk_full(what);
      unknown.outcome_unknown = true;
      return unknown;
    }
    return result;
  }

  Faults& faults_;
  std::unique_ptr<Journal> real_;
};

}  // namespace

std::unique_ptr<Journal> with_faults(Faults& faults, std::unique_ptr<Journal> real) {
  return std::make_unique<FaultyJournal>(faults, std::move(real));
}

}  // namespace pgconvoy::faults

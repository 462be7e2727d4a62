#include "cli/run_loop.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <map>

#include "cli/hooks.hpp"
#include "cli/intent_watch.hpp"
#include "cli/open_run.hpp"
#include "cli/operator_name.hpp"
#include "cli/passed_on_progress.hpp"
#include "cli/owner_notices.hpp"
#include "cli/patient_output.hpp"
#include "cli/progress.hpp"
#include "cli/shared_part.hpp"
#include "cli/show_report.hpp"
#include "cli/stop_signals.hpp"
#include "engine/report/run_summary.hpp"
#include "engine/report/text.hpp"
#include "engine/run/rehearsal.hpp"

namespace pgconvoy::cli {
namespace {

std::string resume_command(const GlobalOptions& globals, std::int64_t run) {
  return fmt::format("pgconvoy resume r{}{}", run, globals.journal_option());
}

// Skipped before anything was done, because a precondition blocks.
bool is_blocked(const TargetRecord& target) {
  return target.state == TargetState::skipped && target.reason.is_object() && target.reason.contains("findings");
}

// Why targets were let go of before their end.
class LeftBecause final : public RunListener {
 public:
  void journaled(const Event& event) override {
    if (event.kind == EventKind::target_claimed) reasons_.erase(event.target);
    if (event.kind == EventKind::note && event.step.empty() && event.data.contains("error"))
      reasons_[event.target] = event.data["error"].value("message", "");
  }
  void progressed(int, const std::string&, const Progress&) override {}
  const std::map<int, std::string>& reasons() const { return reasons_; }

 private:
  std::map<int, std::string> reasons_;
};

// This process goes on with the run: a pause is over, and what was cancelled stays so unless targets are taken up again.
Result<void> settle_intent(Journal& journal, RunRequest& request) {
  TRY(const RunRecord record, journal.run(request.run));
  if (record.intent == RunIntent::none) return {};
  const bool taken_up_again = request.direction == Direction::forward && request.include_ended;
  if (record.intent == RunIntent::cancel && !taken_up_again) {
    TRY(const JournaledIntent last, last_intent(journal, request.run));
    if (request.cancel != CancelMode::rollback) request.cancel = last.mode;
    return {};
  }
  Event event;
  event.run = request.run;
  event.kind = EventKind::run_intent;
  event.at = journal.now();
  event.data = {{"intent", "none"}, {"by", operator_name()}};
  std::vector<Event> events{std::move(event)};
  return journal.append(events);
}

// A pause or cancel that came too late, or held back a retry only: the run is over as if nobody had said so.
Result<void> take_off_what_came_too_late(Journal& journal, std::int64_t run, RunState ended_as) {
  if (ended_as != RunState::succeeded && ended_as != RunState::finished_with_failures) return {};
  TRY(const RunRecord record, journal.run(run));
  if (record.intent == RunIntent::none) return {};
  Event event;
  event.run = run;
  event.kind = EventKind::run_intent;
  event.at = journal.now();
  event.data = {{"intent", "none"}, {"by", operator_name()}, {"reason", "nothing of the run is left that it could hold back"}};
  std::vector<Event> events{std::move(event)};
  return journal.append(events);
}

// On stderr whatever else is shown: why the run stopped before its end.
std::string halted_text(const std::vector<TargetRecord>& targets, const LeftBecause& because, const GlobalOptions& globals,
                        std::int64_t run, bool stopped, const std::vector<Wait>& waits) {
  const auto left = std::count_if(targets.begin(), targets.end(), is_left);
  const auto pending = std::count_if(targets.begin(), targets.end(),
                                     [](const TargetRecord& target) { return target.state == TargetState::pending; });
  std::string text = fmt::format("r{} is halted: {} left\n", run, report::count(left, "target"));
  for (const TargetRecord& target : targets)
    if (const auto known = because.reasons().find(target.number); known != because.reasons().end() && is_left(target))
      text += fmt::format("  {}: {}\n", report::shown(target.id), report::shown(known->second));
  if (pending > 0 && !stopped)
    for (const Wait& wait : waits) text += fmt::format("  {} not started: {}\n", wait.targets, report::shown(wait.text));
  // A report in text ends with the command.
  if (!globals.output.text()) text += fmt::format("  {}\n", resume_command(globals, run));
  return text;
}

// Of a retry or rollback that was told to stop: a resume has nothing to go on with, the same command has.
std::string held_back_text(int count, const RunRequest& request, const GlobalOptions& globals) {
  const bool back = request.direction == Direction::backward;
  return fmt::format("{} not {}, and as before. Go on with:\n  pgconvoy {} r{}{}\n", report::count(count, "target"),
                     back ? "rolled back" : "retried", back ? "rollback" : "retry", request.run, globals.journal_option());
}

}  // namespace

bool is_undone_as_asked(const TargetRecord& target) {
  if (target.state != TargetState::rolled_back || !target.reason.is_object()) return false;
  const json error = target.reason.value("error", json());
  return error.is_object() && error.value("kind", "") == to_string(ErrorKind::cancelled);
}

bool is_left(const TargetRecord& target) {
  return target.state == TargetState::pending || target.state == TargetState::running ||
         target.state == TargetState::rolling_back;
}

int exit_code_of_run(const std::vector<TargetRecord>& targets, RunState state, const RunRequest& request, bool interrupted,
                     bool held_back) {
  if (held_back) return interrupted ? kInterrupted : kHalted;
  std::vector<const TargetRecord*> asked;
  for (const TargetRecord& target : targets)
    if (request.only.empty() || request.only.count(target.number)) asked.push_back(&target);
  const auto all = [&](auto predicate) { return std::all_of(asked.begin(), asked.end(), predicate); };
  const auto any = [&](auto predicate) { return std::any_of(asked.begin(), asked.end(), predicate); };
  if (request.direction == Direction::backward) {
    const bool undone = all([](const TargetRecord* target) {
      return target->state == TargetState::rolled_back || target->state == TargetState::skipped ||
             target->state == TargetState::pending;
    });
    if (undone) return kSuccess;
    if (interrupted) return kInterrupted;
    const bool waits = any([](const TargetRecord* target) {
      return target->state == TargetState::running || target->state == TargetState::rolling_back ||
             target->state == TargetState::succeeded;
    });
    return state == RunState::halted && waits ? kHalted : kSomeFailed;
  }
  if (state == RunState::cancelled) return kHalted;
  const bool left = any([](const TargetRecord* target) { return is_left(*target); });
  if (left && interrupted) return kInterrupted;
  if (left || (state == RunState::halted && request.only.empty())) return kHalted;
  // What was rolled back as asked is as it was asked for, also when a resume had to finish it.
  if (all([](const TargetRecord* target) { return target->state == TargetState::succeeded || is_undone_as_asked(*target); }))
    return kSuccess;
  if (all([](const TargetRecord* target) { return is_blocked(*target); })) return kBlocked;
  return kSomeFailed;
}

int run_to_end(Application& application, const GlobalOptions& globals, Journal& journal, Plan plan, RunRequest request) {
  const Output& output = globals.output;
  SharedJournal* const in_common = shared(journal);
  // Whatever isn't the run as a whole, forward, is one process's alone.
  const bool with_others = in_common != nullptr && request.direction == Direction::forward && request.only.empty() && !request.include_ended;
  auto locked = with_others ? in_common->join_run(request.run) : lock_run(journal, globals, request.run);
  if (!locked) return fail(output, locked.error());
  auto records = journal.targets(request.run, false);
  if (!records) return fail(output, records.error());

  if (request.direction == Direction::forward && request.only.empty() && plan.fleet.notices != Notices{})
    if (auto told = tell_owners(application, journal, request.run, std::chrono::system_clock::now()); !told) return fail(output, told.error());
  std::int64_t known = 0;
  if (auto read = journal.own_events(request.run, 0, [&](const Event& event) { return known = event.sequence, true; }); !read)
    return fail(output, read.error());
  if (auto settled = settle_intent(journal, request); !settled) return fail(output, settled.error());
  const PatientOutput patient;
  auto progress = make_progress(application.loop().get_executor(), output, plan, *records, request.run);
  LeftBecause because;
  application.show_programs(output.verbose);
  std::vector<std::string> target_ids, warnings;
  for (const PlannedTarget& planned : plan.targets) target_ids.push_back(planned.target.id);
  // A line in the middle of the board would tear it.
  const auto warn = [&warnings](const std::string& warning) {
    const std::string line = "warning: " + warning + "\n";
    if (stderr_is_terminal()) warnings.push_back(line);
    else write_error(line);
  };
  Hooks hooks(application.loop().get_executor(), application.pool(), application.processes(), plan.fleet, std::move(target_ids),
              application.program_log(), warn);
  if (is_rehearsal(plan.runbook.name)) hooks.of_rehearsal();
  Runner* told = nullptr;
  IntentWatch watch(application.loop(), application.pool(), journal, globals.journal_uri(), request.run,
                    [&](const JournaledIntent& intent) {
                      const bool known = request.cancel && (request.cancel == CancelMode::rollback || intent.mode == CancelMode::leave);
                      if (intent.intent == RunIntent::none || (intent.intent == RunIntent::cancel && known)) return;
                      if (intent.intent == RunIntent::pause) told->pause();
                      else told->cancel(intent.mode);
                      progress->stopping(progress->in_flight());
                    },
                    [&](const Event& word, bool tells) {
                      // Of a notice its hooks were told where it was journaled.
                      if (tells && word.sequence > known && word.kind != EventKind::owner_notice) hooks.journaled(word);
                      if (word.kind == EventKind::run_intent) return;
                      progress->journaled(word);
                      told->hear(word);
                    });
  std::unique_ptr<SharedPart> part;
  if (in_common != nullptr) {
    part = std::make_unique<SharedPart>(application.loop(), *in_common, request.lease, std::set<std::string>(), [&] {
      watch.poke();
      if (told != nullptr) told->look_again();
    });
    part->run().may_start = part->run().halts = true;
    part->run().clock = &application.clock();
    if (with_others) request.shared = &part->run();
  }
  PassedOnProgress passed_on(globals.journal_uri(), request.run);
  Runner runner(application.services(), journal, application.operations(), application.conditions(),
                {progress.get(), &because, &hooks, &watch, &passed_on});
  told = &runner;
  if (in_common != nullptr) watch.begin(known);
  StopSignals signals(
      application.loop(),
      [&] {
        runner.stop();
        progress->stopping(progress->in_flight());
      },
      [&] {
        application.processes().kill_all();
        progress->finish();
        write_error(fmt::format("stopped at once; what was in flight is as the journal says. Go on with:\n  {}\n",
                                resume_command(globals, request.run)));
        PatientOutput::flush(Seconds(1));
        _exit(kInterrupted);
      });
  auto state = application.wait(runner.run(std::move(plan), request));
  (void)application.wait(watch.finish());
  application.wait(hooks.finish());
  told = nullptr;
  if (with_others) in_common->leave_run(request.run);
  progress->finish();
  for (const std::string& warning : warnings) write_error(warning);
  if (!state) {
    print_error(output, state.error());
    write_error(fmt::format("  what was in flight is as the journal says; when it can be written again:\n  {}\n",
                            resume_command(globals, request.run)));
    return kHalted;
  }
  if (auto late = take_off_what_came_too_late(journal, request.run, *state); !late) return fail(output, late.error());
  auto shown = show_report(globals, journal, request.run, request.only);
  if (!shown) return fail(output, shown.error());
  auto after = journal.targets(request.run, false);
  if (!after) return fail(output, after.error());
  const int held_back = runner.not_begun();
  const int code = exit_code_of_run(*after, *state, request, signals.seen(), held_back > 0);
  // The report above ends with the command; JSON may have gone into a file.
  if (held_back > 0)
    write_error(held_back_text(held_back, request, globals));
  else if (code == kInterrupted)
    write_error(fmt::format("interrupted; {} left{}\n", std::count_if(after->begin(), after->end(), is_left),
                            output.text() ? "" : ". Go on with:\n  " + resume_command(globals, request.run)));
  if (*state == RunState::cancelled && request.direction == Direction::forward)
    write_error(fmt::format("r{} is cancelled: {} not started\n", request.run, report::count(std::count_if(after->begin(), after->end(), report::is_cancelled), "target")));
  else if (*state == RunState::running)
    write_error(fmt::format("this process has left r{}, others go on with it: pgconvoy status r{}{}\n", request.run, request.run, globals.journal_option()));
  else if (code == kHalted && held_back == 0)
    write_error(halted_text(*after, because, globals, request.run, signals.seen() || runner.stopping(), runner.waits()));
  return code;
}

}  // namespace pgconvoy::cli

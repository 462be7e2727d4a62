#include <fmt/format.h>

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>

#include <algorithm>

#include "cli/application.hpp"
#include "cli/commands.hpp"
#include "cli/hooks.hpp"
#include "cli/intent_watch.hpp"
#include "cli/progress.hpp"
#include "cli/shared_part.hpp"
#include "cli/stop_signals.hpp"
#include "engine/run/rehearsal.hpp"
#include "engine/run/runner.hpp"

namespace pgconvoy::cli {
namespace {

struct WorkerOptions {
  std::vector<std::string> regions;
  std::string run, lease;
};

// A process that takes targets of runs as they come, until it is told to stop.
class Work {
 public:
  Work(const GlobalOptions& globals, SharedJournal& journal, Seconds lease, std::set<std::string> regions)
      : globals_(globals), journal_(journal), application_(globals.seams), wakeup_(application_.loop()),
        part_(application_.loop(), journal, lease, std::move(regions), [this] { told(); }),
        signals_(application_.loop(), [this] { stop(); }, [this] { stop_at_once(); }) {}

  // `only`: this run, until it is over; 0: whatever there is, until told to stop. Returns the exit code.
  int until_stopped(std::int64_t only) {
    if (globals_.output.text() && !globals_.output.quiet)
      write_out(fmt::format("worker {} waits for targets\n", part_.run().worker.id));
    while (!stopping_) {
      auto done = serve(only);
      if (!done) {
        print_error(globals_.output, done.error());
        if (done.error().kind != ErrorKind::unreachable && done.error().kind != ErrorKind::conflict) return kSomeFailed;
        sleep(Seconds(1));
      } else if (*done && only != 0) {
        return kSuccess;
      } else if (*done) {
        sleep(Seconds(5));
      }
    }
    return kSuccess;
  }

 private:
  void told() {
    if (watch_) watch_->poke();
    if (runner_) runner_->look_again();
    wakeup_.cancel();
  }
  void stop() {
    stopping_ = true;
    if (runner_) runner_->stop();
    wakeup_.cancel();
  }
  void stop_at_once() {
    application_.processes().kill_all();
    write_error("stopped at once; another worker goes on when the leases have ended\n");
    _exit(kInterrupted);
  }

  Task<Result<void>> wait(Seconds seconds) {
    wakeup_.expires_after(std::chrono::duration_cast<SteadyTime::duration>(seconds));
    boost::system::error_code ignored;
    if (!stopping_) co_await wakeup_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    co_return Result<void>();
  }
  void sleep(Seconds seconds) { (void)application_.wait(wait(seconds)); }

  // One round. True: there is nothing to do.
  Result<bool> serve(std::int64_t only) {
    TRY(std::vector<RunRecord> runs, journal_.runs());
    std::erase_if(runs, [&](const RunRecord& run) { return run.state != RunState::running || (only != 0 && run.id != only); });
    std::reverse(runs.begin(), runs.end());  // the oldest first
    for (const RunRecord& run : runs) {
      if (stopping_) break;
      TRY_VOID(take_part(run, runs.size() == 1));
    }
    return runs.empty() && !stopping_;
  }

  Result<void> take_part(const RunRecord& record, bool waits) {
    TRY(const RunRecord whole, journal_.run(record.id));
    TRY(Plan plan, load_plan(journal_, whole));
    RunRequest request;
    request.run = record.id;
    std::int64_t known = 0;
    JournaledIntent intent;
    TRY_VOID(journal_.own_events(record.id, 0, [&](const Event& event) {
      known = event.sequence;
      if (event.kind == EventKind::run_intent) intent = intent_in(event);
      return true;
    }));
    if (intent.intent == RunIntent::cancel) request.cancel = intent.mode;
    auto joined = journal_.join_run(record.id);
    if (!joined && joined.error().kind == ErrorKind::refused) {
      sleep(Seconds(1));  // somebody has it for himself: a retry, a rollback
      return {};
    }
    if (!joined) return joined.error();
    TRY(const std::vector<TargetRecord> records, journal_.targets(record.id, false));
    auto progress = make_progress(application_.loop().get_executor(), globals_.output, plan, records, record.id);
    std::vector<std::string> target_ids;
    for (const PlannedTarget& planned : plan.targets) target_ids.push_back(planned.target.id);
    Hooks hooks(application_.loop().get_executor(), application_.pool(), application_.processes(), plan.fleet, std::move(target_ids),
                application_.program_log(), [](const std::string& warning) { write_error("warning: " + warning + "\n"); });
    if (is_rehearsal(plan.runbook.name)) hooks.of_rehearsal();
    IntentWatch watch(application_.loop(), application_.pool(), journal_, globals_.journal_uri(), record.id,
                      [this](const JournaledIntent& said) {
                        if (said.intent == RunIntent::cancel) runner_->cancel(said.mode);
                      },
                      [&progress, &hooks](const Event& word, bool tells) {
                        if (tells && word.kind != EventKind::owner_notice) hooks.journaled(word);
                        progress->journaled(word);
                      });
    Runner runner(application_.services(), journal_, application_.operations(), application_.conditions(), {progress.get(), &hooks, &watch});
    part_.run().waits = waits;
    part_.run().clock = &application_.clock();
    request.shared = &part_.run();
    runner_ = &runner;
    watch_ = &watch;
    watch.begin(known);
    auto state = application_.wait(runner.run(std::move(plan), request));
    (void)application_.wait(watch.finish());
    application_.wait(hooks.finish());
    runner_ = nullptr;
    watch_ = nullptr;
    progress->finish();
    journal_.leave_run(record.id);
    if (!state) return state.error();
    if (*state == RunState::running && !waits && !stopping_) sleep(Seconds(1));
    return {};
  }

  const GlobalOptions& globals_;
  SharedJournal& journal_;
  Application application_;
  asio::steady_timer wakeup_;
  SharedPart part_;
  Runner* runner_ = nullptr;
  IntentWatch* watch_ = nullptr;
  bool stopping_ = false;
  StopSignals signals_;
};

int worker(const GlobalOptions& globals, const WorkerOptions& options) {
  auto lease = lease_of(options.lease);
  if (!lease) return fail(globals.output, lease.error());
  auto journal = open_journal(globals, OpenMode::read_write);
  if (!journal) return fail(globals.output, journal.error());
  SharedJournal* const in_common = shared(**journal);
  if (in_common == nullptr)
    return fail(globals.output, Error(ErrorKind::usage, "a journal in a file belongs to one process: workers need one in PostgreSQL",
                                      "--journal postgresql://user@host:port/database, or PGCONVOY_JOURNAL"));
  std::int64_t run = 0;
  if (!options.run.empty()) {
    auto found = find_run(**journal, options.run);
    if (!found) return fail(globals.output, found.error());
    run = *found;
  }
  return Work(globals, *in_common, *lease, {options.regions.begin(), options.regions.end()}).until_stopped(run);
}

}  // namespace

void add_worker(CLI::App& app, Invocation& invocation) {
  CLI::App* command = app.add_subcommand("worker", "Take targets of runs in a shared journal, beside other workers, until told to stop");
  auto options = std::make_shared<WorkerOptions>();
  command->add_option("--region", options->regions, "Only targets of this region (may be repeated)")
      ->type_name("REGION")->group("Selection")->allow_extra_args(false);
  command->add_option("--run", options->run, "Only this run, and end with it (default: the oldest that is under way, then the next)")
      ->type_name("RUN")->group("Selection");
  add_lease(*command, options->lease);
  add_globals(*command, invocation.globals);
  add_log_format(*command, invocation.globals);
  command->footer(
      "Examples:\n"
      "  pgconvoy worker --journal postgresql://convoy@journal.example:5432/convoy\n"
      "  pgconvoy worker --journal postgresql://convoy@a,b:5432/convoy --region eu-west\n"
      "A run is begun by pgconvoy run, which is a worker itself, or by pgconvoy run --detach.\n"
      "Ctrl-C once: takes nothing new and ends with what is in flight. Twice: ends at once; others go on when its leases have ended.");
  command->callback(
      [&invocation, options] { invocation.action = [&invocation, options] { return worker(invocation.globals, *options); }; });
}

}  // namespace pgconvoy::cli

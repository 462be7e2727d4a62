#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "cli/application.hpp"
#include "cli/backup_pruning.hpp"
#include "cli/commands.hpp"
#include "cli/open_run.hpp"
#include "cli/show_report.hpp"
#include "cli/target_event.hpp"
#include "engine/report/table.hpp"
#include "operations/drop_source.hpp"
#include "operations/verify_after_pivot.hpp"

namespace pgconvoy::cli {
namespace {

struct Due {
  Obligation obligation;
  std::int64_t run = 0;
  int target = 0;
  DropOrder order;
  std::string verdict;  // "due", "kept until ...", "waits for ..."
  bool is_due = false;
  std::string outcome;  // after it was carried out: "dropped" or why not
  bool failed = false;
};

// "r7/t42/drop_source/shop" -> 7 and 42
bool read_id(const std::string& id, Due& due) {
  return std::sscanf(id.c_str(), "r%ld/t%d/", &due.run, &due.target) == 2;
}

Result<std::vector<Due>> find_due(Journal& journal, WallTime now) {
  TRY(const std::vector<Obligation> all, journal.obligations(false));
  std::map<std::string, std::string> states;
  for (const Obligation& obligation : all) states[obligation.id] = obligation.state;
  std::vector<Due> result;
  for (const Obligation& obligation : all) {
    if (obligation.state != "open" || obligation.kind != "drop_source") continue;
    Due due;
    due.obligation = obligation;
    if (!read_id(obligation.id, due)) continue;
    due.order = obligation.data.get<DropOrder>();
    const auto awaited = states.find(obligation.waits_for);
    const auto unaccepted = states.find(acceptance_id(due.run, due.target, due.order.instance));
    if (unaccepted != states.end() && unaccepted->second == "open") {
      due.verdict = "kept until pgconvoy accept: its contents were never compared";
    } else if (awaited != states.end() && awaited->second == "open") {
      due.verdict = "waits for pgconvoy resolve";
    } else if (now < parse_utc(obligation.due)) {
      due.verdict = "kept until " + report::day_and_time(obligation.due);
    } else {
      due.is_due = true;
      due.verdict = "due";
    }
    result.push_back(std::move(due));
  }
  return result;
}

Task<Result<void>> drop(Services services, CallIdentity who, Server server, DropOrder order) {
  CO_TRY(ConnectionSpec connection, co_await services.credentials.administrator(server));
  SessionOptions options;
  options.application_name = fmt::format("pgconvoy/{}/t{}/e{}", who.run, who.target, who.epoch);
  CO_TRY(SessionPtr session, co_await services.sessions.open(connection, options));
  const SessionOptions changing = changing_options(options.application_name);
  OpenDatabase open = [&services, connection, changing](std::string database) {
    return services.sessions.open(connection.with_database(database), changing);
  };
  co_return co_await drop_source(services.provisioners.of(server), std::move(who), *session, std::move(order), std::move(open));
}

// One obligation: under the run's lock, so that no rollback is on its way to the same database.
Result<void> carry_out(Application& application, const GlobalOptions& globals, Journal& journal, const Due& due) {
  TRY_VOID(lock_run(journal, globals, due.run));
  TRY(const RunRecord run, journal.run(due.run));
  TRY(const TargetRecord target, journal.target(due.run, due.target));
  if (target.state != TargetState::succeeded)
    return Error(ErrorKind::refused, fmt::format("{} is {}, not succeeded: its old database stays", target.id, to_string(target.state)));
  const Fleet fleet = plan_from_header(run.plan).fleet;
  const auto server = fleet.servers.find(due.order.server);
  if (server == fleet.servers.end())
    return Error(ErrorKind::not_found, fmt::format("server {} is not in the fleet of {}", due.order.server, run.name));
  CallIdentity who;
  who.run = fmt::format("{}-r{}", journal.token(), due.run);
  who.target = due.target;
  who.step = "cleanup";
  who.epoch = target.epoch;
  TRY_VOID(application.wait(drop(application.services(), who, server->second, due.order)));
  std::vector<Event> events{target_event(target, EventKind::obligation_done, {{"id", due.obligation.id}, {"detail", "dropped by pgconvoy cleanup"}})};
  return journal.append(events);
}

json as_json(const std::vector<Due>& all, bool dry_run) {
  json document{{"version", 1}, {"kind", "cleanup"}, {"dry_run", dry_run}};
  document["obligations"] = json::array();
  for (const Due& due : all)
    document["obligations"].push_back({{"id", due.obligation.id}, {"server", due.order.server}, {"database", due.order.database},
                                       {"fenced_name", due.order.fenced_name}, {"due", due.obligation.due}, {"is_due", due.is_due},
                                       {"verdict", due.verdict}, {"outcome", due.outcome}, {"failed", due.failed}});
  return document;
}

std::string as_text(const std::vector<Due>& all, bool dry_run, const report::Style& style) {
  if (all.empty()) return "nothing waits to be dropped\n";
  report::Table table({{"run"}, {"old database", report::Align::left, true}, {"server", report::Align::left, true},
                       {dry_run ? "what would be done" : "what was done"}});
  int due_now = 0;
  for (const Due& due : all) {
    due_now += due.is_due;
    const std::string done = due.outcome.empty() ? due.is_due ? "drop it: the retention is over" : due.verdict : due.outcome;
    const report::Tone tone = due.failed ? report::Tone::bad : due.is_due ? report::Tone::good : report::Tone::dim;
    table.add({fmt::format("r{}", due.run), report::shown(due.order.database), report::shown(due.order.server),
               report::Cell(report::shown(done), tone)});
  }
  std::string text = table.text(style, text_width());
  if (dry_run) text += fmt::format("\n{} due; nothing was changed\n", due_now);
  return text;
}

// Files are no business of cleanup; that it is time for them is worth a line.
std::string due_backups(const GlobalOptions& globals, Journal& journal) {
  auto found = find_prunable(journal, PruneOrder(), std::chrono::system_clock::now());
  if (!found) return "";
  const auto due = std::count_if(found->begin(), found->end(), [](const Prunable& each) { return each.kept_because.empty(); });
  if (due == 0) return "";
  return fmt::format("the retention of {} is over: pgconvoy backups prune{}\n", report::count(due, "backup"), globals.journal_option());
}

int cleanup(const GlobalOptions& globals, bool dry_run) {
  auto journal = open_journal(globals, dry_run ? OpenMode::read_only : OpenMode::read_write);
  if (!journal) return fail(globals.output, journal.error());
  auto found = find_due(**journal, std::chrono::system_clock::now());
  if (!found) return fail(globals.output, found.error());
  bool failed = false;
  if (!dry_run) {
    Application application(globals.seams);
    for (Due& due : *found) {
      if (!due.is_due) continue;
      auto dropped = carry_out(application, globals, **journal, due);
      due.outcome = dropped ? "dropped" : dropped.error().message;
      due.failed = !dropped;
      failed = failed || due.failed;
      if (!dropped) print_error(globals.output, dropped.error());
    }
  }
  if (globals.output.text())
    write_out(as_text(*found, dry_run, globals.output.style()) + due_backups(globals, **journal));
  else
    write_json(globals.output, as_json(*found, dry_run));
  return failed ? kSomeFailed : kSuccess;
}

}  // namespace

void add_cleanup(CLI::App& app, Invocation& invocation) {
  CLI::App* command = app.add_subcommand("cleanup", "Drop old databases whose retention is over");
  auto dry_run = std::make_shared<bool>(false);
  command->add_flag("--dry-run", *dry_run, "Only list what waits, and until when");
  add_globals(*command, invocation.globals);
  command->footer(
      "Examples:\n"
      "  pgconvoy cleanup --dry-run\n"
      "  pgconvoy cleanup        (from cron: what isn't due stays)\n"
      "Only the exact database is dropped: its name, OID and server's system identifier must be the journaled ones.");
  command->callback(
      [&invocation, dry_run] { invocation.action = [&invocation, dry_run] { return cleanup(invocation.globals, *dry_run); }; });
}

}  // namespace pgconvoy::cli

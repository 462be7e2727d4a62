#include <fmt/format.h>

#include "cli/commands.hpp"
#include "cli/json_text.hpp"
#include "cli/open_run.hpp"
#include "engine/report/event_text.hpp"
#include "engine/report/text.hpp"

namespace pgconvoy::cli {
namespace {

struct LogOptions {
  RunArgument argument;
  std::int64_t after = 0;
  bool json_lines = false;  // `events`: the journal's own events, whatever --output says
};

struct Found {
  std::unique_ptr<Journal> journal;
  std::int64_t run = 0;
  int target = 0;  // 0: all
  std::vector<std::string> ids;  // by number
};

Result<Found> find(const GlobalOptions& globals, const RunArgument& argument) {
  Found found;
  TRY(found.journal, open_journal(globals, OpenMode::read_only));
  TRY(found.run, find_run(*found.journal, argument.run));
  TRY(const std::vector<TargetRecord> targets, found.journal->targets(found.run, false));
  found.ids.resize(targets.size() + 1);
  for (const TargetRecord& target : targets) found.ids.at(target.number) = target.id;
  if (argument.target.empty()) return found;
  TRY(found.target, find_target(targets, fmt::format("r{}", found.run), argument.target));
  return found;
}

bool is_planning(const Event& event) {
  return event.kind == EventKind::target_planned || event.kind == EventKind::run_planned;
}

int show(const GlobalOptions& globals, const LogOptions& options) {
  auto found = find(globals, options.argument);
  if (!found) return fail(globals.output, found.error());
  const bool as_json = options.json_lines || !globals.output.text();
  const report::Style style = globals.output.style();
  const auto write = [&](const Event& event) {
    const std::string id = event.target > 0 && event.target < static_cast<int>(found->ids.size()) ? found->ids[event.target] : "";
    if (as_json) {
      write_out(json_text(report::event_json(event, id), -1) + "\n");
      return true;
    }
    if (is_planning(event) && event.target > 0 && !globals.output.verbose) return true;
    const std::string time = format_utc(event.at).substr(0, 10) + " " + format_utc(event.at).substr(11, 12);
    write_out(fmt::format("{}  {}{}\n", style.dim(time), id.empty() ? "" : report::shown(id) + "  ",
                          report::event_line(event, style, globals.output.verbose)));
    return true;
  };
  auto read = found->target != 0 ? found->journal->target_events(found->run, found->target, options.after, write)
                                 : found->journal->events(found->run, options.after, write);
  return read ? kSuccess : fail(globals.output, read.error());
}

}  // namespace

void add_logs(CLI::App& app, Invocation& invocation) {
  CLI::App* command = app.add_subcommand("logs", "What happened, line by line");
  auto options = std::make_shared<LogOptions>();
  add_run_argument(*command, options->argument, false, true);
  add_globals(*command, invocation.globals);
  command->footer("Examples:\n  pgconvoy logs\n  pgconvoy logs r7 shop-live\n  pgconvoy logs r7 shop-live -v    (with intents and outcomes)");
  command->callback(
      [&invocation, options] { invocation.action = [&invocation, options] { return show(invocation.globals, *options); }; });
}

void add_events(CLI::App& app, Invocation& invocation) {
  CLI::App* command = app.add_subcommand("events", "The journal's events of a run, one JSON object a line");
  auto options = std::make_shared<LogOptions>();
  options->json_lines = true;
  add_run_argument(*command, options->argument, false, true);
  command->add_option("--after", options->after, "Only events with a higher sequence")->type_name("SEQUENCE");
  add_globals(*command, invocation.globals);
  command->footer("Examples:\n  pgconvoy events r7 | jq 'select(.kind == \"step_failed\")'\n  pgconvoy events r7 --after 1200");
  command->callback(
      [&invocation, options] { invocation.action = [&invocation, options] { return show(invocation.globals, *options); }; });
}

}  // namespace pgconvoy::cli

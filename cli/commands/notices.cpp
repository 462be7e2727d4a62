#include <fmt/format.h>

#include "cli/commands.hpp"
#include "cli/open_run.hpp"
#include "cli/owner_notices.hpp"
#include "engine/report/event_text.hpp"
#include "engine/report/text.hpp"

namespace pgconvoy::cli {
namespace {

int notices(const GlobalOptions& globals, const RunArgument& argument) {
  const Output& output = globals.output;
  auto journal = open_journal(globals, OpenMode::read_write);
  if (!journal) return fail(output, journal.error());
  Application application(globals.seams);
  application.show_programs(output.verbose);
  const WallTime now = std::chrono::system_clock::now();
  Result<std::vector<Event>> told = std::vector<Event>();
  if (argument.run.empty()) {
    told = tell_owners_of_all(application, **journal, now);
  } else {
    auto run = find_run(**journal, argument.run);
    if (!run) return fail(output, run.error());
    told = tell_owners(application, **journal, *run, now);
  }
  if (!told) return fail(output, told.error());
  if (!output.text()) {
    json events = json::array();
    for (const Event& event : *told) events.push_back(report::event_json(event, event.data.value("target_id", "")));
    write_json(output, {{"version", 1}, {"kind", "notices"}, {"told", events}});
    return kSuccess;
  }
  std::string text;
  for (const Event& event : *told) text += fmt::format("r{} {}\n", event.run, report::event_line(event, output.style(), output.verbose));
  write_out(text + fmt::format("{} told\n", report::count(static_cast<std::int64_t>(told->size()), "notice")));
  return kSuccess;
}

}  // namespace

void add_notices(CLI::App& app, Invocation& invocation) {
  CLI::App* command = app.add_subcommand("notices", "Tell owners, through the fleet's hooks, of moves that come or were (notices of the fleet file)");
  auto argument = std::make_shared<RunArgument>();
  add_run_argument(*command, *argument, false, false, "r7, or 7, also one that is only planned; all that were begun when left out");
  add_globals(*command, invocation.globals);
  command->footer("Examples:\n  pgconvoy notices\n  pgconvoy notices r7\n"
                  "Each is told once, and kept in the journal. run and run --continue do it too when they begin; call this each day, so that it\n"
                  "happens also on days without a window (pgconvoy schedule writes such a call).");
  command->callback([&invocation, argument] { invocation.action = [&invocation, argument] { return notices(invocation.globals, *argument); }; });
}

}  // namespace pgconvoy::cli

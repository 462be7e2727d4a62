#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>

#include "cli/application.hpp"
#include "cli/commands.hpp"
#include "cli/own_command.hpp"
#include "cli/watch_session.hpp"

namespace pgconvoy::cli {
namespace {

constexpr Milliseconds kBetweenLooks{200};

bool is_wanted_in_color(const Output& output) {
  const char* const no_color = std::getenv("NO_COLOR");
  return output.color != "never" && (output.color == "always" || no_color == nullptr || *no_color == '\0');
}

Result<void> look_on(Screen& screen, WatchSession& session) {
  for (bool goes_on = true; goes_on && Screen::signal() == 0;) {
    TRY(const bool different, session.look());
    if (different) screen.draw(session.rows(screen.columns(), screen.lines()));
    goes_on = session.typed(screen.key(kBetweenLooks));
  }
  return {};
}

int watch(const GlobalOptions& globals, const RunArgument& argument) {
  const Output& output = globals.output;
  auto journal = open_journal(globals, OpenMode::read_only);
  if (!journal) return fail(output, journal.error());
  auto run = find_run(**journal, argument.run, Unnamed::latest_unfinished);
  if (!run) return fail(output, run.error());
  if (!stdout_is_terminal() || !stdin_is_terminal()) {
    const std::string which = "r" + std::to_string(*run) + globals.journal_option();
    return fail(output, Error(ErrorKind::usage, "watch needs a terminal to draw on, and this is none",
                              "pgconvoy status " + which + " once, pgconvoy logs " + which + " for what happened, pgconvoy events " + which + " for programs"));
  }
  // Thousands of targets take a moment. The line is gone before the screen is drawn.
  write_error(fmt::format("reading r{} ...", *run));
  auto session = WatchSession::open(globals, *std::move(journal), *run, call_own_program);
  write_error("\r\x1b[K");
  if (!session) return fail(output, session.error());
  Result<void> looked;
  {
    auto screen = Screen::open(is_wanted_in_color(output));
    if (!screen) return fail(output, screen.error());
    looked = look_on(**screen, **session);
  }
  if (!looked) return fail(output, looked.error());
  return Screen::signal() == 0 ? kSuccess : kInterrupted;
}

}  // namespace

void add_watch(CLI::App& app, Invocation& invocation) {
  CLI::App* command = app.add_subcommand("watch", "A run in a full screen while it goes on, led by keys");
  auto argument = std::make_shared<RunArgument>();
  add_run_argument(*command, *argument, false, false, "r7, or 7; the latest unfinished one when left out");
  add_globals(*command, invocation.globals, {"text"});
  command->footer(
      "Examples:\n  pgconvoy watch\n  pgconvoy watch r7\n"
      "It only looks: q ends it and the run goes on. Keys that change something ask first (? lists them).\n"
      "Without a terminal: pgconvoy status, pgconvoy logs, pgconvoy events.");
  command->callback(
      [&invocation, argument] { invocation.action = [&invocation, argument] { return watch(invocation.globals, *argument); }; });
}

}  // namespace pgconvoy::cli

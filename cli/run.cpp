#include "cli/run.hpp"

#include <fmt/format.h>

#include <csignal>
#include <exception>

#include "cli/commands.hpp"
#include "cli/exit_code.hpp"

namespace pgconvoy::cli {

int run(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  Invocation invocation;
  CLI::App app("Moves fleets of PostgreSQL databases to a new major version.", "pgconvoy");
  app.set_version_flag("--version", "pgconvoy " PGCONVOY_VERSION);
  app.require_subcommand(1);
  add_check(app, invocation);
  add_plan(app, invocation);
  add_run(app, invocation);
  add_resume(app, invocation);
  add_retry(app, invocation);
  add_rollback(app, invocation);
  try {
    app.parse(argc, argv);
    invocation.globals.output.format = invocation.globals.format == "json"    ? Format::json
                                       : invocation.globals.format == "jsonl" ? Format::jsonl
                                                                              : Format::text;
    return invocation.action();
  } catch (const CLI::ParseError& problem) {
    return app.exit(problem) == 0 ? kSuccess : kBadInput;
  } catch (const std::exception& failure) {
    write_error(fmt::format("pgconvoy: internal error: {}\n", failure.what()));
    return kSomeFailed;
  }
}

}  // namespace pgconvoy::cli

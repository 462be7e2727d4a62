#include "cli/application.hpp"
#include "cli/commands.hpp"
#include "cli/run_alive.hpp"
#include "engine/report/metrics.hpp"

namespace pgconvoy::cli {
namespace {

int show_metrics(const GlobalOptions& globals, const RunArgument& argument) {
  auto journal = open_journal(globals, OpenMode::read_only);
  if (!journal) return fail(globals.output, journal.error());
  auto run = find_run(**journal, argument.run);
  if (!run) return fail(globals.output, run.error());
  auto input = report::read_metrics(**journal, *run, std::chrono::system_clock::now());
  if (!input) return fail(globals.output, input.error());
  input->alive = input->brief.run.state == RunState::running && is_alive(globals, **journal, *run);
  write_out(report::metrics_text(*input));
  return kSuccess;
}

}  // namespace

void add_metrics(CLI::App& app, Invocation& invocation) {
  CLI::App* command = app.add_subcommand("metrics", "A run's state as Prometheus reads it, once: for the textfile collector");
  auto argument = std::make_shared<RunArgument>();
  add_run_argument(*command, *argument, false, false);
  add_globals(*command, invocation.globals, {"text"});
  command->footer(
      "Examples:\n"
      "  pgconvoy metrics\n"
      "  pgconvoy metrics r7 > /var/lib/prometheus/node-exporter/pgconvoy.prom.new &&\n"
      "    mv /var/lib/prometheus/node-exporter/pgconvoy.prom.new /var/lib/prometheus/node-exporter/pgconvoy.prom\n"
      "docs/metrics.md says what each of them is; packaging/prometheus has alerts, packaging/grafana a dashboard.");
  command->callback(
      [&invocation, argument] { invocation.action = [&invocation, argument] { return show_metrics(invocation.globals, *argument); }; });
}

}  // namespace pgconvoy::cli

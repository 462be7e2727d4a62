#include "cli/commands/backups_prune.hpp"

#include <fmt/format.h>

#include "cli/backup_pruning.hpp"
#include "cli/confirm.hpp"
#include "cli/show_report.hpp"
#include "engine/core/bytes.hpp"
#include "engine/report/table.hpp"

namespace pgconvoy::cli {
namespace {

struct PruneOptions {
  PruneOrder order;
  bool expired = false, dry_run = false, yes = false;
};

json pruned_json(const std::vector<Prunable>& all, bool dry_run) {
  json document{{"version", 1}, {"kind", "backups_pruned"}, {"dry_run", dry_run}};
  document["backups"] = json::array();
  for (const Prunable& each : all)
    document["backups"].push_back({{"id", each.name}, {"file", each.backup.file}, {"bytes", each.backup.bytes},
                                   {"expires", details_of(each.backup).expires}, {"is_due", each.kept_because.empty()},
                                   {"verdict", each.kept_because.empty() ? "due" : each.kept_because},
                                   {"outcome", each.outcome}, {"failed", each.failed}});
  return document;
}

std::string pruned_text(const std::vector<Prunable>& all, const report::Style& style) {
  if (all.empty()) return "no backup has a retention that could be over\n";
  report::Table table({{"backup", report::Align::left, true}, {"size", report::Align::right}, {"what is done"}});
  for (const Prunable& each : all) {
    const bool due = each.kept_because.empty();
    const std::string text = !each.outcome.empty() ? each.outcome : due ? "remove it" : each.kept_because;
    const report::Tone tone = each.failed ? report::Tone::bad : due ? report::Tone::good : report::Tone::dim;
    table.add({report::shown(each.name), format_bytes({each.backup.bytes}), report::Cell(report::shown(text), tone)});
  }
  return table.text(style, text_width());
}

int prune_command(const GlobalOptions& globals, PruneOptions options) {
  const Output& output = globals.output;
  PruneOrder& order = options.order;
  if (!order.named.empty() && (options.expired || !order.run.empty()))
    return fail(output, Error(ErrorKind::usage, "backups are named, or chosen by --run and --expired, not both"));
  order.expired = options.expired || order.run.empty();
  if (!options.dry_run)
    if (auto answered = can_confirm(options.yes); !answered) {
      Error error = std::move(answered).error();
      error.remedy = "look at pgconvoy backups prune --dry-run first, then add --yes";
      return fail(output, error);
    }
  auto journal = open_journal(globals, options.dry_run ? OpenMode::read_only : OpenMode::read_write);
  if (!journal) return fail(output, journal.error());
  const WallTime now = std::chrono::system_clock::now();
  auto found = find_prunable(**journal, order, now);
  if (!found) return fail(output, found.error());
  std::int64_t due = 0, bytes = 0;
  for (const Prunable& each : *found) {
    if (!each.kept_because.empty()) continue;
    ++due;
    bytes += each.backup.bytes;
  }
  const std::string what = fmt::format("{} ({})", report::count(due, "backup"), format_bytes({bytes}));
  bool failed = false;
  if (!options.dry_run && due > 0) {
    if (!options.yes) {
      write_error(pruned_text(*found, output.error_style()));
      if (!confirm(fmt::format("Remove {} for good?", what))) {
        write_error("nothing was changed\n");
        return kBadInput;
      }
    }
    Application application(globals.seams);
    for (Prunable& each : *found) {
      if (!each.kept_because.empty()) continue;
      carry_out(application, globals, **journal, order, now, each);
      failed = failed || each.failed;
    }
  }
  // Whoever names a backup wants it gone.
  if (!order.named.empty())
    for (const Prunable& each : *found) failed = failed || !each.kept_because.empty();
  if (output.text()) {
    write_out(pruned_text(*found, output.style()));
    if (options.dry_run) write_out(fmt::format("\n{} would go; nothing was changed\n", what));
  } else {
    write_json(output, pruned_json(*found, options.dry_run));
  }
  return failed ? kSomeFailed : kSuccess;
}

}  // namespace

void add_backups_prune(CLI::App& group, Invocation& invocation) {
  CLI::App* command = group.add_subcommand("prune", "Remove backups whose retention is over, from disk and store");
  auto options = std::make_shared<PruneOptions>();
  command->add_option("BACKUP", options->order.named, "These ones, whether their retention is over or not")->type_name("");
  command->add_flag("--expired", options->expired, "Those whose retention is over (the default)");
  command->add_option("--run", options->order.run, "All of this run; with --expired only those whose retention is over")->type_name("RUN");
  command->add_option("-f,--fleet", options->order.fleet_file, "Programs of this fleet file (default: those of the backup's run)")->type_name("FILE");
  command->add_flag("--dry-run", options->dry_run, "Only say what would go, and why the others stay");
  command->add_flag("-y,--yes", options->yes, "Don't ask");
  add_globals(*command, invocation.globals);
  command->footer(
      "Examples:\n"
      "  pgconvoy backups prune --dry-run\n"
      "  pgconvoy backups prune --yes             (from cron: what isn't due stays)\n"
      "  pgconvoy backups prune r7/shop-live-db\n"
      "Always kept: backups of targets that aren't finished, or whose old database still waits to be dropped. Kept until they\n"
      "are named: the newest backup of a database that was not moved.");
  command->callback(
      [&invocation, options] { invocation.action = [&invocation, options] { return prune_command(invocation.globals, *options); }; });
}

}  // namespace pgconvoy::cli

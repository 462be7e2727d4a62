#include <fmt/format.h>

#include "cli/backup_files.hpp"
#include "cli/commands.hpp"
#include "cli/show_report.hpp"
#include "engine/core/bytes.hpp"
#include "engine/fleet/nearest.hpp"
#include "engine/report/table.hpp"

namespace pgconvoy::cli {
namespace {

Result<std::vector<BackupRecord>> read_backups(const GlobalOptions& globals) {
  TRY(auto journal, open_journal(globals.journal_uri(), OpenMode::read_only));
  return journal->backups();
}

int list(const GlobalOptions& globals) {
  auto backups = read_backups(globals);
  if (!backups) return fail(globals.output, backups.error());
  const std::vector<std::string> names = names_of(*backups);
  if (!globals.output.text()) {
    json document{{"version", 1}, {"kind", "backups"}};
    document["backups"] = json::array();
    for (std::size_t i = 0; i < backups->size(); ++i) {
      const BackupRecord& backup = (*backups)[i];
      document["backups"].push_back({{"id", names[i]}, {"target", backup.target_id}, {"instance", backup.instance},
                                     {"server", backup.server}, {"database", backup.database}, {"file", backup.file},
                                     {"bytes", backup.bytes}, {"sha256", backup.sha256}, {"format", backup.format},
                                     {"created", backup.created}, {"state", backup.state}});
    }
    write_json(globals.output, document);
    return kSuccess;
  }
  report::Table table({{"backup", report::Align::left, true}, {"database", report::Align::left, true}, {"size", report::Align::right},
                       {"created"}, {"state"}});
  if (globals.output.verbose)
    table = report::Table({{"backup"}, {"database"}, {"size", report::Align::right}, {"created"}, {"state"}, {"sha256"}, {"file"}});
  for (std::size_t i = 0; i < backups->size(); ++i) {
    const BackupRecord& backup = (*backups)[i];
    std::vector<report::Cell> row{report::shown(names[i]), report::shown(backup.database), format_bytes({backup.bytes}),
                                  report::day_and_time(backup.created), backup.state};
    if (globals.output.verbose) {
      row.push_back(backup.sha256.substr(0, 16));
      row.push_back(report::shown(backup.file));
    }
    table.add(std::move(row));
  }
  if (table.empty())
    write_out("there are no backups in this journal\n");
  else
    write_out(table.text(globals.output.style(), globals.output.verbose ? 0 : text_width()));
  return kSuccess;
}

struct BackupOptions {
  std::string backup, to, file;
  bool no_owner = false;
};

// As `backups list` names it.
std::string chosen_name(const std::vector<BackupRecord>& backups, const BackupRecord& chosen) {
  const std::vector<std::string> names = names_of(backups);
  for (std::size_t i = 0; i < backups.size(); ++i)
    if (backups[i].file == chosen.file) return names[i];
  return chosen.instance;
}

int restore(const GlobalOptions& globals, const BackupOptions& options) {
  if (auto url = parse_restore_url(options.to); !url) return fail(globals.output, url.error());
  auto backups = read_backups(globals);
  if (!backups) return fail(globals.output, backups.error());
  auto backup = find_backup(*backups, options.backup);
  if (!backup) return fail(globals.output, backup.error());
  Application application;
  auto done = application.wait(restore_backup(application.services(), *backup, options.to, options.no_owner));
  if (!done) {
    const int code = fail(globals.output, done.error());
    // Everything that was typed was good: pg_restore could not do it.
    return done.error().kind == ErrorKind::process ? kSomeFailed : code;
  }
  const std::string name = chosen_name(*backups, *backup);
  if (globals.output.text())
    write_out(fmt::format("{} is restored into {} on {}; settings and privileges of the database itself are not part of a dump\n",
                          report::shown(name), in_quotes(done->database), report::shown(done->address)));
  else
    write_json(globals.output, {{"version", 1}, {"kind", "backup_restored"}, {"backup", name}, {"database", done->database},
                                {"address", done->address}});
  return kSuccess;
}

int export_command(const GlobalOptions& globals, const BackupOptions& options) {
  auto backups = read_backups(globals);
  if (!backups) return fail(globals.output, backups.error());
  auto backup = find_backup(*backups, options.backup);
  if (!backup) return fail(globals.output, backup.error());
  Application application;
  auto good = application.wait(check_file(application.pool(), *backup));
  if (!good) return fail(globals.output, good.error());
  auto done = export_backup(*backup, options.file);
  if (!done) return fail(globals.output, done.error());
  const std::string name = chosen_name(*backups, *backup);
  if (globals.output.text())
    write_out(fmt::format("{} is in {}, sha256 {}\n", report::shown(name), report::shown(options.file), backup->sha256));
  else
    write_json(globals.output, {{"version", 1}, {"kind", "backup_exported"}, {"backup", name}, {"file", options.file}});
  return kSuccess;
}

}  // namespace

void add_backups(CLI::App& app, Invocation& invocation) {
  CLI::App* group = app.add_subcommand("backups", "Backups that runs have made: list, restore, export");
  group->require_subcommand(1);

  CLI::App* listing = group->add_subcommand("list", "Every backup in the journal's catalogue");
  add_globals(*listing, invocation.globals);
  listing->callback([&invocation] { invocation.action = [&invocation] { return list(invocation.globals); }; });

  CLI::App* restoring = group->add_subcommand("restore", "Restore a backup into an existing, empty database");
  auto options = std::make_shared<BackupOptions>();
  restoring->add_option("BACKUP", options->backup, "As pgconvoy backups list names it: r7/shop-live-db")->type_name("")->required();
  restoring->add_option("--to", options->to, "The empty database")->type_name("URL")->required();
  restoring->add_flag("--no-owner", options->no_owner, "Everything belongs to the user of --to");
  add_globals(*restoring, invocation.globals);
  restoring->footer("Example:\n  PGPASSFILE=admin.passfile pgconvoy backups restore r7/shop-live-db --to postgresql://admin@host/shop_again");
  restoring->callback(
      [&invocation, options] { invocation.action = [&invocation, options] { return restore(invocation.globals, *options); }; });

  CLI::App* exporting = group->add_subcommand("export", "Copy a backup's file, its sha256 checked");
  auto exported = std::make_shared<BackupOptions>();
  exporting->add_option("BACKUP", exported->backup, "As pgconvoy backups list names it")->type_name("")->required();
  exporting->add_option("FILE", exported->file, "Where to; it must not exist")->type_name("")->required();
  add_globals(*exporting, invocation.globals);
  exporting->callback(
      [&invocation, exported] { invocation.action = [&invocation, exported] { return export_command(invocation.globals, *exported); }; });
}

}  // namespace pgconvoy::cli

#include <fmt/format.h>

#include "cli/backup_content.hpp"
#include "cli/backup_restore.hpp"
#include "cli/commands.hpp"
#include "cli/commands/backups_prune.hpp"
#include "cli/commands/backups_show.hpp"
#include "cli/commands/backups_verify.hpp"
#include "cli/show_report.hpp"
#include "engine/core/bytes.hpp"
#include "engine/fleet/nearest.hpp"
#include "engine/report/table.hpp"

namespace pgconvoy::cli {
namespace {

Result<std::vector<BackupRecord>> read_backups(const GlobalOptions& globals) {
  TRY(auto journal, open_journal(globals, OpenMode::read_only));
  return journal->backups();
}

int list(const GlobalOptions& globals) {
  auto backups = read_backups(globals);
  if (!backups) return fail(globals.output, backups.error());
  const std::vector<std::string> names = names_of(*backups);
  if (!globals.output.text()) {
    json document{{"version", 1}, {"kind", "backups"}};
    document["backups"] = json::array();
    for (std::size_t i = 0; i < backups->size(); ++i) document["backups"].push_back(backup_json(names[i], (*backups)[i]));
    write_json(globals.output, document);
    return kSuccess;
  }
  report::Table table({{"backup", report::Align::left, true}, {"database", report::Align::left, true}, {"size", report::Align::right},
                       {"created"}, {"expires"}, {"kept", report::Align::left, true}});
  if (globals.output.verbose)
    table = report::Table({{"backup"}, {"database"}, {"size", report::Align::right}, {"created"}, {"expires"}, {"kept"}, {"sha256"},
                           {"file"}, {"note"}});
  for (std::size_t i = 0; i < backups->size(); ++i) {
    const BackupRecord& backup = (*backups)[i];
    const BackupFile details = details_of(backup);
    const std::string kept = backup.state == "kept" ? (details.encrypted ? "encrypted, " : "") + where_kept(backup) : backup.state;
    std::vector<report::Cell> row{report::shown(names[i]), report::shown(backup.database), format_bytes({backup.bytes}),
                                  report::day_and_time(backup.created), details.expires.empty() ? "never" : report::day_and_time(details.expires),
                                  report::shown(kept)};
    if (globals.output.verbose) {
      row.push_back(backup.sha256.substr(0, 16));
      row.push_back(report::shown(backup.file));
      row.push_back(report::shown(details.note));
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
  std::string backup, to, file, fleet_file;
  bool no_owner = false, decrypt = false;
};

// A backup with what is needed to read it.
struct ChosenBackup {
  BackupRecord backup;
  std::string name;
  BackupPolicy policy;
};

Result<ChosenBackup> choose_backup(const GlobalOptions& globals, const BackupOptions& options) {
  TRY(auto journal, open_journal(globals, OpenMode::read_only));
  TRY(const std::vector<BackupRecord> backups, journal->backups());
  ChosenBackup chosen;
  TRY(chosen.backup, find_backup(backups, options.backup));
  chosen.name = name_of(backups, chosen.backup);
  TRY(chosen.policy, policy_for(*journal, chosen.backup.run, options.fleet_file));
  return chosen;
}

int restore(const GlobalOptions& globals, const BackupOptions& options) {
  if (auto url = parse_restore_url(options.to); !url) return fail(globals.output, url.error());
  auto chosen = choose_backup(globals, options);
  if (!chosen) return fail(globals.output, chosen.error());
  Application application(globals.seams);
  auto done = application.wait(restore_backup(application.services(), chosen->policy, chosen->backup, options.to, options.no_owner));
  if (!done) {
    const int code = fail(globals.output, done.error());
    // Everything that was typed was good: a program could not do it.
    return done.error().kind == ErrorKind::process ? kSomeFailed : code;
  }
  if (globals.output.text())
    write_out(fmt::format("{} is restored into {} on {}; settings and privileges of the database itself are not part of a dump{}\n",
                          report::shown(chosen->name), in_quotes(done->database), report::shown(done->address),
                          done->as_superuser ? "\nwarning: --to names a superuser: functions of the tenant ran with its rights during the restore" : ""));
  else
    write_json(globals.output, {{"version", 1}, {"kind", "backup_restored"}, {"backup", chosen->name}, {"database", done->database},
                                {"address", done->address}, {"as_superuser", done->as_superuser}});
  return kSuccess;
}

int export_command(const GlobalOptions& globals, const BackupOptions& options) {
  auto chosen = choose_backup(globals, options);
  if (!chosen) return fail(globals.output, chosen.error());
  Application application(globals.seams);
  auto done = application.wait(export_backup(application.services(), chosen->policy, chosen->backup, options.file, options.decrypt));
  if (!done) return fail(globals.output, done.error());
  const BackupFile details = details_of(chosen->backup);
  const bool encrypted = details.encrypted && !options.decrypt;
  if (globals.output.text())
    write_out(fmt::format("{} is in {}{}{}, sha256 {}\n", report::shown(chosen->name), report::shown(options.file), encrypted ? ", encrypted" : "",
                          details.compression.empty() ? "" : fmt::format(", packed by {0}: {0} -dc | pg_restore reads it", details.compression), *done));
  else
    write_json(globals.output, {{"version", 1}, {"kind", "backup_exported"}, {"backup", chosen->name}, {"file", options.file},
                                {"sha256", *done}, {"encrypted", encrypted}, {"compression", details.compression}});
  return kSuccess;
}

void add_fleet_file(CLI::App& command, BackupOptions& options) {
  command.add_option("-f,--fleet", options.fleet_file, "Programs of this fleet file (default: those of the backup's run)")->type_name("FILE");
}

}  // namespace

void add_backups(CLI::App& app, Invocation& invocation) {
  CLI::App* group = app.add_subcommand("backups", "Backups that runs have made: list, show, verify, restore, export, prune");
  group->require_subcommand(1);

  CLI::App* listing = group->add_subcommand("list", "Every backup in the journal's catalogue");
  add_globals(*listing, invocation.globals);
  listing->callback([&invocation] { invocation.action = [&invocation] { return list(invocation.globals); }; });

  add_backups_show(*group, invocation);
  add_backups_verify(*group, invocation);

  CLI::App* restoring = group->add_subcommand("restore", "Restore a backup into an existing, empty database");
  auto options = std::make_shared<BackupOptions>();
  restoring->add_option("BACKUP", options->backup, "As pgconvoy backups list names it: r7/shop-live-db")->type_name("")->required();
  restoring->add_option("--to", options->to, "The empty database")->type_name("URL")->required();
  restoring->add_flag("--no-owner", options->no_owner, "Everything belongs to the user of --to, who must not be a superuser");
  add_fleet_file(*restoring, *options);
  add_globals(*restoring, invocation.globals);
  restoring->footer("Example:\n  PGPASSFILE=admin.passfile pgconvoy backups restore r7/shop-live-db --to postgresql://admin@host/shop_again\n"
      "  pgconvoy backups restore r7/shop-live-db --to postgresql://shop_live@host/shop_again --no-owner\n"
      "As a superuser, functions that the backup brings run with its rights: prefer the role that is to own the database.");
  restoring->callback(
      [&invocation, options] { invocation.action = [&invocation, options] { return restore(invocation.globals, *options); }; });

  CLI::App* exporting = group->add_subcommand("export", "Copy a backup's file, its sha256 checked");
  auto exported = std::make_shared<BackupOptions>();
  exporting->add_option("BACKUP", exported->backup, "As pgconvoy backups list names it")->type_name("")->required();
  exporting->add_option("FILE", exported->file, "Where to; it must not exist")->type_name("")->required();
  exporting->add_flag("--decrypt", exported->decrypt, "Without its encryption");
  add_fleet_file(*exporting, *exported);
  add_globals(*exporting, invocation.globals);
  exporting->callback(
      [&invocation, exported] { invocation.action = [&invocation, exported] { return export_command(invocation.globals, *exported); }; });

  add_backups_prune(*group, invocation);
}

}  // namespace pgconvoy::cli

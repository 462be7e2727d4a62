#include "cli/commands/backups_verify.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <map>

#include "cli/backup_content.hpp"
#include "cli/show_report.hpp"
#include "engine/core/host.hpp"
#include "engine/report/table.hpp"

namespace pgconvoy::cli {
namespace {

struct VerifyOptions {
  std::vector<std::string> backups;
  bool all = false;
  std::string fleet_file;
};

struct Verified {
  std::string name;
  std::string file = "-", store = "-";  // "ok", "-" when there is none, or what is wrong with it
  int entries = 0;                      // of the archive's list
  std::string problem;                  // "": good
};

// How many entries the archive lists; it is decrypted for that.
Task<Result<int>> read_through(Services services, BackupPolicy policy, BackupRecord backup, OpenedBackup opened) {
  CO_TRY(const ReadableBackup readable, co_await make_readable(services, policy, backup, std::move(opened)));
  CO_TRY(const std::string list, co_await list_archive(services, backup, readable.file));
  int entries = 0;
  for (const auto& [kind, number] : count_entries(list)) entries += number;
  co_return entries;
}

// Both copies are read to their end; one that is whole is decrypted and listed.
Task<Verified> verify_backup(Services services, BackupPolicy policy, BackupRecord backup, std::string name) {
  Verified verified;
  verified.name = name;
  const BackupFile details = details_of(backup);
  const bool in_store = !details.key.empty();
  std::error_code ignored;
  const bool here = std::filesystem::exists(backup.file, ignored);
  std::optional<OpenedBackup> whole;
  if (here || !in_store) {
    auto opened = co_await open_backup(services, policy, backup, Copy::file);
    verified.file = opened ? "ok" : here ? "bad" : "gone";
    if (opened) whole = *std::move(opened);
    else verified.problem = opened.error().message;
  } else {
    verified.file = details.host.empty() || details.host == this_host() ? "gone" : "on host " + details.host;
  }
  if (in_store) {
    auto opened = co_await open_backup(services, policy, backup, Copy::store);
    verified.store = opened ? "ok" : "bad";
    if (!opened) verified.problem = opened.error().message;
    if (opened && !whole) whole = *std::move(opened);
  }
  if (!whole) co_return verified;
  auto entries = co_await read_through(services, policy, backup, *std::move(whole));
  if (entries) verified.entries = *entries;
  else verified.problem = entries.error().message;
  co_return verified;
}

int verify_command(const GlobalOptions& globals, const VerifyOptions& options) {
  const Output& output = globals.output;
  if (options.all == !options.backups.empty())
    return fail(output, Error(ErrorKind::usage, "which backups?", "name them, or --all; pgconvoy backups list"));
  auto journal = open_journal(globals.journal_uri(), OpenMode::read_only);
  if (!journal) return fail(output, journal.error());
  auto all = (*journal)->backups();
  if (!all) return fail(output, all.error());
  std::vector<BackupRecord> chosen;
  for (const std::string& name : options.backups) {
    auto backup = find_backup(*all, name);
    if (!backup) return fail(output, backup.error());
    chosen.push_back(*std::move(backup));
  }
  if (options.all)
    for (const BackupRecord& backup : *all)
      if (backup.state == "kept") chosen.push_back(backup);
  std::map<std::int64_t, BackupPolicy> policies;
  for (const BackupRecord& backup : chosen) {
    if (policies.contains(backup.run)) continue;
    auto policy = policy_for(**journal, backup.run, options.fleet_file);
    if (!policy) return fail(output, policy.error());
    policies[backup.run] = *std::move(policy);
  }

  Application application;
  std::vector<Verified> results;
  bool bad = false;
  for (const BackupRecord& backup : chosen) {
    results.push_back(application.wait(verify_backup(application.services(), policies[backup.run], backup, name_of(*all, backup))));
    bad = bad || !results.back().problem.empty();
  }
  if (output.text()) {
    report::Table table({{"backup", report::Align::left, true}, {"file"}, {"store"}, {"entries", report::Align::right}, {"verdict"}});
    for (const Verified& each : results)
      table.add({report::shown(each.name), report::shown(each.file), each.store, fmt::to_string(each.entries),
                 each.problem.empty() ? report::Cell("good", report::Tone::good) : report::Cell(report::shown(each.problem), report::Tone::bad)});
    write_out(results.empty() ? "there are no backups in this journal\n" : table.text(output.style(), 0));
  } else {
    json document{{"version", 1}, {"kind", "backups_verified"}};
    document["backups"] = json::array();
    for (const Verified& each : results)
      document["backups"].push_back({{"id", each.name}, {"file", each.file}, {"store", each.store}, {"entries", each.entries},
                                     {"good", each.problem.empty()}, {"problem", each.problem}});
    write_json(output, document);
  }
  return bad ? kSomeFailed : kSuccess;
}

}  // namespace

void add_backups_verify(CLI::App& group, Invocation& invocation) {
  CLI::App* command = group.add_subcommand("verify", "Read backups to their end: sha256, decrypted, and pg_restore can list them");
  auto options = std::make_shared<VerifyOptions>();
  command->add_option("BACKUP", options->backups, "As pgconvoy backups list names them")->type_name("");
  command->add_flag("--all", options->all, "Every backup that is kept");
  command->add_option("-f,--fleet", options->fleet_file, "Programs of this fleet file (default: those of the backup's run)")->type_name("FILE");
  add_globals(*command, invocation.globals);
  command->footer("Example:\n  pgconvoy backups verify --all\nExit code 1 when one is bad.");
  command->callback(
      [&invocation, options] { invocation.action = [&invocation, options] { return verify_command(invocation.globals, *options); }; });
}

}  // namespace pgconvoy::cli

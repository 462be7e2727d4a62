#include "cli/commands/backups_verify.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <map>

#include "cli/backup_content.hpp"
#include "cli/show_report.hpp"
#include "engine/core/host.hpp"
#include "engine/report/table.hpp"
#include "engine/report/text.hpp"

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
  std::string problem;                  // "": good, if it was looked at
  bool looked_at = true;                // false: on another host, and in no store
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
  const bool elsewhere = !here && !details.host.empty() && details.host != this_host();
  if (elsewhere) {
    verified.file = "on host " + details.host;
    verified.looked_at = in_store;
  } else if (here || !in_store) {
    auto opened = co_await open_backup(services, policy, backup, Copy::file);
    verified.file = opened ? "ok" : here ? "bad" : "gone";
    if (opened) whole = *std::move(opened);
    else verified.problem = opened.error().message;
  } else {
    verified.file = "gone";
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

report::Cell verdict_of(const Verified& verified) {
  if (!verified.looked_at) return report::Cell("not looked at", report::Tone::warn);
  return verified.problem.empty() ? report::Cell("good", report::Tone::good) : report::Cell(report::shown(verified.problem), report::Tone::bad);
}

int verify_command(const GlobalOptions& globals, const VerifyOptions& options) {
  const Output& output = globals.output;
  if (options.all == !options.backups.empty())
    return fail(output, Error(ErrorKind::usage, "which backups?", "name them, or --all; pgconvoy backups list"));
  auto journal = open_journal(globals, OpenMode::read_only);
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

  Application application(globals.seams);
  std::vector<Verified> results;
  bool bad = false;
  std::int64_t unseen = 0;
  for (const BackupRecord& backup : chosen) {
    results.push_back(application.wait(verify_backup(application.services(), policies[backup.run], backup, name_of(*all, backup))));
    bad = bad || !results.back().problem.empty();
    unseen += !results.back().looked_at;
  }
  if (output.text()) {
    report::Table table({{"backup", report::Align::left, true}, {"file"}, {"store"}, {"entries", report::Align::right}, {"verdict"}});
    for (const Verified& each : results)
      table.add({report::shown(each.name), report::shown(each.file), each.store, fmt::to_string(each.entries), verdict_of(each)});
    write_out(results.empty() ? "there are no backups in this journal\n" : table.text(output.style(), 0));
    if (unseen > 0)
      write_out(fmt::format("{} could not be looked at: on another host, and in no store; type this there\n", report::count(unseen, "backup")));
  } else {
    json document{{"version", 1}, {"kind", "backups_verified"}};
    document["not_looked_at"] = unseen;
    document["backups"] = json::array();
    for (const Verified& each : results)
      document["backups"].push_back({{"id", each.name}, {"file", each.file}, {"store", each.store}, {"entries", each.entries},
                                     {"looked_at", each.looked_at}, {"good", each.looked_at && each.problem.empty()},
                                     {"problem", each.problem}});
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
  command->footer("Example:\n  pgconvoy backups verify --all\nExit code 1 when one is bad or gone. One on another host, and in no store, can't be looked at: it is counted, and is neither.");
  command->callback(
      [&invocation, options] { invocation.action = [&invocation, options] { return verify_command(invocation.globals, *options); }; });
}

}  // namespace pgconvoy::cli

#include "cli/commands/backups_show.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <filesystem>

#include "cli/backup_content.hpp"
#include "cli/show_report.hpp"
#include "engine/core/bytes.hpp"
#include "engine/report/run_report.hpp"
#include "engine/report/text.hpp"

namespace pgconvoy::cli {
namespace {

struct ShowOptions {
  std::string backup, fleet_file;
};

std::string as_command(const std::vector<std::string>& words, const std::string& last = "") {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + report::shell_argument(word);
  if (!last.empty()) text += " " + report::shell_argument(last);
  return text;
}

// By kind, or why it can't be known.
Task<Result<std::map<std::string, int>>> contents(Services services, BackupPolicy policy, BackupRecord backup) {
  CO_TRY(OpenedBackup opened, co_await open_backup(services, policy, backup, Copy::any));
  CO_TRY(const ReadableBackup readable, co_await make_readable(services, policy, backup, std::move(opened)));
  CO_TRY(const std::string list, co_await list_archive(services, backup, readable.file));
  co_return count_entries(list);
}

std::string shown_text(const std::string& name, const BackupRecord& backup, const BackupPolicy& policy,
                       const Result<std::map<std::string, int>>& counts) {
  const BackupFile details = details_of(backup);
  std::string text;
  const auto line = [&text](const char* title, const std::string& value) {
    if (!value.empty()) text += report::padded(title, 12) + report::shown(value) + "\n";
  };
  line("backup", name);
  line("database", fmt::format("{} of server {} (instance {}, target {})", backup.database, backup.server, backup.instance, backup.target_id));
  line("created", report::day_and_time(backup.created));
  line("expires", details.expires.empty() ? "never by itself" : report::day_and_time(details.expires));
  line("note", details.note);
  line("kept", where_kept(backup));
  line("file", backup.file + (details.host.empty() ? "" : fmt::format(" (host {})", details.host)));
  line("store's key", details.key);
  line("size", format_bytes({backup.bytes}));
  line("sha256", backup.sha256);
  line("format", fmt::format("pg_dump --format={}{}{}", backup.format, details.major > 0 ? fmt::format(" of version {}", details.major) : "",
                             (details.compression.empty() ? "" : ", " + details.compression) + (details.encrypted ? ", encrypted" : "")));
  if (counts) {
    std::string all;
    for (const auto& [kind, number] : *counts) all += fmt::format("{}{} {}", all.empty() ? "" : ", ", number, kind);
    line("holds", all);
  } else {
    line("holds", "not known: " + counts.error().message);
  }
  text += "\nwithout pgconvoy (USER: an administrator; ROLE: who is to own it, and no superuser, for functions of the backup run as ROLE):\n";
  for (const std::string& command : stock_commands(policy, backup)) text += "  " + report::shown(command) + "\n";
  return text;
}

int show(const GlobalOptions& globals, const ShowOptions& options) {
  const Output& output = globals.output;
  auto journal = open_journal(globals, OpenMode::read_only);
  if (!journal) return fail(output, journal.error());
  auto all = (*journal)->backups();
  if (!all) return fail(output, all.error());
  auto backup = find_backup(*all, options.backup);
  if (!backup) return fail(output, backup.error());
  auto policy = policy_for(**journal, backup->run, options.fleet_file);
  if (!policy) return fail(output, policy.error());
  Application application(globals.seams);
  const auto counts = application.wait(contents(application.services(), *policy, *backup));
  const std::string name = name_of(*all, *backup);
  if (output.text()) {
    write_out(shown_text(name, *backup, *policy, counts));
    return kSuccess;
  }
  json document = backup_json(name, *backup);
  document["version"] = 1;
  document["kind"] = "backup";
  document["holds"] = counts ? json(*counts) : json();
  document["unreadable_because"] = counts ? "" : counts.error().message;
  document["commands"] = stock_commands(*policy, *backup);
  write_json(output, document);
  return kSuccess;
}

}  // namespace

json backup_json(const std::string& name, const BackupRecord& backup) {
  const BackupFile details = details_of(backup);
  return {{"id", name},          {"target", backup.target_id}, {"instance", backup.instance},
          {"server", backup.server}, {"database", backup.database}, {"file", backup.file},
          {"bytes", backup.bytes},   {"sha256", backup.sha256},     {"format", backup.format},
          {"created", backup.created}, {"state", backup.state},     {"host", details.host},
          {"key", details.key},      {"encrypted", details.encrypted}, {"expires", details.expires},
          {"compression", details.compression}, {"note", details.note}};
}

std::vector<std::string> stock_commands(const BackupPolicy& policy, const BackupRecord& backup) {
  const BackupFile details = details_of(backup);
  // As the role itself: the dump's functions must not run with a superuser's rights.
  const std::string restore = "pg_restore --exit-on-error --no-owner --dbname=postgresql://ROLE@HOST:PORT/NEW_NAME";
  std::error_code ignored;
  const bool from_store = !details.key.empty() && !policy.download.empty() && !std::filesystem::exists(backup.file, ignored);
  std::string pipe = from_store ? as_command(policy.download, details.key) + " | " : "";
  std::vector<std::string> stages;
  if (details.encrypted) stages.push_back(as_command(policy.decrypt));
  if (!details.compression.empty()) stages.push_back("zstd -dc");
  stages.push_back(restore);
  // pg_restore takes a file's name; a filter reads its stdin.
  if (!from_store) stages.front() += (stages.size() > 1 ? " < " : " ") + report::shell_argument(backup.file);
  pipe += fmt::format("{}", fmt::join(stages, " | "));
  return {"createdb --host=HOST --port=PORT --username=USER --owner=ROLE --template=template0 NEW_NAME",
          "psql --host=HOST --port=PORT --username=USER --dbname=postgres "
          "-c 'REVOKE CONNECT, TEMPORARY ON DATABASE \"NEW_NAME\" FROM PUBLIC'",
          pipe};
}

void add_backups_show(CLI::App& group, Invocation& invocation) {
  CLI::App* command = group.add_subcommand("show", "Everything about one backup, and the commands that restore it without pgconvoy");
  auto options = std::make_shared<ShowOptions>();
  command->add_option("BACKUP", options->backup, "As pgconvoy backups list names it")->type_name("")->required();
  command->add_option("-f,--fleet", options->fleet_file, "Programs of this fleet file (default: those of the backup's run)")->type_name("FILE");
  add_globals(*command, invocation.globals);
  command->callback([&invocation, options] { invocation.action = [&invocation, options] { return show(invocation.globals, *options); }; });
}

}  // namespace pgconvoy::cli

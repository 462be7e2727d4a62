#include <fmt/format.h>
#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "cli/commands.hpp"
#include "cli/planning.hpp"
#include "engine/core/printable.hpp"
#include "engine/journal/postgres_address.hpp"
#include "engine/report/schedule_units.hpp"

namespace pgconvoy::cli {
namespace {

struct ScheduleCommandOptions {
  std::string file, runbook, systemd, user, environment_file, directory;
  std::vector<std::string> regions, rest;
  bool cron = false;
};

std::string name_of_user() {
  const passwd* entry = getpwuid(geteuid());
  return entry == nullptr ? std::to_string(geteuid()) : entry->pw_name;
}

std::string own_program() {
  std::error_code ignored;
  const auto path = std::filesystem::read_symlink("/proc/self/exe", ignored);
  return path.empty() ? "pgconvoy" : path.string();
}

// Regions to write for, in their order. Error usage.
Result<std::vector<std::string>> chosen_regions(const Fleet& fleet, const ScheduleCommandOptions& options) {
  std::vector<std::string> chosen;
  for (const std::string& id : options.regions)
    if (!fleet.regions.contains(id)) return Error(ErrorKind::usage, fmt::format("the fleet has no region {}", printable(id)));
  for (const auto& [id, region] : fleet.regions) {
    const bool named = std::find(options.regions.begin(), options.regions.end(), id) != options.regions.end();
    if (!options.regions.empty() && !named) continue;
    if (report::has_times(fleet, id)) chosen.push_back(id);
    else if (named)
      return Error(ErrorKind::usage, fmt::format("region {} has no windows: its runs are not bound to a time", id),
                   fmt::format("in {}: regions: {{{}: {{time_zone: Europe/Berlin, windows: [\"01:00-05:00\"]}}}}", options.file, id));
  }
  if (chosen.empty())
    return Error(ErrorKind::usage, "no region has windows: there is nothing to call at a certain time",
                 fmt::format("in {}: regions: {{NAME: {{time_zone: Europe/Berlin, windows: [\"01:00-05:00\"]}}}}", options.file));
  return chosen;
}

// A relative path would mean another file from the unit's directory.
std::string absolute(const std::string& path) { return std::filesystem::absolute(path).lexically_normal().string(); }

std::string absolute_if_file(const std::string& name) { return std::filesystem::exists(name) ? absolute(name) : name; }

std::string absolute_journal(const std::string& uri) {
  constexpr std::string_view kPrefix = "sqlite:";
  if (uri.find("://") != std::string::npos) return uri;
  return absolute(uri.starts_with(kPrefix) ? uri.substr(kPrefix.size()) : uri);
}

int schedule_command(const GlobalOptions& globals, const ScheduleCommandOptions& options) {
  const Output& output = globals.output;
  auto fleet = read_fleet_file(options.file);
  if (!fleet) return fail(output, fleet.error());
  auto regions = chosen_regions(*fleet, options);
  if (!regions) return fail(output, regions.error());
  // The journal isn't opened here, and its address goes into a file that others may read: a password in it is refused.
  if (is_postgres_journal(globals.journal_uri()))
    if (const auto address = journal_connection(globals.journal_uri()); !address) return fail(output, address.error());
  report::ScheduleRequest request;
  request.program = own_program();
  request.arguments = {"run", "--continue", "--yes", "-f", absolute(options.file), "--runbook", absolute_if_file(options.runbook),
                       "--journal", absolute_journal(globals.journal_uri())};
  request.arguments.insert(request.arguments.end(), options.rest.begin(), options.rest.end());
  request.notices = {"notices", "--journal", absolute_journal(globals.journal_uri())};
  request.directory = absolute(options.directory.empty() ? "." : options.directory);
  request.user = options.user.empty() ? name_of_user() : options.user;
  request.environment_file = options.environment_file.empty() ? "" : absolute(options.environment_file);
  if (options.cron) {
    write_out(report::cron_lines(*fleet, *regions, request));
    return kSuccess;
  }
  const auto units = report::systemd_units(*fleet, *regions, request);
  if (options.systemd == "-") {
    for (const auto& [name, content] : units) write_out(fmt::format("# {}\n{}\n", name, content));
    return kSuccess;
  }
  std::string timers;
  for (const auto& [name, content] : units) {
    const auto path = std::filesystem::path(options.systemd) / name;
    std::ofstream file(path, std::ios::trunc);
    file << content;
    file.close();
    if (!file) return fail(output, Error(ErrorKind::io, fmt::format("cannot write {}", printable(path.string()))));
    write_out(fmt::format("wrote {}\n", printable(path.string())));
    if (name.ends_with(".timer")) timers += " " + name;
  }
  write_out(fmt::format("\nNext:\n  systemd-analyze verify {0}/pgconvoy-*.timer {0}/pgconvoy-*.service\n  systemctl daemon-reload\n  systemctl enable --now{1}\n",
                        printable(options.systemd), timers));
  return kSuccess;
}

}  // namespace

void add_schedule(CLI::App& app, Invocation& invocation) {
  CLI::App* command = app.add_subcommand("schedule", "Write what calls `run --continue` when a region's window opens");
  auto options = std::make_shared<ScheduleCommandOptions>();
  command->add_option("-f,--fleet", options->file, "The fleet file")->type_name("FILE")->required();
  command->add_option("--runbook", options->runbook, "Name of a runbook, or a file")->required();
  command->add_option("--region", options->regions, "Only this region (may be repeated); else all that have windows")->type_name("REGION");
  CLI::Option* systemd = command->add_option("--systemd", options->systemd,
                                             "Write a service and a timer for each region into this directory (- prints them)")->type_name("DIR");
  CLI::Option* cron = command->add_flag("--cron", options->cron, "Print lines for a crontab");
  systemd->excludes(cron);
  command->add_option("--user", options->user, "Of the service; you, without it");
  command->add_option("--directory", options->directory, "In which it is called; this one, without it")->type_name("DIR");
  command->add_option("--environment-file", options->environment_file, "With variables that the service needs, such as passwords; read if it is there")
      ->type_name("FILE");
  command->add_option("OPTIONS", options->rest, "After --: more options of `pgconvoy run`, such as --batch 50");
  command->footer(
      "Examples:\n"
      "  pgconvoy schedule -f fleet.yaml --runbook postgres-13-to-15 --systemd /etc/systemd/system --user pgconvoy -- --batch 50\n"
      "  pgconvoy schedule -f fleet.yaml --runbook postgres-13-to-15 --cron");
  add_globals(*command, invocation.globals, {"text"});
  command->callback([&invocation, options, systemd, cron] {
    if (systemd->count() + cron->count() == 0) throw CLI::RequiredError("--systemd DIR or --cron");
    invocation.action = [&invocation, options] { return schedule_command(invocation.globals, *options); };
  });
}

}  // namespace pgconvoy::cli

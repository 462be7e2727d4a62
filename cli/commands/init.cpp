#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iostream>

#include "cli/commands.hpp"
#include "cli/discovery.hpp"
#include "cli/planning.hpp"
#include "engine/fleet/ad_hoc.hpp"
#include "engine/fleet/file.hpp"
#include "engine/report/run_report.hpp"
#include "engine/report/text.hpp"
#include "runbooks/catalogue.hpp"

namespace pgconvoy::cli {
namespace {

struct InitOptions {
  std::string file = "fleet.yaml", source, target, glob = "*";
};

// From a person at a terminal; anybody else has options.
std::string asked(const char* question) {
  if (!stdin_is_terminal()) return {};
  write_error(fmt::format("{} ", question));
  std::string answer;
  std::getline(std::cin, answer);
  return answer;
}

// A runbook of its own when there is one for these versions, else the general one with its parameters.
std::string runbook_for(const std::string& source, const std::string& target) {
  const auto major = [](const std::string& service) { return service.substr(service.rfind('-') + 1); };
  const std::string own = fmt::format("postgres-{}-to-{}", major(source), major(target));
  return find_runbook(own) ? own : fmt::format("postgres-upgrade --set from={} --set to={}", source, target);
}

// Never over a file that is there: somebody may have completed it by hand.
Result<void> write_new_file(const std::string& path, const std::string& content) {
  FILE* const file = std::fopen(path.c_str(), "wxe");
  if (file == nullptr)
    return Error(errno == EEXIST ? ErrorKind::refused : ErrorKind::io, fmt::format("{}: {}", report::shown(path), std::strerror(errno)),
                 errno == EEXIST ? fmt::format("pgconvoy fleet discover -f {} shows what it lacks; -f NAME writes another file", report::shell_argument(path)) : "");
  const bool whole = std::fwrite(content.data(), 1, content.size(), file) == content.size();
  if (std::fclose(file) != 0 || !whole) return Error(ErrorKind::io, fmt::format("{} can't be written", report::shown(path)));
  return {};
}

Result<void> write_first_fleet(const GlobalOptions& globals, InitOptions options) {
  if (options.source.empty()) options.source = asked("The server to leave, such as postgresql://postgres@old:5432/postgres:");
  if (options.target.empty()) options.target = asked("The server to move to, such as postgresql://postgres@new:5432/postgres:");
  if (options.source.empty() || options.target.empty()) return Error(ErrorKind::usage, "which servers?", "pgconvoy init --source URL --target URL");
  TRY(Fleet fleet, ad_hoc_fleet(options.source, options.target, "source", "target"));
  Application application(globals.seams);
  TRY(const Discovered found, application.wait(discover(application.services(), std::move(fleet), options.glob, true)));
  TRY_VOID(write_new_file(options.file, fleet_to_yaml(found.fleet, found.bytes)));
  const std::string source = found.fleet.servers.at("source").service, target = found.fleet.servers.at("target").service;
  const auto major = [](const std::string& service) { return service.substr(service.rfind('-') + 1); };
  const std::string file = report::shell_argument(options.file), runbook = runbook_for(source, target);
  if (!globals.output.text()) {
    write_json(globals.output, {{"version", 1}, {"kind", "init"}, {"file", options.file}, {"databases", found.fleet.instances.size()}, {"runbook", runbook}});
    return {};
  }
  write_out(fmt::format("wrote {0}: {1} from PostgreSQL {2} to {3}\n\n"
                        "Each database has an environment without a controller: pgconvoy moves and verifies it, and a person sets the new address. Say in the file\n"
                        "how your applications are stopped and started, and that is done, too (docs/fleet.md).\n\nNext:\n"
                        "  pgconvoy doctor -f {4}\n  pgconvoy parity -f {4}\n  pgconvoy check  -f {4} --runbook {5}\n  pgconvoy plan   -f {4} --runbook {5}\n",
                        report::shown(options.file), report::count(static_cast<std::int64_t>(found.fleet.instances.size()), "database"), major(source), major(target), file,
                        runbook));
  return {};
}

}  // namespace

void add_init(CLI::App& app, Invocation& invocation) {
  CLI::App* command = app.add_subcommand("init", "Write a first fleet file from two servers");
  auto options = std::make_shared<InitOptions>();
  command->add_option("--source", options->source, "The server to leave (asked for, without it)")->type_name("URL");
  command->add_option("--target", options->target, "The server to move to (asked for, without it)")->type_name("URL");
  command->add_option("--database", options->glob, "Only databases with a matching name")->type_name("GLOB");
  command->add_option("-f,--fleet", options->file, "The file to write; one that is there is left alone")->type_name("FILE")->capture_default_str();
  add_globals(*command, invocation.globals);
  command->footer(
      "Examples:\n  pgconvoy init\n"
      "  pgconvoy init --source postgresql://postgres@old:5432/postgres --target postgresql://postgres@new:5432/postgres\n"
      "Passwords come from where libpq looks (PGPASSFILE, ~/.pgpass), never from the address. pgconvoy fleet discover does the same for more servers.");
  command->callback([&invocation, options] {
    invocation.action = [&invocation, options] {
      auto written = write_first_fleet(invocation.globals, *options);
      return written ? kSuccess : fail(invocation.globals.output, written.error());
    };
  });
}

}  // namespace pgconvoy::cli

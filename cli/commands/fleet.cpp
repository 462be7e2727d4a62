#include <fmt/format.h>

#include <map>
#include <set>

#include "cli/commands.hpp"
#include "cli/discovery.hpp"
#include "cli/planning.hpp"
#include "cli/show_report.hpp"
#include "engine/fleet/ad_hoc.hpp"
#include "engine/fleet/file.hpp"
#include "engine/fleet/nearest.hpp"
#include "engine/report/table.hpp"

namespace pgconvoy::cli {
namespace {

int validate(const GlobalOptions& globals, const std::string& file) {
  const LoadedFleet loaded = load_fleet(file);
  const Fleet& fleet = loaded.fleet;
  if (!globals.output.text()) {
    json document{{"version", 1}, {"kind", "fleet_validate"}, {"valid", loaded.problems.empty()}};
    document["problems"] = json::array();
    for (const FileProblem& problem : loaded.problems)
      document["problems"].push_back({{"line", problem.line}, {"column", problem.column}, {"message", problem.message}});
    write_json(globals.output, document);
    return loaded.problems.empty() ? kSuccess : kBadInput;
  }
  if (!loaded.problems.empty()) {
    write_error(format_problems(file, loaded.problems) + "\n");
    return kBadInput;
  }
  write_out(fmt::format("{} is good: {}, {}, {}, {}\n", report::shown(file),
                        report::count(static_cast<std::int64_t>(fleet.regions.size()), "region"),
                        report::count(static_cast<std::int64_t>(fleet.servers.size()), "server"),
                        report::count(static_cast<std::int64_t>(fleet.environments.size()), "environment"),
                        report::count(static_cast<std::int64_t>(fleet.instances.size()), "instance")));
  return kSuccess;
}

std::string fleet_text(const Fleet& fleet, const std::vector<Target>& targets, const report::Style& style) {
  report::Table servers({{"server", report::Align::left, true}, {"region"}, {"service", report::Align::left, true},
                         {"databases", report::Align::right}});
  for (const auto& [id, server] : fleet.servers) {
    std::int64_t databases = 0;
    for (const auto& [name, instance] : fleet.instances) databases += instance.server == id;
    servers.add({report::shown(id), report::shown(server.region), report::shown(server.service), std::to_string(databases)});
  }
  report::Table table({{"target", report::Align::left, true}, {"region"}, {"databases", report::Align::left, true},
                       {"server", report::Align::left, true}, {"state"}, {"application"}});
  for (const Target& target : targets) {
    std::string databases, places, states, controllers;
    const auto append = [](std::string& list, const std::string& one) {
      if (list.find(one) == std::string::npos) list += (list.empty() ? "" : ", ") + report::shown(one);
    };
    for (const std::string& id : target.instances) {
      const Instance& instance = fleet.instances.at(id);
      append(databases, instance.database);
      append(places, instance.server);
      append(states, instance.state);
    }
    for (const std::string& id : target.environments) append(controllers, fleet.environments.at(id).controller.kind);
    table.add({report::shown(target.id), report::shown(target.region), databases, places, states,
               controllers.empty() ? "-" : controllers});
  }
  return servers.text(style, text_width()) + "\n" + table.text(style, text_width()) +
         fmt::format("\n{}\n", report::count(static_cast<std::int64_t>(targets.size()), "target"));
}

// Regions and servers stay: they belong to no target.
Fleet part_of(Fleet fleet, const std::vector<Target>& targets) {
  std::set<std::string> environments, instances;
  for (const Target& target : targets) {
    environments.insert(target.environments.begin(), target.environments.end());
    instances.insert(target.instances.begin(), target.instances.end());
  }
  std::erase_if(fleet.environments, [&](const auto& entry) { return !environments.contains(entry.first); });
  std::erase_if(fleet.instances, [&](const auto& entry) { return !instances.contains(entry.first); });
  return fleet;
}

int show(const GlobalOptions& globals, const std::string& file, const Selection& selection) {
  auto fleet = read_fleet_file(file);
  if (!fleet) return fail(globals.output, fleet.error());
  auto targets = select_targets(*fleet, group_targets(*fleet), selection);
  if (!targets) return fail(globals.output, targets.error());
  if (!globals.output.text()) {
    json document{{"version", 1}, {"kind", "fleet"}, {"fleet", part_of(*fleet, *targets)}, {"targets", *targets}};
    write_json(globals.output, document);
    return kSuccess;
  }
  write_out(fleet_text(*fleet, *targets, globals.output.style()));
  return kSuccess;
}

struct DiscoverOptions {
  std::string file, source, target, glob = "*";
};

Result<Fleet> start_of_discovery(const DiscoverOptions& options) {
  if (!options.file.empty()) return read_fleet_file(options.file);
  if (options.source.empty()) return Error(ErrorKind::usage, "which servers?", "-f fleet.yaml, or --source URL --target URL");
  return ad_hoc_fleet(options.source, options.target, "source", "target");
}

int discover_command(const GlobalOptions& globals, const DiscoverOptions& options) {
  auto fleet = start_of_discovery(options);
  if (!fleet) return fail(globals.output, fleet.error());
  const std::size_t before = fleet->instances.size();
  Application application(globals.seams);
  auto found = application.wait(discover(application.services(), *std::move(fleet), options.glob, options.file.empty()));
  if (!found) return fail(globals.output, found.error());
  if (globals.output.text()) {
    write_out(fleet_to_yaml(found->fleet, found->bytes));
    if (!globals.output.quiet)
      write_error(fmt::format("{} found that the fleet didn't have; redirect this into a file to keep it\n",
                              report::count(static_cast<std::int64_t>(found->fleet.instances.size() - before), "database")));
  } else {
    json document{{"version", 1}, {"kind", "fleet"}, {"fleet", found->fleet}, {"targets", group_targets(found->fleet)}};
    document["bytes"] = found->bytes;
    write_json(globals.output, document);
  }
  return kSuccess;
}

CLI::Option* add_file(CLI::App& command, std::string& file) {
  return command.add_option("-f,--fleet,FILE", file, "The fleet file")->type_name("FILE");
}

}  // namespace

void add_fleet_commands(CLI::App& app, Invocation& invocation) {
  CLI::App* group = app.add_subcommand("fleet", "The inventory: discover, show, validate");
  group->require_subcommand(1);

  CLI::App* discovery = group->add_subcommand("discover", "Write a fleet file from live servers");
  auto wanted = std::make_shared<DiscoverOptions>();
  CLI::Option* from = add_file(*discovery, wanted->file)->description("Look on the servers of this file, and keep what it says");
  CLI::Option* source = discovery->add_option("--source", wanted->source, "The server to leave")->type_name("URL")->excludes(from);
  CLI::Option* target = discovery->add_option("--target", wanted->target, "The server to move to")->type_name("URL")->excludes(from);
  source->needs(target);
  target->needs(source);
  discovery->add_option("--database", wanted->glob, "Only databases with a matching name")->type_name("GLOB");
  add_globals(*discovery, invocation.globals);
  discovery->footer(
      "Examples:\n"
      "  pgconvoy fleet discover --source postgresql://admin@old --target postgresql://admin@new > fleet.yaml\n"
      "  pgconvoy fleet discover -f fleet.yaml > fleet-new.yaml\n"
      "Applications aren't found: each database gets an environment with controller none, to be completed by hand.");
  discovery->callback(
      [&invocation, wanted] { invocation.action = [&invocation, wanted] { return discover_command(invocation.globals, *wanted); }; });

  CLI::App* showing = group->add_subcommand("show", "Servers and targets of a fleet file");
  auto file = std::make_shared<std::string>();
  auto selection = std::make_shared<Selection>();
  add_file(*showing, *file)->required();
  add_selection(*showing, *selection);
  add_globals(*showing, invocation.globals);
  showing->callback([&invocation, file, selection] {
    invocation.action = [&invocation, file, selection] { return show(invocation.globals, *file, *selection); };
  });

  CLI::App* validation = group->add_subcommand("validate", "Every problem of a fleet file, with line and column");
  auto validated = std::make_shared<std::string>();
  add_file(*validation, *validated)->required();
  add_globals(*validation, invocation.globals);
  validation->callback(
      [&invocation, validated] { invocation.action = [&invocation, validated] { return validate(invocation.globals, *validated); }; });
}

}  // namespace pgconvoy::cli

#include "cli/parse_problem.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "engine/fleet/nearest.hpp"

namespace pgconvoy::cli {
namespace {

struct Place {
  const CLI::App* command;
  std::string path = "pgconvoy";  // "pgconvoy fleet show"
};

// The deepest command that was recognised.
Place deepest(const CLI::App& app) {
  Place place{&app};
  for (;;) {
    const auto chosen = place.command->get_subcommands();
    if (chosen.empty()) return place;
    place.command = chosen.front();
    place.path += " " + place.command->get_name();
  }
}

std::vector<std::string> names_of_subcommands(const CLI::App& command) {
  std::vector<std::string> names;
  for (const CLI::App* child : command.get_subcommands([](const CLI::App*) { return true; })) names.push_back(child->get_name());
  return names;
}

std::vector<std::string> names_of_options(const CLI::App& command) {
  std::vector<std::string> names;
  for (const CLI::Option* option : command.get_options())
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  return names;
}

// The first argument that nothing knows; a value may follow an option, so this is asked only after a failed parse.
std::string unknown_in(const CLI::App& command, const std::vector<std::string>& arguments) {
  const auto options = names_of_options(command);
  for (const std::string& argument : arguments) {
    const std::string name = argument.substr(0, argument.find('='));
    if (name.starts_with("--") && std::find(options.begin(), options.end(), name) == options.end()) return name;
  }
  return {};
}

std::string suggestion(const std::string& wanted, const std::vector<std::string>& names) {
  const std::vector<std::string_view> views(names.begin(), names.end());
  return did_you_mean(wanted, views);
}

}  // namespace

Error no_such_command(const CLI::App& parent, const std::string& path, const std::string& word) {
  const auto children = names_of_subcommands(parent);
  if (children.empty())
    return Error(ErrorKind::usage, fmt::format("{} has no commands of its own, such as {}", path, in_quotes(word)), path + " --help");
  return Error(ErrorKind::usage, fmt::format("there is no command {} {}{}", path, in_quotes(word), suggestion(word, children)),
               fmt::format("there are: {}", fmt::join(children, ", ")));
}

Error explain(const CLI::App& app, const CLI::ParseError& problem, const std::vector<std::string>& arguments) {
  const Place place = deepest(app);
  const std::string help = place.path + " --help";
  const auto children = names_of_subcommands(*place.command);
  // A word where a command is expected is the mistake; its options are unknown only because it is.
  if (const auto rest = place.command->remaining(true); !children.empty() && !rest.empty() && !rest.front().starts_with('-'))
    return no_such_command(*place.command, place.path, rest.front());
  const std::string option = unknown_in(*place.command, arguments);
  // An option before a required positional is reported as a missing positional, and the other way round: say what is
  // certainly wrong first.
  if (!option.empty())
    return Error(ErrorKind::usage,
                 fmt::format("{} has no option {}{}", place.path, in_quotes(option), suggestion(option, names_of_options(*place.command))),
                 help);
  const bool missing = dynamic_cast<const CLI::RequiredError*>(&problem) != nullptr;
  const bool extra = dynamic_cast<const CLI::ExtrasError*>(&problem) != nullptr;
  if (!children.empty() && (missing || extra)) {
    return Error(ErrorKind::usage, fmt::format("{} what? There are: {}", place.path, fmt::join(children, ", ")), help);
  }
  if (extra) {
    const std::vector<std::string> rest = place.command->remaining(true);
    return Error(ErrorKind::usage, fmt::format("{}: {} is one argument too many", place.path, in_quotes(rest.empty() ? "" : rest.front())), help);
  }
  return Error(ErrorKind::usage, fmt::format("{}: {}", place.path, problem.what()), help);
}

}  // namespace pgconvoy::cli

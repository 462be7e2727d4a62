#include <fmt/format.h>

#include <filesystem>
#include <fstream>

#include "cli/commands.hpp"
#include "cli/completion.hpp"
#include "cli/man_page.hpp"
#include "cli/parse_problem.hpp"

namespace pgconvoy::cli {
namespace {

struct ManOptions {
  std::vector<std::string> command;
  std::string directory;
};

int complete(const CLI::App& app, const std::string& shell) {
  const auto pages = command_pages(app);
  write_out(shell == "bash" ? bash_completion(pages) : shell == "zsh" ? zsh_completion(pages) : fish_completion(pages));
  return kSuccess;
}

int write_all_pages(const Output& output, const std::vector<CommandPage>& pages, const std::string& directory) {
  std::error_code failure;
  std::filesystem::create_directories(directory, failure);
  for (const CommandPage& page : pages) {
    const auto path = std::filesystem::path(directory) / man_file_name(page);
    std::ofstream file(path, std::ios::trunc);
    file << man_page(page, pages);
    file.close();
    if (!file) return fail(output, Error(ErrorKind::io, "cannot write " + path.string()));
  }
  return kSuccess;
}

int manual(const CLI::App& app, const Output& output, const ManOptions& options) {
  const auto pages = command_pages(app);
  if (!options.directory.empty()) return write_all_pages(output, pages, options.directory);
  for (const CommandPage& page : pages)
    if (page.path == options.command) {
      write_out(man_page(page, pages));
      return kSuccess;
    }
  return fail(output, no_such_command(app, "pgconvoy", options.command.back()));
}

}  // namespace

// Hidden: packages call them, and people once.
void add_completion(CLI::App& app, Invocation& invocation) {
  CLI::App* completing = app.add_subcommand("completion", "Completion for a shell: bash, zsh or fish")->group("");
  auto shell = std::make_shared<std::string>();
  completing->add_option("SHELL", *shell, "bash, zsh or fish")->type_name("")->required()->check(CLI::IsMember({"bash", "zsh", "fish"}).description(""));
  completing->footer("Examples:\n  pgconvoy completion bash > ~/.local/share/bash-completion/completions/pgconvoy\n  source <(pgconvoy completion bash)");
  completing->callback([&app, &invocation, shell] { invocation.action = [&app, shell] { return complete(app, *shell); }; });

  CLI::App* reading = app.add_subcommand("man", "The manual page of a command, for man(1)")->group("");
  auto options = std::make_shared<ManOptions>();
  reading->add_option("COMMAND", options->command, "Such as fleet show; none: of pgconvoy itself")->type_name("");
  reading->add_option("--all", options->directory, "Write those of all commands into this directory")->type_name("DIR");
  reading->footer("Examples:\n  pgconvoy man run | man -l -\n  pgconvoy man --all /usr/local/share/man/man1");
  reading->callback([&app, &invocation, options] { invocation.action = [&app, &invocation, options] { return manual(app, invocation.globals.output, *options); }; });
}

}  // namespace pgconvoy::cli

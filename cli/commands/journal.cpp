#include <fmt/format.h>

#include "cli/commands.hpp"
#include "engine/journal/journal.hpp"
#include "engine/report/text.hpp"

namespace pgconvoy::cli {
namespace {

int verify(const GlobalOptions& globals) {
  auto journal = open_journal(globals, OpenMode::read_only);
  if (!journal) return fail(globals.output, journal.error());
  auto problems = (*journal)->verify();
  if (!problems) return fail(globals.output, problems.error());
  if (globals.output.text()) {
    for (const std::string& problem : *problems) write_out(report::shown(problem) + "\n");
    const report::Style style = globals.output.style();
    write_out(problems->empty() ? style.good("the journal is sound: every chain, every projection\n")
                                : style.bad(fmt::format("{} found; nothing was changed\n",
                                                        report::count(static_cast<std::int64_t>(problems->size()), "problem"))));
  } else {
    write_json(globals.output, {{"version", 1}, {"kind", "journal_verify"}, {"problems", *problems}});
  }
  return problems->empty() ? kSuccess : kSomeFailed;
}

}  // namespace

void add_journal(CLI::App& app, Invocation& invocation) {
  CLI::App* group = app.add_subcommand("journal", "The journal itself");
  group->require_subcommand(1);
  CLI::App* command = group->add_subcommand("verify", "Fold all events again and compare with what is stored. Changes nothing");
  add_globals(*command, invocation.globals);
  command->callback([&invocation] { invocation.action = [&invocation] { return verify(invocation.globals); }; });
}

}  // namespace pgconvoy::cli

#include <fmt/format.h>

#include "cli/commands.hpp"
#include "cli/commands/run_intent.hpp"
#include "cli/open_run.hpp"
#include "cli/show_report.hpp"
#include "engine/plan/run_settings.hpp"
#include "engine/report/table.hpp"
#include "engine/report/text.hpp"

namespace pgconvoy::cli {
namespace {

struct SetOptions {
  std::vector<std::string> words;  // RUN, when the first one has no "=", and NAME=VALUE
  std::string reason;
};

Result<void> can_be_set(const RunRecord& run, const std::string& which) {
  if (run.state == RunState::planned || run.state == RunState::running || run.state == RunState::halted) return {};
  return Error(ErrorKind::refused, fmt::format("{} is over: there is nothing to change any more", run.name),
               fmt::format("pgconvoy status {}", which));
}

// Checked against what holds now, in their order.
Result<RunOptions> changed(RunOptions options, const json& changes) {
  for (const auto& [name, value] : changes.items()) TRY_VOID(change(options, name, value.get<std::string>()));
  return options;
}

int show(const Output& output, const RunRecord& run, const RunOptions& options, bool alive, const RunOptions* before = nullptr) {
  if (!output.text()) {
    json document{{"version", 1}, {"kind", "settings"}, {"run", run.name}, {"alive", alive}, {"changed", before != nullptr}, {"settings", json::object()}};
    for (const RunSetting& setting : run_settings()) document["settings"][setting.name] = value_of(options, setting.name);
    write_json(output, document);
    return kSuccess;
  }
  if (before) {
    std::string text;
    for (const RunSetting& setting : run_settings())
      if (const std::string was = value_of(*before, setting.name), is = value_of(options, setting.name); was != is)
        text += fmt::format("{}: {} {}, was {}\n", run.name, setting.name, report::shown(is.empty() ? "none" : is), report::shown(was.empty() ? "none" : was));
    if (text.empty()) text = fmt::format("{}: that is as it was\n", run.name);
    if (!alive) text += fmt::format("no process is at work on {}: it holds as soon as one is\n", run.name);
    write_out(text);
    return kSuccess;
  }
  report::Table table({{"setting"}, {"value"}, {"what it is"}});
  for (const RunSetting& setting : run_settings())
    table.add({setting.name, report::shown(value_of(options, setting.name)), fmt::format("{} ({})", setting.summary, setting.form)});
  write_out(table.text(output.style(), text_width()));
  return kSuccess;
}

int set(const GlobalOptions& globals, SetOptions options) {
  const Output& output = globals.output;
  RunArgument argument;
  if (!options.words.empty() && options.words.front().find('=') == std::string::npos) {
    argument.run = options.words.front();
    options.words.erase(options.words.begin());
  }
  auto changes = split_pairs("", options.words);
  if (!changes) return fail(output, Error(ErrorKind::usage, fmt::format("{} is not of the form NAME=VALUE", report::shown(options.words.front())),
                                          "pgconvoy set r7 concurrency=8; pgconvoy set r7 shows what can be changed"));
  auto journal = open_journal(globals, changes->empty() ? OpenMode::read_only : OpenMode::read_write);
  if (!journal) return fail(output, journal.error());
  auto id = find_run(**journal, argument.run, Unnamed::latest_unfinished);
  if (!id) return fail(output, id.error());
  auto run = (*journal)->run(*id);
  if (!run) return fail(output, run.error());
  auto rollout = report::read_rollout(**journal, *run);
  if (!rollout) return fail(output, rollout.error());
  if (changes->empty()) return show(output, *run, rollout->options, true);
  if (auto possible = can_be_set(*run, run->name + globals.journal_option()); !possible) return fail(output, possible.error());
  auto after = changed(rollout->options, *changes);
  if (!after) return fail(output, after.error());
  if (auto told = journal_word(**journal, *id, EventKind::limits_set, {{"changes", *changes}}, options.reason); !told)
    return fail(output, told.error());
  return show(output, *run, *after, !(*journal)->lock_run(*id), &rollout->options);
}

}  // namespace

void add_set(CLI::App& app, Invocation& invocation) {
  CLI::App* command = app.add_subcommand("set", "Change limits of a run, also while it runs; without NAME=VALUE: show them");
  auto options = std::make_shared<SetOptions>();
  command->add_option("RUN NAME=VALUE", options->words, "r7, or 7 (the latest unfinished one when left out), and what to change")->type_name("");
  command->add_option("--reason", options->reason, "Kept in the journal")->type_name("TEXT");
  add_globals(*command, invocation.globals);
  command->footer("Examples:\n  pgconvoy set r7 concurrency=8 concurrency-per-region=4\n  pgconvoy set r7 throttle-when='active>50' max-failures=2%\n"
                  "  pgconvoy set r7\n"
                  "It holds from the next decision on, within a second. What is in flight goes on, also when a limit is lower now.");
  command->callback([&invocation, options] { invocation.action = [&invocation, options] { return set(invocation.globals, *options); }; });
}

}  // namespace pgconvoy::cli

#include <fmt/format.h>

#include "cli/commands.hpp"
#include "cli/open_run.hpp"
#include "cli/operator_name.hpp"
#include "cli/target_event.hpp"
#include "engine/journal/step_path.hpp"
#include "engine/plan/verification.hpp"
#include "engine/report/run_report.hpp"
#include "engine/report/text.hpp"
#include "engine/run/target_runner.hpp"
#include "operations/verify_after_pivot.hpp"

namespace pgconvoy::cli {
namespace {

// Databases whose contents were never compared: their old ones wait for this.
Result<std::vector<Event>> what_was_only_counted(const OpenedRun& opened, const TargetRecord& target, const std::string& reason) {
  TRY(const std::vector<Obligation> obligations, opened.journal->obligations(true));
  const std::string begin = acceptance_id(opened.record.id, target.number, "");
  std::vector<Event> events;
  for (const Obligation& obligation : obligations)
    if (obligation.kind == kAcceptVerification && obligation.id.starts_with(begin))
      events.push_back(target_event(target, EventKind::obligation_done,
                                    {{"id", obligation.id}, {"detail", fmt::format("accepted by {}: {}", operator_name(), reason)}}));
  return events;
}

// The step that found a difference: its outcome is a person's word now, and the way goes on after it.
std::vector<Event> what_was_different(const TargetRecord& target, const std::string& reason) {
  std::vector<Event> events;
  if (target.state != TargetState::stuck) return events;
  for (const auto& [path, step] : target.steps) {
    if (step.status == StepStatus::succeeded || step.status == StepStatus::undone || !step.error.is_object()) continue;
    if (!is_late_difference(operation_of(path), error_from_json(step.error))) continue;
    json accepted = accepted_difference(fmt::format("{}: {}; {}", operator_name(), reason, step.error.value("message", "")));
    events.push_back(target_event(target, EventKind::target_resolved,
                                  {{"step", path}, {"as", "done"}, {"reason", reason}, {"by", operator_name()}, {"outcome", std::move(accepted)}}));
  }
  return events;
}

int accept_target(const GlobalOptions& globals, const RunArgument& argument, const std::string& reason) {
  const Output& output = globals.output;
  if (reason.find_first_not_of(" \t") == std::string::npos)
    return fail(output, Error(ErrorKind::usage, "--reason is empty: it is kept in the journal", "--reason \"compared by hand, ticket 4711\""));
  auto opened = open_run(globals, argument, OpenMode::read_write);
  if (!opened) return fail(output, opened.error());
  // A process at work on the run would not know what is journaled beside it.
  if (auto locked = lock_run(*opened->journal, globals, opened->record.id); !locked) return fail(output, locked.error());
  auto target = opened->journal->target(opened->record.id, *opened->only.begin());
  if (!target) return fail(output, target.error());
  auto counted = what_was_only_counted(*opened, *target, reason);
  if (!counted) return fail(output, counted.error());
  const std::vector<Event> different = what_was_different(*target, reason);
  const std::string which = fmt::format("{} {}{}", opened->record.name, report::shell_argument(target->id), globals.journal_option());
  if (counted->empty() && different.empty())
    return fail(output, Error(ErrorKind::refused, fmt::format("nothing of {} waits to be accepted: it is {}", target->id, to_string(target->state)),
                              "pgconvoy status " + which));
  const std::size_t only_counted = counted->size();
  std::vector<Event> events = *std::move(counted);
  events.insert(events.end(), different.begin(), different.end());
  if (auto written = opened->journal->append(events); !written) return fail(output, written.error());
  std::vector<std::string> commands;
  if (!different.empty()) commands.push_back("pgconvoy retry " + which);
  if (!output.text()) {
    write_json(output, {{"version", 1}, {"kind", "accept"}, {"target", target->id}, {"only_counted", only_counted}, {"different", different.size()},
                        {"reason", reason}, {"commands", commands}});
    return kSuccess;
  }
  std::string text = different.empty() ? fmt::format("{} of {} is accepted as verified by counts; when its retention is over, pgconvoy cleanup{} drops the old database\n",
                                                     report::count(static_cast<std::int64_t>(only_counted), "database"), report::shown(target->id), globals.journal_option())
                                       : fmt::format("{} is accepted as it is, which is kept in the journal; it stays stuck until it is retried\n", report::shown(target->id));
  for (const std::string& command : commands) text += fmt::format("{} {}\n", output.style().bold("next:"), command);
  write_out(text);
  return kSuccess;
}

}  // namespace

void add_accept(CLI::App& app, Invocation& invocation) {
  CLI::App* command = app.add_subcommand("accept", "Accept a target whose contents were never compared, or were found different after the pivot");
  auto argument = std::make_shared<RunArgument>();
  auto reason = std::make_shared<std::string>();
  add_run_argument(*command, *argument, true, true);
  command->get_option("TARGET")->required();
  command->add_option("--reason", *reason, "Kept in the journal")->type_name("TEXT")->required();
  add_globals(*command, invocation.globals);
  command->footer(
      "Examples:\n"
      "  pgconvoy accept r7 crm-live --reason 'the snapshot was lost; compared the ledger by hand'\n"
      "  pgconvoy accept r7 crm-live --reason 'rows 17 and 18 copied again, ticket 4711'\n"
      "Nothing is changed outside the journal. Until then the old database is kept, fenced and complete, whatever its retention says.");
  command->callback([&invocation, argument, reason] {
    invocation.action = [&invocation, argument, reason] { return accept_target(invocation.globals, *argument, *reason); };
  });
}

}  // namespace pgconvoy::cli

#include "cli/open_run.hpp"

#include <fmt/format.h>

#include "engine/fleet/nearest.hpp"

namespace pgconvoy::cli {

Result<int> find_target(const std::vector<TargetRecord>& targets, const std::string& run, const std::string& id) {
  std::vector<std::string_view> ids;
  for (const TargetRecord& target : targets) {
    if (target.id == id) return target.number;
    ids.push_back(target.id);
  }
  return Error(ErrorKind::not_found, fmt::format("{} has no target {}{}", run, in_quotes(id), did_you_mean(id, ids)),
               fmt::format("pgconvoy status {} -v lists them", run));
}

Result<OpenedRun> open_run(const GlobalOptions& globals, const RunArgument& argument, OpenMode mode, Unnamed unnamed) {
  OpenedRun opened;
  TRY(opened.journal, open_journal(globals, mode));
  TRY(const std::int64_t id, find_run(*opened.journal, argument.run, unnamed));
  TRY(opened.record, opened.journal->run(id));
  TRY(opened.plan, load_plan(*opened.journal, opened.record));
  if (!argument.target.empty()) {
    TRY(const std::vector<TargetRecord> targets, opened.journal->targets(id, false));
    TRY(const int number, find_target(targets, opened.record.name, argument.target));
    opened.only.insert(number);
  }
  return opened;
}

Result<void> lock_run(Journal& journal, const GlobalOptions& globals, std::int64_t run) {
  auto locked = journal.lock_run(run);
  if (locked || locked.error().kind != ErrorKind::refused) return locked;
  Error held = std::move(locked).error();
  held.remedy = fmt::format("pgconvoy status r{0}{1} shows how far it is; pgconvoy pause r{0}{1}, or Ctrl-C there, lets it end", run,
                            globals.journal_option());
  return held;
}

}  // namespace pgconvoy::cli

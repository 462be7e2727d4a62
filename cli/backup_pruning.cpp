#include "cli/backup_pruning.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "cli/open_run.hpp"
#include "cli/target_event.hpp"
#include "engine/core/host.hpp"
#include "engine/report/text.hpp"
#include "operations/backup_programs.hpp"
#include "operations/private_files.hpp"

namespace pgconvoy::cli {
namespace {

std::string prune_id(const BackupRecord& backup) {
  return fmt::format("r{}/t{}/delete_backup/{}", backup.run, backup.target, std::filesystem::path(backup.file).filename().string());
}

// Begun by a prune that did not come to its end.
bool is_begun(const BackupRecord& backup, const std::vector<Obligation>& obligations) {
  return std::any_of(obligations.begin(), obligations.end(), [id = prune_id(backup)](const Obligation& obligation) {
    return obligation.id == id && obligation.state == "open";
  });
}

bool waits_for_drop(const BackupRecord& backup, const std::vector<Obligation>& obligations) {
  const std::string id = fmt::format("r{}/t{}/drop_source/{}", backup.run, backup.target, backup.instance);
  return std::any_of(obligations.begin(), obligations.end(),
                     [&id](const Obligation& obligation) { return obligation.id == id && obligation.state == "open"; });
}

bool is_newest(const BackupRecord& backup, const std::vector<BackupRecord>& all) {
  return std::none_of(all.begin(), all.end(), [&backup](const BackupRecord& other) {
    return other.state == "kept" && other.instance == backup.instance && other.created > backup.created;
  });
}

// What only this host knows: can it be removed from here?
std::string why_out_of_reach(const BackupRecord& backup, const BackupPolicy& policy) {
  const BackupFile details = details_of(backup);
  std::error_code ignored;
  const bool here = std::filesystem::exists(backup.file, ignored);
  if (!here && !details.host.empty() && details.host != this_host())
    return fmt::format("its file is on host {}, this is {}: prune it there", details.host, this_host());
  if (!details.key.empty() && policy.remove.empty()) return "the fleet file names no program to remove it from the store (backups: remove)";
  return "";
}

Result<void> append_one(Journal& journal, Event event) {
  std::vector<Event> events;
  events.push_back(std::move(event));
  return journal.append(events);
}

Result<std::string> remove_all(Application& application, const BackupPolicy& policy, const BackupRecord& backup) {
  const BackupFile details = details_of(backup);
  std::string outcome = "removed";
  if (!details.key.empty()) {
    BackupProgramCall call{"remove", policy.remove, details.key, "", "", 0, std::nullopt};
    TRY_VOID(application.wait(call_backup_program(application.services().processes, std::move(call))));
    outcome = "removed, from the store too";
  }
  std::error_code ignored;
  if (!std::filesystem::exists(backup.file, ignored)) outcome = details.key.empty() ? "its file was gone already" : "removed from the store; its file was gone already";
  TRY_VOID(remove_file(backup.file));
  if (details.encrypted) TRY_VOID(remove_file(details.working_file));
  std::filesystem::remove(std::filesystem::path(backup.file).parent_path(), ignored);  // of the run; only when it is empty
  return outcome;
}

Result<std::string> prune(Application& application, const GlobalOptions& globals, Journal& journal, const PruneOrder& order,
                          WallTime now, const BackupRecord& backup) {
  TRY_VOID(lock_run(journal, globals, backup.run));
  TRY(const TargetRecord target, journal.target(backup.run, backup.target));
  TRY(const std::vector<Obligation> obligations, journal.obligations(true));
  TRY(const std::vector<BackupRecord> all, journal.backups());
  const bool by_expiry = order.named.empty() && order.expired;
  const std::string kept = why_kept(backup, target, obligations, all, by_expiry ? std::optional<WallTime>(now) : std::nullopt);
  if (!kept.empty()) return Error(ErrorKind::refused, kept);
  TRY(const BackupPolicy policy, policy_for(journal, backup.run, order.fleet_file));
  const std::string id = prune_id(backup);
  if (!is_begun(backup, obligations)) {
    const BackupFile details = details_of(backup);
    Obligation intent;
    intent.id = id;
    intent.kind = "delete_backup";
    intent.due = format_utc(now);
    intent.data = {{"file", backup.file}, {"key", details.key}, {"instance", backup.instance}};
    TRY_VOID(append_one(journal, target_event(target, EventKind::obligation_made, json(intent))));
  }
  TRY(const std::string outcome, remove_all(application, policy, backup));
  TRY_VOID(append_one(journal, target_event(target, EventKind::obligation_done, {{"id", id}, {"detail", outcome}})));
  return outcome;
}

}  // namespace

std::string why_kept(const BackupRecord& backup, const TargetRecord& target, const std::vector<Obligation>& obligations,
                     const std::vector<BackupRecord>& all, std::optional<WallTime> now) {
  switch (target.state) {
    case TargetState::pending:
    case TargetState::running:
    case TargetState::rolling_back:
    case TargetState::stuck:
      return fmt::format("{} is {}: its backups stay until it is finished", target.id, to_string(target.state));
    case TargetState::succeeded:
      if (waits_for_drop(backup, obligations)) return "its old database still waits for its drop: pgconvoy cleanup comes first";
      break;
    case TargetState::skipped:
    case TargetState::rolled_back:
      break;
  }
  if (!now || is_begun(backup, obligations)) return "";
  const std::string expires = details_of(backup).expires;
  if (expires.empty()) return "it has no retention: it goes only by name";
  if (*now < parse_utc(expires)) return "kept until " + report::day_and_time(expires);
  if (target.state != TargetState::succeeded && is_newest(backup, all))
    return fmt::format("{} was not moved, and this is the newest backup of {}: it goes only by name", target.id, backup.instance);
  return "";
}

Result<std::vector<Prunable>> find_prunable(Journal& journal, const PruneOrder& order, WallTime now) {
  TRY(const std::vector<BackupRecord> all, journal.backups());
  TRY(const std::vector<Obligation> obligations, journal.obligations(true));
  const std::vector<std::string> names = names_of(all);
  std::vector<BackupRecord> chosen;
  if (!order.named.empty()) {
    for (const std::string& name : order.named) {
      TRY(BackupRecord backup, find_backup(all, name));
      chosen.push_back(std::move(backup));
    }
  } else {
    std::int64_t run = 0;
    if (!order.run.empty()) {
      TRY(run, find_run(journal, order.run));
    }
    for (const BackupRecord& backup : all) {
      if (backup.state != "kept" || (run != 0 && backup.run != run)) continue;
      if (order.expired && details_of(backup).expires.empty() && !is_begun(backup, obligations)) continue;
      chosen.push_back(backup);
    }
  }
  const bool by_expiry = order.named.empty() && order.expired;
  std::map<std::int64_t, BackupPolicy> policies;
  std::vector<Prunable> result;
  for (BackupRecord& backup : chosen) {
    TRY(const TargetRecord target, journal.target(backup.run, backup.target));
    if (!policies.contains(backup.run)) {
      TRY(policies[backup.run], policy_for(journal, backup.run, order.fleet_file));
    }
    Prunable prunable;
    prunable.name = name_of(all, backup);
    prunable.kept_because = why_kept(backup, target, obligations, all, by_expiry ? std::optional<WallTime>(now) : std::nullopt);
    if (prunable.kept_because.empty()) prunable.kept_because = why_out_of_reach(backup, policies[backup.run]);
    prunable.backup = std::move(backup);
    result.push_back(std::move(prunable));
  }
  return result;
}

void carry_out(Application& application, const GlobalOptions& globals, Journal& journal, const PruneOrder& order, WallTime now,
               Prunable& prunable) {
  auto done = prune(application, globals, journal, order, now, prunable.backup);
  prunable.failed = !done;
  prunable.outcome = done ? *done : done.error().message;
  if (!done) print_error(globals.output, done.error());
}

}  // namespace pgconvoy::cli

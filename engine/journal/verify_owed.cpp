// The part of verify() that concerns obligations and backups: their events may stand in different chains, so they are
// folded in the order of the whole journal.
#include <fmt/format.h>

#include <map>
#include <tuple>

#include "engine/journal/describe.hpp"
#include "engine/journal/fold.hpp"
#include "engine/journal/verifier.hpp"

namespace pgconvoy {
namespace {

using BackupKey = std::tuple<std::int64_t, int, std::string, std::string>;

BackupKey key_of(const BackupRecord& backup) { return {backup.run, backup.target, backup.instance, backup.file}; }

struct Folded {
  std::map<std::string, StoredObligation> obligations;
  std::map<BackupKey, BackupRecord> backups;

  // "" or why the event can't be.
  std::string add(const Event& event, const std::string& target_id) {
    if (auto backup = backup_made(event)) {
      backup->target_id = target_id;
      backups[key_of(*backup)] = *backup;
    }
    if (!is_about_obligation(event.kind)) return {};
    std::optional<Obligation> known;
    const auto id = obligation_id(event);
    if (const auto found = obligations.find(id); found != obligations.end()) known = found->second.obligation;
    if (auto refusal = apply(known, event); !refusal.empty()) return refusal;
    StoredObligation& stored = obligations[id];
    stored.obligation = *known;
    if (event.kind == EventKind::obligation_made) {
      stored.run = event.run;
      stored.target = event.target;
    }
    if (const auto file = backup_file_deleted(*known, event))
      for (auto& [key, backup] : backups)
        if (backup.run == event.run && backup.file == *file) backup.state = "deleted";
    return {};
  }
};

}  // namespace

Result<void> JournalVerifier::check_obligations_and_backups() {
  Folded folded;
  TRY_VOID(store_.visit_owed([&](const StoredEvent& stored, const std::string& target_id) -> Result<void> {
    if (!stored.problem.empty()) return {};
    if (const auto refusal = folded.add(stored.event, target_id); !refusal.empty())
      problem(fmt::format("event {}: {}", stored.event.sequence, refusal));
    return {};
  }));

  TRY(const auto obligations, store_.read_obligations(false));
  for (const auto& stored : obligations) {
    const auto& obligation = stored.obligation;
    const auto name = fmt::format("obligation \"{}\"", obligation.id);
    const auto found = folded.obligations.find(obligation.id);
    if (found == folded.obligations.end()) {
      problem(name + ": there is a projection, but no event");
      continue;
    }
    for (const auto& line : differing_fields(describe(found->second.obligation), describe(obligation)))
      problem(name + ": " + line);
    if (found->second.run != stored.run || found->second.target != stored.target)
      problem(fmt::format("{}: it was made by r{}/t{}, its projection says r{}/t{}", name, found->second.run,
                          found->second.target, stored.run, stored.target));
    folded.obligations.erase(found);
  }
  for (const auto& [id, obligation] : folded.obligations)
    problem(fmt::format("obligation \"{}\": its projection is missing", id));

  TRY(const auto backups, store_.read_backups());
  for (const auto& backup : backups) {
    const auto name = fmt::format("backup \"{}\" of r{}/t{}", backup.file, backup.run, backup.target);
    const auto found = folded.backups.find(key_of(backup));
    if (found == folded.backups.end()) {
      problem(name + ": there is a projection, but no event");
      continue;
    }
    for (const auto& line : differing_fields(describe(found->second), describe(backup))) problem(name + ": " + line);
    folded.backups.erase(found);
  }
  for (const auto& [key, backup] : folded.backups)
    problem(fmt::format("backup \"{}\": its projection is missing", backup.file));
  return {};
}

}  // namespace pgconvoy

#include "cli/backup_files.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>

#include "cli/planning.hpp"
#include "engine/core/host.hpp"
#include "engine/fleet/nearest.hpp"

namespace pgconvoy::cli {

std::vector<std::string> names_of(const std::vector<BackupRecord>& backups) {
  std::map<std::string, std::vector<std::size_t>> of_instance;
  for (std::size_t i = 0; i < backups.size(); ++i)
    of_instance[fmt::format("r{}/{}", backups[i].run, backups[i].instance)].push_back(i);
  std::vector<std::string> names(backups.size());
  for (auto& [name, places] : of_instance) {
    std::stable_sort(places.begin(), places.end(),
                     [&](std::size_t left, std::size_t right) { return backups[left].created < backups[right].created; });
    for (std::size_t i = 0; i < places.size(); ++i) names[places[i]] = places.size() == 1 ? name : fmt::format("{}#{}", name, i + 1);
  }
  return names;
}

Result<BackupRecord> find_backup(const std::vector<BackupRecord>& backups, const std::string& wanted) {
  const BackupRecord* found = nullptr;
  const std::vector<std::string> names = names_of(backups);
  for (std::size_t i = 0; i < backups.size(); ++i) {
    const BackupRecord& backup = backups[i];
    if (names[i] == wanted || backup.file == wanted) {
      found = &backup;
      break;
    }
    // Without its number, of two the newer counts.
    const bool meant = backup.instance == wanted || fmt::format("r{}/{}", backup.run, backup.instance) == wanted;
    if (meant && (found == nullptr || backup.created >= found->created)) found = &backup;
  }
  if (found == nullptr) {
    const std::vector<std::string_view> views(names.begin(), names.end());
    return Error(ErrorKind::not_found, fmt::format("there is no backup {}{}", in_quotes(wanted), did_you_mean(wanted, views)),
                 "pgconvoy backups list");
  }
  if (found->state != "kept")
    return Error(ErrorKind::refused, fmt::format("the backup {} is {}: its file is gone", wanted, found->state), "pgconvoy backups list");
  return *found;
}

std::string name_of(const std::vector<BackupRecord>& backups, const BackupRecord& chosen) {
  const std::vector<std::string> names = names_of(backups);
  for (std::size_t i = 0; i < backups.size(); ++i)
    if (backups[i].file == chosen.file && backups[i].run == chosen.run) return names[i];
  return chosen.instance;
}

BackupFile details_of(const BackupRecord& backup) {
  BackupFile details;
  try {
    if (backup.details.is_object()) details = backup.details.get<BackupFile>();
  } catch (const json::exception&) {
    details = {};  // of another version; what every version says stands in the record
  }
  details.instance = backup.instance;
  details.server = backup.server;
  details.database = backup.database;
  details.file = backup.file;
  details.sha256 = backup.sha256;
  details.bytes = backup.bytes;
  if (!details.encrypted) details.working_sha256 = backup.sha256;
  return details;
}

std::string where_kept(const BackupRecord& backup) {
  const BackupFile details = details_of(backup);
  std::error_code ignored;
  const bool here = std::filesystem::exists(backup.file, ignored);
  const bool elsewhere = !here && !details.host.empty() && details.host != this_host();
  std::string where = here ? "this host" : elsewhere ? "host " + details.host : "";
  if (!details.key.empty()) where += where.empty() ? "store" : ", store";
  return where.empty() ? "nowhere: its file is gone" : where;
}

Result<BackupPolicy> policy_for(Journal& journal, std::int64_t run, const std::string& fleet_file) {
  if (!fleet_file.empty()) {
    TRY(const Fleet fleet, read_fleet_file(fleet_file));
    return fleet.backups;
  }
  TRY(const RunRecord record, journal.run(run));
  try {
    return plan_from_header(record.plan).fleet.backups;
  } catch (const json::exception& failure) {
    return Error(ErrorKind::corrupt, fmt::format("the plan of {} can't be read: {}", record.name, failure.what()),
                 "name the fleet file: -f fleet.yaml");
  }
}

}  // namespace pgconvoy::cli

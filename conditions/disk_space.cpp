#include "conditions/disk_space.hpp"

#include <fmt/format.h>

#include <charconv>
#include <map>

#include "conditions/moves.hpp"
#include "engine/core/bytes.hpp"

namespace pgconvoy {
namespace {

constexpr std::int64_t kMegabyte = 1024 * 1024;
// What a file system wants beside the data: room for the catalogue's growth, logs, and the archive's directory.
constexpr std::int64_t kBackupMargin = 64 * kMegabyte;

// A compressed archive holds tables and large objects and no indexes. It is a fraction of them for ordinary
// data, and about as large when the data is compressed already: that worst case is what we ask for. When only the
// size of the whole database is known, that is the bound.
std::int64_t backup_bound(const DatabaseFacts& database) {
  const std::int64_t data = database.table_bytes + database.large_object_bytes;
  return (data > 0 ? data : database.bytes) + kBackupMargin;
}

// The restored database is rarely larger than its source (no bloat), but is sorted into indexes through temporary
// files, and pages are filled anew: a fifth more.
std::int64_t restored_bound(const DatabaseFacts& database) { return database.bytes + database.bytes / 5; }

// WAL that the restore may leave behind before a checkpoint recycles it; pg_settings counts it in megabytes.
std::int64_t wal_bound(const ServerFacts& server) {
  const auto setting = server.settings.find("max_wal_size");
  std::int64_t megabytes = 1024;
  if (setting != server.settings.end())
    std::from_chars(setting->second.data(), setting->second.data() + setting->second.size(), megabytes);
  return megabytes * kMegabyte;
}

class DiskSpace final : public Condition {
 public:
  std::string name() const override { return "disk_space"; }
  std::string summary() const override {
    return "There is room for the backups in the backup directory and for the databases on the target server, and the "
           "backups' programs are there.";
  }

  ConditionPage page() const override {
    ConditionPage page;
    page.why = "A full disk stops the backup while the app is paused, or stops the target server with every "
                "database on it.";
    page.reads = "Sizes of tables, indexes and large objects, free bytes of the backup directory (nearest "
                  "existing parent) and of the target's data directory when it is on this host; the programs of "
                  "the backup policy.";
    page.silent = "Indexes are not in a dump, so they count on the target only. Free space of another host is not "
                   "known to PostgreSQL: it is said, not guessed.";
    page.remedies = "Make room, prune backups, name another directory, move a tablespace's worth of data beforehand.";
    page.sources = "Manual: pg_database_size, pg_table_size; statvfs.";
    return page;
  }

  std::vector<Finding> evaluate(const TargetFacts& facts, const json&) const override {
    std::vector<Finding> findings;
    examine_programs(facts.host, findings);
    std::int64_t backups = 0;
    std::map<std::string, std::int64_t> restored;  // by target server
    for (const Move& move : moves_of(facts)) {
      if (!move.database_known() || move.database.bytes == 0) {
        findings.push_back(not_known(name(), move, "its size, and so the room it needs"));
        continue;
      }
      backups += backup_bound(move.database);
      if (move.target_known()) restored[move.target.server] += restored_bound(move.database);
    }
    // What is restored from stays readable beside the encrypted file until the new database is verified.
    if (facts.host.backup_encrypted) backups *= 2;
    if (backups > 0) examine_backup(facts.host, backups, findings);
    for (const auto& [server, bytes] : restored) examine_server(facts.servers.at(server), bytes, findings);
    return findings;
  }

 private:
  void examine_programs(const HostFacts& host, std::vector<Finding>& findings) const {
    for (const std::string& program : host.missing_programs)
      findings.push_back({Severity::block, name(), "backup program " + program,
                          "it is not to be found, or not executable" + (host.name.empty() ? "" : " on host " + host.name),
                          "the backup would fail while the app is paused, or could not be read back",
                          "install it, or mend its path under backups: in the fleet file", false});
  }

  void examine_backup(const HostFacts& host, std::int64_t needed, std::vector<Finding>& findings) const {
    const std::string object = "backup directory " + host.backup_directory;
    const std::string remedy =
        "free space there (pgconvoy backups list, pgconvoy cleanup --dry-run), or name another directory";
    if (!host.backup_unusable_because.empty()) {
      findings.push_back({Severity::block, name(), object, host.backup_unusable_because,
                          "the backup would fail while the app is paused",
                          "make it a directory that we may write in, or name another with --backup-directory", false});
      return;
    }
    if (!host.backup_free_bytes) {
      findings.push_back({Severity::info, name(), object,
                          fmt::format("its free space is not known; up to {} are needed", format_bytes({needed})),
                          "a full disk stops the backup while the app is paused, and the target is undone",
                          "make the directory, readable and writable for us", false});
      return;
    }
    if (*host.backup_free_bytes < needed)
      findings.push_back(
          {Severity::block, name(), object,
           fmt::format("{} free, up to {} needed", format_bytes({*host.backup_free_bytes}), format_bytes({needed})),
           std::string("the bound is the size of tables and large objects: a compressed dump has no indexes and is "
                       "seldom larger") +
               (host.backup_encrypted ? ", and it is there twice until the new database is verified, readable and encrypted" : "") +
               ". A full disk stops the backup while the app is paused",
           remedy, false});
    else if (*host.backup_free_bytes < 2 * needed)
      findings.push_back({Severity::warn, name(), object,
                          fmt::format("{} free, up to {} needed for this target alone",
                                      format_bytes({*host.backup_free_bytes}), format_bytes({needed})),
                          "other targets write their backups there at the same time", remedy, false});
  }

  void examine_server(const ServerFacts& server, std::int64_t needed, std::vector<Finding>& findings) const {
    const std::string object = "server " + server.server;
    if (!server.free_bytes) {
      findings.push_back(
          {Severity::info, name(), object,
           fmt::format("its free space is not known; about {} are needed", format_bytes({needed})),
           "its data directory is on another host, or we may not read where it is; PostgreSQL has no function "
           "that tells",
           "look there with df on the data directory before the run", false});
      return;
    }
    const std::int64_t wal = wal_bound(server);
    const std::string evidence = fmt::format("{} free in its data directory, {} needed (1.2 times the source's size)",
                                             format_bytes({*server.free_bytes}), format_bytes({needed}));
    const std::string remedy =
        fmt::format("free or add space on the host of {}, or choose another target server", server.server);
    if (*server.free_bytes < needed)
      findings.push_back({Severity::block, name(), object, evidence,
                          "a full disk stops the restore, and every other database of that server with it", remedy,
                          false});
    else if (*server.free_bytes < needed + wal)
      findings.push_back({Severity::warn, name(), object,
                          evidence + fmt::format(", and up to {} of WAL (max_wal_size)", format_bytes({wal})),
                          "the restore writes WAL beside the data until a checkpoint recycles it", remedy, false});
  }
};

}  // namespace

std::unique_ptr<Condition> make_disk_space() { return std::make_unique<DiskSpace>(); }

}  // namespace pgconvoy

#include "conditions/wal_fits.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "conditions/moves.hpp"
#include "engine/core/bytes.hpp"
#include "engine/facts/wal_room.hpp"

namespace pgconvoy {
namespace {

// All that goes to one server.
struct Arriving {
  const Move* first = nullptr;
  std::int64_t bytes = 0;
};

class WalFits final : public Condition {
 public:
  std::string name() const override { return "wal_fits"; }
  std::string summary() const override { return "The target server can write, keep and pass on the WAL of a restore."; }
  std::vector<std::string> needs() const override { return {kWalRoomPart}; }

  ConditionPage page() const override {
    ConditionPage page;
    page.why = "A restore writes about as much WAL as the database is large. A server throws it away after a checkpoint, unless something "
               "still wants it: an archiver that fails, a replication slot that nobody receives from, wal_keep_size. Then all of it stays "
               "until the disk is full, and the server stops with every database on it. And a server that waits for a synchronous standby "
               "which isn't there answers no commit at all: the restore would hang, with the app paused.";
    page.reads = "Of the target server: pg_replication_slots, pg_stat_archiver, synchronous_standby_names and pg_stat_replication, "
                 "max_wal_size, wal_keep_size and max_slot_wal_keep_size; the size of the databases, and the free bytes of the target's data "
                 "directory when it is on this host.";
    page.silent = "Slots that are received from and aren't far behind; slots with a limit that a restore doesn't reach, and those that are "
                  "lost already. A directory of WAL on a disk of its own is taken for the data directory's. A source server "
                  "writes next to nothing during a move.";
    page.remedies = "Drop slots that nobody uses, mend the archiver, connect the standby or take it off synchronous_standby_names, make room.";
    page.sources = "Manual: Write Ahead Log, Replication (max_slot_wal_keep_size, wal_keep_size, synchronous_standby_names), "
                   "pg_replication_slots, Continuous Archiving.";
    return page;
  }

  std::vector<Finding> evaluate(const TargetFacts& facts, const json&) const override {
    const std::vector<Move> moves = moves_of(facts);
    std::map<std::string, Arriving> by_server;
    for (const Move& move : moves) {
      if (!move.target_known()) continue;
      Arriving& arriving = by_server[move.target.server];
      if (arriving.first == nullptr) arriving.first = &move;
      arriving.bytes += move.database.bytes;
    }
    std::vector<Finding> findings;
    for (const auto& [server, arriving] : by_server) {
      const auto room = part<WalRoomFact>(arriving.first->target.parts, kWalRoomPart);
      if (!room) {
        findings.push_back(not_known(name(), *arriving.first, kWalRoomPart));
        continue;
      }
      standbys(arriving.first->target, *room, findings);
      const bool kept = archiver(arriving, *room, findings);
      slots(arriving, *room, kept, findings);
    }
    return findings;
  }

 private:
  void standbys(const ServerFacts& server, const WalRoomFact& room, std::vector<Finding>& findings) const {
    if (!room.commits_wait || room.synchronous > 0) return;
    findings.push_back({room.sees_standbys ? Severity::block : Severity::info, name(), "server " + server.server,
                        fmt::format("synchronous_standby_names is {}, and {}", shown_name(room.synchronous_names),
                                    room.sees_standbys ? "no standby is connected that counts for it" : "we may not see which standbys are connected"),
                        "every commit waits for one: the restore would hang until its time is up",
                        fmt::format("connect the standby, or on {}: ALTER SYSTEM SET synchronous_standby_names = ''; SELECT pg_reload_conf()", server.server), false});
  }

  // True when all WAL of the restore is kept, and it was said.
  bool archiver(const Arriving& arriving, const WalRoomFact& room, std::vector<Finding>& findings) const {
    if (!room.archiver_fails) return false;
    return kept(arriving, "its archiver fails, so it keeps all WAL", "mend archive_command: the log of the server says why it fails", findings);
  }

  // Room for the data, and for the WAL of it beside. Where there is, target_is_backed_up says that the archiver fails.
  bool kept(const Arriving& arriving, const std::string& what, std::string remedy, std::vector<Finding>& findings) const {
    const ServerFacts& server = arriving.first->target;
    const std::int64_t needed = 2 * arriving.bytes;
    if (server.free_bytes && *server.free_bytes >= needed) return false;
    findings.push_back({server.free_bytes ? Severity::block : Severity::warn, name(), "server " + server.server,
                        fmt::format("{}; a restore writes about {} of it, {}", what, format_bytes({arriving.bytes}),
                                    server.free_bytes ? fmt::format("beside as much data, and {} are free", format_bytes({*server.free_bytes}))
                                                      : "and its free space isn't known"),
                        "WAL that is kept fills the disk, and the server stops with every database on it", std::move(remedy), false});
    return true;
  }

  void slots(const Arriving& arriving, const WalRoomFact& room, bool said, std::vector<Finding>& findings) const {
    const ServerFacts& server = arriving.first->target;
    std::vector<std::string> holding, endangered;
    for (const HeldSlot& slot : room.slots) {
      if (slot.lost || slot.held_bytes < 0) continue;
      const bool behind = slot.held_bytes > std::max(room.max_wal_bytes, room.keep_bytes);
      if (slot.active && !behind) continue;
      const std::string shown = fmt::format("{} ({}, {} behind)", shown_name(slot.name), slot.kind, format_bytes({slot.held_bytes}));
      if (room.slot_limit_bytes < 0)
        holding.push_back(shown);
      else if (slot.held_bytes + arriving.bytes > room.slot_limit_bytes)
        endangered.push_back(shown);
    }
    if (!holding.empty() && !said) {
      const std::string what = fmt::format("replication slots that nobody receives from, or not fast enough, keep its WAL: {}", shortened(holding));
      const std::string remedy = "if nobody needs a slot: SELECT pg_drop_replication_slot('...'); else start its receiver, or set max_slot_wal_keep_size";
      if (!kept(arriving, what, remedy, findings))
        findings.push_back({Severity::info, name(), "server " + server.server, what, "they keep the WAL of every restore; there is room for this one", remedy, false});
    }
    if (!endangered.empty())
      findings.push_back({Severity::warn, name(), "server " + server.server,
                          fmt::format("max_slot_wal_keep_size is {}, a restore writes about {} of WAL, and slots are behind: {}",
                                      format_bytes({room.slot_limit_bytes}), format_bytes({arriving.bytes}), shortened(endangered)),
                          "these slots would be lost: whoever receives from one has to be built anew",
                          "start their receivers before the move, or raise max_slot_wal_keep_size", false});
  }
};

}  // namespace

std::unique_ptr<Condition> make_wal_fits() { return std::make_unique<WalFits>(); }

}  // namespace pgconvoy

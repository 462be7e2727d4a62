#include "conditions/large_objects_fit_locks.hpp"

#include <fmt/format.h>

#include "conditions/moves.hpp"
#include "engine/facts/lock_needs.hpp"

namespace pgconvoy {
namespace {

// Others hold locks as well, and a lock table that is nearly full refuses them.
constexpr double kComfortable = 0.7;
// The lock table takes about a tenth more than its size, and what shared memory has to spare, which nobody can count on.
constexpr double kFull = 1.15;
// Every large object is an entry of its own in an archive, kept in memory by pg_dump and pg_restore.
constexpr int kManyLargeObjects = 1'000'000;

class LargeObjectsFitLocks final : public Condition {
 public:
  std::string name() const override { return "large_objects_fit_locks"; }
  std::string summary() const override {
    return "The lock tables of both servers have room for a dump and a comparison of the databases, and large objects are not too many.";
  }
  std::vector<std::string> needs() const override { return {kLockNeedsPart, kLockRoomPart}; }

  ConditionPage page() const override {
    ConditionPage page;
    page.why = "A dump is one transaction that holds a lock on every table, view and sequence until its end, and so is the comparison, on "
               "both servers. The lock table has room for max_locks_per_transaction times the processes that share it: beyond that a dump "
               "ends with \"out of shared memory\", and so may whatever else runs there. Large objects take no locks of their own, but each "
               "is an entry of the archive, which pg_dump and pg_restore until 16 keep in memory and make one by one.";
    page.reads = "The number of relations that are locked (pg_class), of large objects, and the settings that size the lock table.";
    page.silent = "Up to 70 % of the room; from there to 115 % it is a warning. Beyond, a dump may still succeed with what shared memory has to "
                  "spare, as long as nothing else needs it. Indexes, types and functions take no lock. What other databases of the server need at the same "
                  "time isn't added.";
    page.remedies = "Raise max_locks_per_transaction and restart the server; it costs about 270 bytes of shared memory a lock.";
    page.sources = "Manual: Lock Management (max_locks_per_transaction), Large Objects; release notes of 17 (pg_dump and large objects).";
    return page;
  }

  std::vector<Finding> evaluate(const TargetFacts& facts, const json&) const override {
    std::vector<Finding> findings;
    for (const Move& move : moves_of(facts)) {
      const auto needs = part<std::int64_t>(move.database.parts, kLockNeedsPart);
      if (!needs) {
        findings.push_back(not_known(name(), move, kLockNeedsPart));
        continue;
      }
      examine(move, move.source, *needs, findings);
      examine(move, move.target, *needs, findings);
      if (move.database.large_objects >= kManyLargeObjects)
        findings.push_back({Severity::warn, name(), move.object(), fmt::format("it has {} large objects", move.database.large_objects),
                            "pg_dump and pg_restore keep each as an entry in memory, about a kilobyte, and make one after the other: that takes hours "
                            "rather than minutes",
                            "remove those that no row names (vacuumlo), and rehearse the move to know its time", false});
    }
    return findings;
  }

 private:
  void examine(const Move& move, const ServerFacts& server, std::int64_t needs, std::vector<Finding>& findings) const {
    const auto room = part<LockRoomFact>(server.parts, kLockRoomPart);
    if (!room || room->locks <= 0 || static_cast<double>(needs) <= static_cast<double>(room->locks) * kComfortable) return;
    const bool full = static_cast<double>(needs) > static_cast<double>(room->locks) * kFull;
    const auto wanted = static_cast<std::int64_t>(static_cast<double>(needs) / kComfortable) / std::max(room->processes, 1) + 1;
    findings.push_back({full ? Severity::block : Severity::warn, name(), move.object(),
                        fmt::format("{} tables, views and sequences are locked at once; {} has room for {} locks (max_locks_per_transaction {} for each of "
                                    "{} processes)",
                                    needs, server.server, room->locks, room->max_locks_per_transaction, room->processes),
                        full ? "dump or comparison would end with \"out of shared memory\", with the app paused"
                             : "what else holds locks at that moment may be refused, or refuse the dump, with \"out of shared memory\"",
                        fmt::format("on {}: ALTER SYSTEM SET max_locks_per_transaction = {}, and restart it", server.server, wanted), false});
  }
};

}  // namespace

std::unique_ptr<Condition> make_large_objects_fit_locks() { return std::make_unique<LargeObjectsFitLocks>(); }

}  // namespace pgconvoy

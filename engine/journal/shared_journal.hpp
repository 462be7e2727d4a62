// What a journal that several processes share can do beyond the others: who works on which target, by leases on the
// server's clock. docs/journal.md, "Many workers".
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "engine/core/clock.hpp"
#include "engine/journal/journal.hpp"

namespace pgconvoy {

// A process that takes targets. Its id is never used twice.
struct WorkerIdentity {
  std::string id;  // "runner-1/4711/k3x9aq"
  std::string host;
  int pid = 0;
};
WorkerIdentity this_worker();

struct Lease {
  std::int64_t run = 0;
  int target = 0;
  int epoch = 0;
  std::string worker, host;
  int pid = 0;
  WallTime taken, until;  // by the server's clock
  bool valid = false;     // not past, by the server's clock
};

// What a worker chooses from: everything of one moment, and nobody else chooses meanwhile.
struct ClaimView {
  RunRecord run;                      // without plan and counts
  std::vector<Event> own_events;      // about the run itself, since the last look
  std::vector<TargetRecord> changed;  // about which something was written since then, without steps
  std::set<int> leased;               // whom somebody holds, who may be this process
  std::optional<Seconds> next_end;    // until the first lease of another process ends, unless it is renewed
  int others = 0;                     // processes that have joined the run, beside this one
  WallTime now;                       // by the server's clock
  std::int64_t seen = 0;              // everything up to this sequence was taken into account
};

struct ClaimChoice {
  std::vector<Event> events;  // to be written in any case
  std::vector<int> start;     // numbers to claim
  json joins = json::object();  // what else run_started says, when this is the worker's first claim
};

struct Claimed {
  int number = 0, epoch = 0;
  TargetState before = TargetState::pending;
  SteadyTime until;  // the lease's end, early rather than late
};

struct ClaimAnswer {
  ClaimView view;
  std::vector<Claimed> claimed;  // fewer than were chosen when another transaction is at one
  std::vector<Event> events;     // what was written: what was chosen, run_started at the first claim of a worker, claims
};

// Keeps the leases of one process alive from a thread and a connection of its own, and listens for what others do.
// Any thread may call.
class LeaseKeeper {
 public:
  virtual ~LeaseKeeper() = default;
  virtual const WorkerIdentity& worker() const = 0;
  virtual void hold(std::int64_t run, const Claimed& claimed) = 0;
  // Let go: others may claim it at once.
  virtual void release(std::int64_t run, int target) = 0;
  // The end of the lease as it is known to be renewed: nothing may be begun after it. Nothing: it is lost, another has it.
  virtual std::optional<SteadyTime> until(std::int64_t run, int target) = 0;
};

class SharedJournal : public Journal {
 public:
  // How long a call waits for a server that is away before it fails. Any thread.
  virtual void set_patience(Seconds patience) = 0;
  // A call that is waiting for the server's answer loses its connection instead. Any thread.
  virtual void cut_connection() = 0;

  // This process is at work on the run, beside other workers: lock_run() of others is refused until it has left.
  // Error refused when somebody has locked the run for himself.
  virtual Result<void> join_run(std::int64_t id) = 0;
  virtual void leave_run(std::int64_t id) = 0;
  // Other processes that have joined the run, or locked it.
  virtual Result<int> members(std::int64_t id) = 0;
  // Of the processes that have joined the run this one has been connected longest: what only one of them is to do is its part.
  virtual Result<bool> is_eldest(std::int64_t id) = 0;

  // Claims targets in one transaction: locks the run's lane, shows `choose` what there is (of what was written after the
  // sequence `seen`), takes what it chose with their epochs raised, and a lease of that length for each. `choose` is called
  // on this thread, again when the transaction was lost on its way.
  virtual Result<ClaimAnswer> claim(std::int64_t run, const WorkerIdentity& worker, Seconds life, std::int64_t seen,
                                    const std::function<ClaimChoice(const ClaimView&)>& choose) = 0;
  virtual Result<std::vector<Lease>> leases(std::int64_t run) = 0;  // by target

  // `changed` is called from another thread when something about a run was written, or a target let go.
  virtual std::unique_ptr<LeaseKeeper> keep_leases(const WorkerIdentity& worker, Seconds life, std::function<void()> changed) = 0;
};

// Null when this journal is one process's.
inline SharedJournal* shared(Journal& journal) { return dynamic_cast<SharedJournal*>(&journal); }

}  // namespace pgconvoy

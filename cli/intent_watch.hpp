// Notices what another process journals about the run that this one carries out: `pause` and `cancel`, `approve`, `set`,
// `skip` and `retry`.
//
// The kernel says when the journal's files are written, its server when a shared one is (poke()); a slow timer is there for
// what neither says. Only what this process did not write itself is read.
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "engine/journal/journal.hpp"
#include "engine/run/runner.hpp"

namespace pgconvoy::cli {

// What a run_intent says.
struct JournaledIntent {
  RunIntent intent = RunIntent::none;
  CancelMode mode = CancelMode::leave;  // of cancel
  std::string by;
};
JournaledIntent intent_in(const Event& event);
// The last one of a run. Reads all its events: blocking, and only when the run's record says that there is one.
Result<JournaledIntent> last_intent(Journal& journal, std::int64_t run);

class IntentWatch final : public RunListener {
 public:
  // Both are called on the loop's thread: `changed` for each intent that is journaled after this process has begun the run,
  // `heard` for it too, and for the other words: with whether it is this process's part to tell them on, when several are at
  // the run. Of these some from right before may come, too.
  IntentWatch(asio::io_context& loop, asio::thread_pool& pool, Journal& journal, std::string journal_uri, std::int64_t run,
              std::function<void(const JournaledIntent&)> changed, std::function<void(const Event&, bool tells)> heard = nullptr);
  ~IntentWatch() override;

  void journaled(const Event& event) override;
  void progressed(int, const std::string&, const Progress&) override {}
  // Begins to look, at what comes after that sequence; otherwise it begins a little before the first event that is journaled.
  void begin(std::int64_t seen);
  // Something was written. The loop's thread.
  void poke();
  // Looks no more. Returns when no look is under way: the journal may go then.
  Task<Result<void>> finish();

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace pgconvoy::cli

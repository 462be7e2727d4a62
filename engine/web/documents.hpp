// The documents of the API, out of a journal that is only read. docs/openapi.json describes them.
//
// Blocking. Any thread may call. Documents of a run's size come from few queries; what never changes (the plan) is read once.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "engine/journal/journal.hpp"
#include "engine/web/run_view.hpp"

namespace pgconvoy::web {

class Documents {
 public:
  // `alive`: is a process at work on the run now? Asked at most every few seconds. `journal_option`: for commands to be typed.
  Documents(std::unique_ptr<Journal> journal, std::string journal_option, std::function<bool(std::int64_t)> alive);

  // "r7", "7", or "latest". Errors usage, not_found.
  Result<std::int64_t> find(const std::string& text);

  Result<json> runs();
  // How it stands: totals, regions, waves, limits, what is waited for, what is left; without its targets.
  Result<json> run(std::int64_t id);
  // A row for each target, and the sequence up to which they are true.
  Result<json> targets(std::int64_t id);
  Result<json> target(std::int64_t id, int number);
  // `after` or `before` (0: the end) a sequence, of one target or (0) all.
  Result<json> events(std::int64_t id, std::int64_t after, std::int64_t before, int target, std::size_t limit);
  Result<json> plan(std::int64_t id);
  Result<json> forecast(std::int64_t id);

  // The id of a target. Error not_found.
  Result<std::string> id_of_target(std::int64_t id, int number);
  // Up to which sequence there is something: one small query when nothing has come since `known`.
  Result<std::int64_t> sequence(std::int64_t id, std::int64_t known);
  // What came after a sequence: log entries, and the rows of the targets that they are about.
  Result<json> changes(std::int64_t id, std::int64_t after);

  Journal& journal() { return *journal_; }

 private:
  struct Known {
    explicit Known(Journal& journal, std::int64_t run) : view(journal, run) {}
    RunView view;
    std::atomic<std::int64_t> sequence{-1};  // somebody has seen that there is something up to it
    std::mutex mutex;  // of the rest
    bool alive = false;
    std::chrono::steady_clock::time_point asked{};
    json document;
    std::int64_t document_at = -1;
    std::chrono::steady_clock::time_point made{};
  };

  std::shared_ptr<Known> known(std::int64_t id);
  bool is_alive(Known& known, std::int64_t id);
  json entry(Known& known, const Event& event) const;

  const std::unique_ptr<Journal> journal_;
  const std::string journal_option_;
  const std::function<bool(std::int64_t)> alive_;
  std::mutex mutex_;  // of the map
  std::map<std::int64_t, std::shared_ptr<Known>> runs_;
};

}  // namespace pgconvoy::web

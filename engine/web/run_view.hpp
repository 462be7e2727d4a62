// A run as the page shows it: what was planned, read once, and a short row for each target. Blocking; any thread.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "engine/journal/journal.hpp"

namespace pgconvoy::web {

// Names of a row's values, in their order. Times are milliseconds since 1970, null when there is none; durations seconds.
const std::vector<std::string>& row_columns();

// Why a target isn't well, in words that it shares with others that failed likewise: names in quotes and numbers are taken out. ""
// when it is well.
std::string cause_of(const json& reason);

class RunView {
 public:
  RunView(Journal& journal, std::int64_t run) : journal_(journal), run_(run) {}

  // What was planned of all targets; read at the first call, since it never changes.
  Result<void> load();
  // All targets, or those of these numbers. REQUIRES: load() succeeded.
  Result<json> rows();
  Result<json> rows(const std::set<int>& numbers);

  // Of the plan as a whole. REQUIRES: load() succeeded.
  json totals() const;
  // By condition, severity and cause, the worst and most frequent first: condition, severity, cause, why, remedy, targets (how many), ids.
  json causes() const;
  // What the check said of client libraries: cause, severity, targets.
  json clients() const;
  // The steps of the first target, for which they stand: path, operation, seconds, while_paused.
  const json& steps() const { return steps_; }
  std::size_t targets() const { return planned_.size(); }
  // "" for a number that no target has.
  std::string id_of(int number) const;

 private:
  struct Planned {
    double seconds = 0, p90 = 0, paused = 0, paused_p90 = 0;
    std::int64_t bytes = 0;
    std::string id, way;
    bool blocked = false;
  };
  struct Group {
    std::string condition, severity, cause, why, remedy;
    std::set<int> targets;
    std::vector<std::string> ids;
  };

  json row_of(const TargetRecord& record) const;
  void count_finding(const json& finding, int number, const std::string& id);

  Journal& journal_;
  const std::int64_t run_;
  std::vector<Planned> planned_;  // by number - 1
  std::map<std::string, Group> groups_;
  json steps_ = json::array();
  int databases_ = 0;
  std::mutex mutex_;  // of load(); afterwards nothing of the above changes
  bool loaded_ = false;
};

}  // namespace pgconvoy::web

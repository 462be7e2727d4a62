// How far the step of one target is: what the step says itself, what its server says, and what is known of its size,
// put together into one figure that never goes back, stays below its total until the step is done, and is the total then. Pure.
#pragma once

#include <cstdint>
#include <string>

#include "engine/run/step_context.hpp"

namespace pgconvoy {

// Of a database that is being made, at one moment: pg_stat_progress_copy (14), _create_index (12), _analyze (13).
struct ServerLook {
  std::int64_t database_bytes = 0;
  int copies = 0;                                    // COPY statements under way
  std::int64_t copied_bytes = 0, copied_rows = 0;    // by those
  int indexes = 0;                                   // being built
  double index_share = 0;                            // of those, done: 0..1
  std::string index_phase;                           // of one of them
  double analyze_share = -1;                         // of the table being sampled; -1: none is
};

// Of the source: what a restore will have made when it is done, about.
struct KnownSizes {
  std::int64_t table_bytes = 0, index_bytes = 0;
  int indexes = 0;
};

class TargetMeter {
 public:
  void begin(std::string step, std::string operation, KnownSizes sizes);
  const std::string& step() const { return step_; }
  const std::string& operation() const { return operation_; }

  // What the step says: its bytes and total are those of what it reads or writes, and may begin anew within a step.
  Progress said(const Progress& progress);
  // What its server says. REQUIRES: is_looked_at().
  Progress seen(const ServerLook& look);
  // The step is done. total_bytes 0: it never said how much there is.
  Progress done() const;

  // Does a look at the target's server say more than the step itself?
  bool is_looked_at() const;

  // What a dump writes for each byte of table, as seen of others; for the estimate of the next.
  void learn_dump(std::int64_t table_bytes, std::int64_t file_bytes);

 private:
  Progress told(double share);
  bool restores() const;
  double share_of_restore() const;

  std::string step_, operation_;
  KnownSizes sizes_;
  std::int64_t total_ = 0;
  double share_ = 0;           // the highest that was told
  double read_ = 0;            // of the archive: 0..1
  std::int64_t data_bytes_ = 0;  // of the new database, before its first index was built
  std::int64_t first_bytes_ = -1;
  ServerLook look_;
  std::string said_, seen_;  // in words: by the step, and at its server since then
  double dumped_for_byte_ = 0.3;
};

}  // namespace pgconvoy

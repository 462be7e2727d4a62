// Bytes of steps in flight, for whoever looks at a run from another process on the same machine. Progress isn't journaled: it stands in
// a small file beside a journal that is a file, JOURNAL.r7.progress, and only while somebody looks, which JOURNAL.r7.look says by its time
// of change. Both have mode 0600. Nothing depends on either: what can't be written or read is left out.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "engine/core/clock.hpp"
#include "engine/run/runner.hpp"

namespace pgconvoy::cli {

struct PassedOn {
  int target = 0;
  std::string step;
  Progress progress;
};

// At the side of the run. The loop's thread.
class PassedOnProgress final : public RunListener {
 public:
  // Of a journal on a server nothing is passed on.
  PassedOnProgress(const std::string& journal_uri, std::int64_t run);
  ~PassedOnProgress() override;
  void journaled(const Event& event) override;
  void progressed(int target, const std::string& step, const Progress& progress) override;
  bool watches_progress() const override;

 private:
  void write();

  std::string look_, file_;  // "": none
  std::map<int, PassedOn> latest_;
  SteadyTime written_{};
};

// At the side of whoever looks.
class ProgressLook {
 public:
  ProgressLook(const std::string& journal_uri, std::int64_t run);
  ~ProgressLook();
  // Says that somebody looks, and returns what was written since the last call. Cheap: it may be called several times a second.
  std::vector<PassedOn> look();

 private:
  std::string look_, file_;
  SteadyTime told_{};
  std::string seen_;
};

}  // namespace pgconvoy::cli

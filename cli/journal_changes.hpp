// Whether somebody has written to a journal since the last look, without reading it.
#pragma once

#include <string>
#include <vector>

#include "engine/core/clock.hpp"

namespace pgconvoy::cli {

class JournalChanges {
 public:
  explicit JournalChanges(const std::string& uri);
  // True the first time. Of a file: its size or time of change, or its write-ahead file's, is another one. Of a server, which nobody
  // tells us of: a second has passed.
  bool look();

 private:
  std::vector<std::string> files_;  // none: a server
  std::string seen_;
  SteadyTime asked_{};
};

}  // namespace pgconvoy::cli

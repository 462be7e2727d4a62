// What a journal that several processes share can do beyond the others.
#pragma once

#include <string>

#include "engine/core/clock.hpp"
#include "engine/journal/journal.hpp"

namespace pgconvoy {

class SharedJournal : public Journal {
 public:
  // Of the server that keeps it, which must be none of a run's; "" when the role may not know.
  virtual Result<std::string> system_identifier() = 0;

  // How long a call waits for a server that is away before it fails. Any thread.
  virtual void set_patience(Seconds patience) = 0;
};

// Null when this journal is one process's.
inline SharedJournal* shared(Journal& journal) { return dynamic_cast<SharedJournal*>(&journal); }

}  // namespace pgconvoy

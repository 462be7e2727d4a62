// The one writer of a process: coroutines hand in events and go on when theirs are durable. What is waiting is
// committed together (group commit). After a failed write the writer refuses everything: nothing goes on without
// its event.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "engine/core/error.hpp"
#include "engine/core/task.hpp"
#include "engine/journal/journal.hpp"

namespace pgconvoy {

class JournalWriter {
 public:
  // `listener` is called on the loop's thread for every event, after it is durable.
  JournalWriter(Journal& journal, asio::thread_pool& pool, std::function<void(const Event&)> listener);
  ~JournalWriter();

  Task<Result<void>> append(std::vector<Event> events);
  Task<Result<void>> append(Event event);
  // The same; gives the events back as they were written, with their sequences.
  Task<Result<std::vector<Event>>> append_and_return(std::vector<Event> events);

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace pgconvoy

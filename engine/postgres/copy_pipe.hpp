// What carries pieces of rows from a COPY OUT to a COPY IN: a few at a time, so that neither side runs ahead.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "engine/core/error.hpp"
#include "engine/core/task.hpp"

namespace pgconvoy {

// For two coroutines of one executor. Whoever ends says so: then nobody waits for it any more.
class CopyPipe {
 public:
  explicit CopyPipe(asio::any_io_executor executor);
  ~CopyPipe();
  CopyPipe(const CopyPipe&) = delete;
  CopyPipe& operator=(const CopyPipe&) = delete;

  // Waits for room. Error when the reader has ended.
  Task<Result<void>> put(std::string piece);
  // Waits for a piece; "" when the writer has ended well, its error when it has not.
  Task<Result<std::string>> take();

  void writer_ended(std::optional<Error> failure);
  void reader_ended();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace pgconvoy

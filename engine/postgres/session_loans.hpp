// Sessions that are used again by whoever asks next for the very same login, instead of a new one each time: for a new
// one the server forks a process, computes a password's hash and reads its catalogues anew.
//
// A session is handed on only after it was made as good as new (DISCARD ALL, every setting as asked), and only to the same
// role, database and server: rights never change from one use to the next. One that broke, was cancelled or was given back
// within a transaction is closed. Loop's thread only.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "engine/postgres/session.hpp"

namespace pgconvoy {

class SessionLoans {
 public:
  // `base`: settings that every session of these has from its start, whatever is asked for besides.
  SessionLoans(SessionFactory& factory, std::vector<std::pair<std::string, std::string>> base);
  ~SessionLoans();
  SessionLoans(const SessionLoans&) = delete;
  SessionLoans& operator=(const SessionLoans&) = delete;

  // As SessionFactory::open(); it comes back by being destroyed. Its own close() closes it for good.
  Task<Result<SessionPtr>> open(ConnectionSpec connection, SessionOptions options);

  struct Idle;

 private:
  SessionFactory& factory_;
  std::vector<std::pair<std::string, std::string>> base_;
  std::shared_ptr<Idle> idle_;
};

}  // namespace pgconvoy

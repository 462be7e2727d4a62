// Everything that the server answers: the page, the documents of the API, changes, metrics. No sockets here.
//
// The loop's thread; what reads the journal is on the pool.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "engine/web/access.hpp"
#include "engine/web/documents.hpp"
#include "engine/web/router.hpp"

namespace pgconvoy::web {

// What somebody asked for by a button.
struct Wish {
  std::string action;     // pause, resume, cancel, approve, set; of a target: skip, retry
  std::int64_t run = 0;
  std::string target;     // its id; "" when it is about the run
  json arguments = json::object();
};

struct SiteParts {
  std::shared_ptr<Documents> documents;
  AccessToken token;
  HostNames names;
  std::string journal;    // as it is shown: where it is, without secrets
  std::string host;
  // Carries it out as the command of that name does. Its value is what is said to the one who asked.
  std::function<Task<Result<json>>(Wish)> carry_out;
  // Text for a scraper, of the run that was started last; null: there is none in this program.
  std::function<Result<std::string>(Journal&)> metrics;
};

class Site {
 public:
  Site(asio::thread_pool& pool, SiteParts parts);

  const Router& router() const { return router_; }
  // Never fails: what goes wrong is an answer.
  Task<Response> answer(Request request) const;

 private:
  void add_documents();
  void add_changes();
  void add_files();
  void get(const std::string& pattern, std::function<Result<json>(Documents&, const Call&)> document);

  asio::thread_pool& pool_;
  const std::shared_ptr<const SiteParts> parts_;
  Router router_;
};

// What of an action's arguments is taken, by its name. Error usage for an action that there isn't, and for arguments that it doesn't take.
Result<Wish> wish_in(const std::string& action, bool of_target, const std::string& body);

}  // namespace pgconvoy::web

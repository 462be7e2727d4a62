// Which function answers which path. The list of routes is what docs/openapi.json describes; a test compares the two.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "engine/core/task.hpp"
#include "engine/web/message.hpp"

namespace pgconvoy::web {

// A request with what its path holds.
struct Call {
  Request request;
  std::map<std::string, std::string> path;   // "run" -> "r7"
  std::map<std::string, std::string> query;

  // A whole number of the query; `otherwise` when it isn't there. Error usage.
  Result<std::int64_t> number(const std::string& name, std::int64_t otherwise, std::int64_t most) const;
};

using Handler = std::function<Task<Response>(Call)>;

struct Route {
  std::string method;   // GET (HEAD goes with it), POST
  std::string pattern;  // "/api/v1/runs/{run}"
  bool changes = false; // needs the token
  Handler handler;
};

class Router {
 public:
  void add(Route route);
  const std::vector<Route>& routes() const { return routes_; }

  struct Match {
    const Route* route = nullptr;  // null: none
    bool other_method = false;     // there is one by another method
    Call call;
  };
  // Pure. The request is moved into the match.
  Match match(Request request, const Address& address) const;

 private:
  std::vector<Route> routes_;
  std::vector<std::vector<std::string>> patterns_;
};

}  // namespace pgconvoy::web

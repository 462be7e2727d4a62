// What a button of the web page does: the command of that name, run as somebody would have typed it, so that it refuses, journals
// and carries on by the same rules.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/core/task.hpp"
#include "engine/web/site.hpp"

namespace pgconvoy::cli {

// The words behind "pgconvoy". Error usage for a setting that there isn't. Pure.
Result<std::vector<std::string>> words_for(const web::Wish& wish, const std::string& journal_uri);

class WebActions {
 public:
  WebActions(std::string program, std::string journal_uri);
  ~WebActions();

  // Its value has `said`: the command's own answer, and `goes_on`: the id of a process that carries the run out now (resume, retry and
  // cancel where nobody was at work on it). That process is nobody's child: it goes on when this one ends. Error refused with what
  // the command said. The loop's thread.
  Task<Result<json>> carry_out(web::Wish wish);

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace pgconvoy::cli

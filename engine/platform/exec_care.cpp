// A program of the site that says whether a server is backed up and monitored.
#include <algorithm>

#include "engine/platform/exec_platform.hpp"

namespace pgconvoy {

ProgramRequest request_for_care(const Server& server, const std::string& verb) {
  ProgramRequest request = request_for(server, verb);
  request.program = server.care;
  return request;
}

const std::vector<std::string>& care_verbs() {
  static const std::vector<std::string> verbs{"care"};
  return verbs;
}

Task<Result<SiteCareFact>> ask_care(ProcessLauncher& launcher, Server server, ProgramLog log) {
  ProgramRequest request = request_for_care(server, "care");
  // Targets are looked at right before their pause: nobody waits long for this.
  request.program.limit = std::min<Seconds>(request.program.limit, kCareLimit);
  CO_TRY(const ProgramAnswer answer, co_await call_program(launcher, std::move(request), std::move(log)));
  SiteCareFact fact;
  CO_TRY(fact.backed_up, answer.truth("backed_up"));
  CO_TRY(fact.monitored, answer.truth("monitored"));
  fact.detail = answer.text_or("detail", "");
  co_return fact;
}

}  // namespace pgconvoy

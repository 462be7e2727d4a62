// The verbs of a pooler.
#include <fmt/format.h>

#include "cli/platform_doctor.hpp"

namespace pgconvoy::cli {
namespace {

constexpr Seconds kDrain{2};

Task<bool> is_as(PlatformProbe& probe, PoolerController& controller, Pooler pooler, std::string alias, std::string what, bool paused) {
  auto facts = co_await controller.inspect(pooler, alias);
  if (!probe.passed(what, facts)) co_return false;
  if (facts->known && facts->paused == paused) co_return true;
  probe.bad(what, "it said that it was done, but inspect doesn't say so", "answer when it is done, not when it was begun");
  co_return false;
}

Task<bool> test_changing_pooler(PlatformProbe& probe, PoolerController& controller, Pooler pooler, std::string alias,
                                std::string what, PoolerPlace place) {
  for (int time = 1; time <= 2; ++time) {
    auto paused = co_await controller.pause(probe.at_epoch(2, "pause"), pooler, alias, kDrain);
    if (!probe.passed(what + ": pause", paused)) co_return false;
    if (!co_await is_as(probe, controller, pooler, alias, what + ": pause", true)) co_return false;
  }
  probe.good(what + ": pause", "twice, and it is so");
  auto repointed = co_await controller.repoint(probe.at_epoch(2, "repoint"), pooler, alias, place);
  if (!probe.passed(what + ": repoint", repointed)) co_return false;
  auto after = co_await controller.place(pooler, alias);
  if (!probe.passed(what + ": repoint", after)) co_return false;
  if (!(*after == place)) {
    probe.bad(what + ": repoint", "afterwards it leads to another place than asked for", "");
    co_return false;
  }
  probe.good(what + ": repoint", "to where it led");
  auto lower = co_await controller.resume(probe.at_epoch(1, "resume"), pooler, alias);
  probe.judge_lower_epoch(what + ": lower epoch", lower);
  for (int time = 1; time <= 2; ++time) {
    auto resumed = co_await controller.resume(probe.at_epoch(2, "resume"), pooler, alias);
    if (!probe.passed(what + ": resume", resumed)) co_return false;
    if (!co_await is_as(probe, controller, pooler, alias, what + ": resume", false)) co_return false;
  }
  probe.good(what + ": resume", "twice, and it is so");
  co_return true;
}

}  // namespace

Task<void> test_pooler(PlatformProbe& probe, Pooler pooler, std::string alias, bool changes) {
  auto controller = make_exec_pooler(probe.services.processes, probe.log);
  const std::string what = fmt::format("pooler {}, alias {}", pooler.id, alias);
  auto facts = co_await controller->inspect(pooler, alias);
  if (!probe.passed(what + ": inspect", facts)) co_return;
  if (!facts->known) {
    probe.bad(what + ": inspect", "it doesn't know this alias", "correct the binding in the fleet file, or add the alias");
    co_return;
  }
  probe.good(what + ": inspect", fmt::format("leads to {}/{}{}", facts->leads_to, facts->database, facts->paused ? ", paused" : ""));
  auto place = co_await controller->place(pooler, alias);
  if (!probe.passed(what + ": place", place)) co_return;
  if (place->host + ":" + place->port != facts->leads_to || place->database != facts->database)
    probe.bad(what + ": place", "it says another place than inspect", "let both look in the same place");
  else
    probe.good(what + ": place", "as inspect says");
  auto nowhere = co_await controller->place(pooler, "pgconvoy_no_such_alias");
  if (nowhere || nowhere.error().kind != ErrorKind::not_found)
    probe.bad(what + ": place of an alias that isn't there",
              nowhere ? "it said a place" : fmt::format("refused with kind \"{}\", not \"not_found\"", to_string(nowhere.error().kind)), "");
  if (!changes) co_return;
  if (facts->paused) {
    probe.bad(what + ": changes", "not tested: it is paused", "resume it first");
    co_return;
  }
  if (co_await test_changing_pooler(probe, *controller, pooler, alias, what, *place)) co_return;
  auto resumed = co_await controller->resume(probe.at_epoch(3, "resume"), pooler, alias);
  if (!resumed) probe.bad(what + ": as before", resumed.error().message, "clients may be waiting: look at it now");
}

}  // namespace pgconvoy::cli

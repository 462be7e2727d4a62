#include "operations/held_places.hpp"

#include <fmt/format.h>

#include <array>

#include "engine/platform/places.hpp"
#include "operations/application_steps.hpp"

namespace pgconvoy {
namespace {

constexpr std::array<const char*, 4> kPlaceKeywords{"host", "hostaddr", "port", "dbname"};

// Host, port and database change; user and password of the app stay what they are.
ConnectionSpec moved(ConnectionSpec held, const ConnectionSpec& place) {
  for (const char* key : {"host", "hostaddr", "port", "dbname"}) {
    auto value = place.keywords.find(key);
    if (value == place.keywords.end())
      held.keywords.erase(key);
    else
      held.keywords[key] = value->second;
  }
  return held;
}

// One variable of a binding, as a binding of its own.
Binding only(const HeldPlace& held) {
  Binding single;
  single.instance = held.instance;
  single.variables[held.variable] = held.part;
  return single;
}

bool is_at_pooler(const StepContext& context, const Binding& binding, const std::string& address) {
  for (const auto& [pooler, alias] : binding.poolers)
    if (same_address(address_of(context.fleet().poolers.at(pooler)), address)) return true;
  return false;
}

// As pgbouncer's and a site's own poolers take it: what libpq leaves out is written out.
PoolerPlace pooler_place(const ConnectionSpec& place) {
  const auto keyword = [&place](const char* name) {
    const auto found = place.keywords.find(name);
    return found == place.keywords.end() ? std::string() : found->second;
  };
  const std::string host = keyword("host"), port = keyword("port");
  return {host.empty() ? keyword("hostaddr") : host, port.empty() ? "5432" : port, keyword("dbname")};
}

// Of each binding the variables that were set; user and password stay.
std::vector<std::pair<const Environment*, Binding>> bound_by(StepContext& context, const std::vector<HeldPlace>& held) {
  std::vector<std::pair<const Environment*, Binding>> bindings;
  for (const auto& [environment, binding] : context.bindings_of(context.instance().id)) {
    Binding changed;
    changed.instance = binding->instance;
    for (const HeldPlace& place : held)
      if (place.environment == environment->id && binding->variables.contains(place.variable))
        changed.variables[place.variable] = place.part;
    if (!changed.variables.empty()) bindings.emplace_back(environment, std::move(changed));
  }
  return bindings;
}

Binding whole(StepContext& context, const Environment& environment, const Binding& part) {
  for (const auto& [other, binding] : context.bindings_of(part.instance))
    if (other->id == environment.id && binding->variables.contains(part.variables.begin()->first)) return *binding;
  return part;
}

// Whether a variable, which holds but a part of a connection, holds that of `place`.
bool leads_there(const HeldPlace& each, const ConnectionSpec& now, const ConnectionSpec& place) {
  bool there = true;
  for (const char* keyword : kPlaceKeywords) {
    const auto found = now.keywords.find(keyword);
    const auto wanted = place.keywords.find(keyword);
    if (each.part == "url" || found != now.keywords.end())
      there &= (found == now.keywords.end() ? "" : found->second) == (wanted == place.keywords.end() ? "" : wanted->second);
  }
  return there;
}

Task<Result<int>> bind_all(StepContext& context, std::vector<HeldPlace> held, ConnectionSpec place) {
  int bound = 0;
  for (const auto& [environment, binding] : bound_by(context, held)) {
    AppController& controller = context.controller(*environment);
    // User and password come from the whole binding: they may have variables of their own.
    CO_TRY(ConnectionSpec now, co_await controller.read_binding(*environment, whole(context, *environment, binding)));
    ConnectionSpec wanted = moved(std::move(now), place);
    CO_TRY_VOID(co_await controller.write_binding(context.identity(), *environment, binding, wanted));
    ++bound;
  }
  co_return bound;
}

Task<Result<void>> must_lead_there(StepContext& context, std::vector<HeldPlace> held, ConnectionSpec place) {
  for (const HeldPlace& each : held) {
    const Environment& environment = context.fleet().environments.at(each.environment);
    AppController& controller = context.controller(environment);
    for (const SteadyTime until = shows_until(context);;) {
      CO_TRY(const ConnectionSpec now, co_await controller.read_binding(environment, only(each)));
      if (leads_there(each, now, place)) break;
      if (context.services.clock.steady() >= until)
        co_return not_as_claimed(environment, each.variable + " leads to the new database", "it leads elsewhere");
      co_await sleep_for(kShowsAgain);
    }
  }
  co_return Result<void>();
}

Task<Result<bool>> give_back(StepContext& context, HeldPlace held) {
  const Environment& environment = context.fleet().environments.at(held.environment);
  AppController& controller = context.controller(environment);
  const Binding binding = only(held);
  auto read = co_await controller.read_binding(environment, binding);
  if (!read && read.error().kind == ErrorKind::not_found) co_return false;  // somebody took it away since
  if (!read) co_return read.error();
  const ConnectionSpec now = *std::move(read);
  ConnectionSpec before = now;
  for (const char* keyword : kPlaceKeywords) {
    before.keywords.erase(keyword);
    if (const auto found = held.keywords.find(keyword); found != held.keywords.end()) before.keywords[keyword] = found->second;
  }
  if (before.keywords == now.keywords) co_return false;
  CO_TRY_VOID(co_await controller.write_binding(context.identity(), environment, binding, before));
  for (const SteadyTime until = shows_until(context);;) {
    CO_TRY(const ConnectionSpec written, co_await controller.read_binding(environment, binding));
    if (written.keywords == before.keywords) co_return true;
    if (context.services.clock.steady() >= until) break;
    co_await sleep_for(kShowsAgain);
  }
  co_return not_as_claimed(environment, held.variable + " leads to the old database again", "it leads elsewhere");
}

}  // namespace

Task<Result<std::vector<HeldPlace>>> places_held(StepContext& context) {
  std::vector<HeldPlace> places;
  const std::string id = context.instance().id;
  for (const auto& [environment, binding] : context.bindings_of(id)) {
    AppController& controller = context.controller(*environment);
    if (!controller.controls_application()) continue;
    CO_TRY(const auto leads_to, co_await places_of_variables(controller, *environment, *binding));
    for (const auto& [variable, part] : binding->variables) {
      if (part == "user" || part == "password") continue;  // they stay what they are
      const auto led = leads_to.find(variable);
      if (led != leads_to.end() && is_at_pooler(context, *binding, led->second.address())) continue;  // the alias changes
      HeldPlace held;
      held.environment = environment->id;
      held.instance = id;
      held.variable = variable;
      held.part = part;
      auto now = co_await controller.read_binding(*environment, only(held));
      if (!now && now.error().kind == ErrorKind::not_found) continue;  // not set: it stays so
      if (!now) co_return now.error();
      for (const char* keyword : kPlaceKeywords)
        if (const auto found = now->keywords.find(keyword); found != now->keywords.end()) held.keywords[keyword] = found->second;
      places.push_back(std::move(held));
    }
    if (leads_to.empty() && !binding->variables.empty())
      co_return Error(ErrorKind::not_found, fmt::format("no variable of environment {}'s binding to {} is set", environment->id, id),
                      "set them, or correct the binding in the fleet file");
  }
  co_return places;
}

Task<Result<std::vector<HeldAlias>>> aliases_held(StepContext& context) {
  std::vector<HeldAlias> aliases;
  for (const auto& [pooler, alias] : context.poolers_of(context.instance().id)) {
    CO_TRY(PoolerPlace place, co_await context.services.poolers.of(*pooler).place(*pooler, alias));
    aliases.push_back({pooler->id, alias, place.host, place.port, place.database});
  }
  co_return aliases;
}

Task<Result<int>> lead_variables(StepContext& context, std::vector<HeldPlace> held, ConnectionSpec place) {
  CO_TRY(const int bound, co_await bind_all(context, held, place));
  CO_TRY_VOID(co_await must_lead_there(context, held, place));
  co_return bound;
}

Task<Result<int>> lead_aliases(StepContext& context, std::vector<HeldAlias> aliases, ConnectionSpec place) {
  int led = 0;
  for (const HeldAlias& held : aliases) {
    const Pooler& pooler = context.fleet().poolers.at(held.pooler);
    CO_TRY_VOID(co_await context.services.poolers.of(pooler).repoint(context.identity(), pooler, held.alias, pooler_place(place)));
    ++led;
  }
  co_return led;
}

Task<Result<LedThere>> look_at_bindings(StepContext& context, std::vector<HeldPlace> held, ConnectionSpec place) {
  LedThere bound;
  for (const HeldPlace& each : held) {
    const Environment& environment = context.fleet().environments.at(each.environment);
    AppController& controller = context.controller(environment);
    CO_TRY(ConnectionSpec now, co_await controller.read_binding(environment, only(each)));
    ++bound.all;
    bound.there += leads_there(each, now, place);
  }
  co_return bound;
}

Task<Result<LedThere>> look_at_aliases(StepContext& context, std::vector<HeldAlias> aliases, ConnectionSpec place) {
  const PoolerPlace wanted = pooler_place(place);
  LedThere bound;
  for (const HeldAlias& held : aliases) {
    const Pooler& pooler = context.fleet().poolers.at(held.pooler);
    // What it does, not only what its file says: a crash may have come before the reload.
    CO_TRY(const PoolerFacts now, co_await context.services.poolers.of(pooler).inspect(pooler, held.alias));
    ++bound.all;
    bound.there += now.unreadable_because.empty() && now.known && now.database == wanted.database &&
                   now.leads_to == fmt::format("{}:{}", wanted.host.empty() ? "local" : wanted.host, wanted.port);
  }
  co_return bound;
}

Task<Result<int>> give_variables_back(StepContext& context, std::vector<HeldPlace> held) {
  int given_back = 0;
  for (const HeldPlace& each : held) {
    CO_TRY(const bool changed, co_await give_back(context, each));
    given_back += changed;
  }
  co_return given_back;
}

Task<Result<void>> give_aliases_back(StepContext& context, std::vector<HeldAlias> aliases) {
  for (const HeldAlias& held : aliases) {
    const Pooler& pooler = context.fleet().poolers.at(held.pooler);
    auto led = co_await context.services.poolers.of(pooler).repoint(context.identity(), pooler, held.alias, held.place());
    if (!led && led.error().kind != ErrorKind::not_found) co_return led.error();  // not there: somebody took it away since
  }
  co_return Result<void>();
}

}  // namespace pgconvoy
